"""Schemathesis asks whatever /openapi.json lets it, and what it should not: no answer is a 5xx, and
none has a status, a media type, a field of the head or a shape that is not documented.

It is a program of its own, in an environment of its own (Tests/python-env). What it asks is the
same each time; with the links of the document it goes on with the chats and streams that it began.
"""

import re
import subprocess

from Support.processes import ROOT

from .daemons import SECRETS

SCHEMATHESIS = ROOT / ".venv-schemathesis/bin/schemathesis"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
SETTINGS = {
    # It answers at once, and is never tired.
    "upstreams": [{"name": "demo", "kind": "demo", "pace": "0s"}],
    "models": [{"id": "demo", "upstream": "demo"}],
    "agents": [{"id": "agent_demo", "slug": "demo", "model": "demo"}],
    "widget": {"agent": "demo"},
    "keys": [
        {
            "name": "all",
            "environment": "DELTAD_KEY_ALICE",
            "apis": ["completions", "streams", "chats", "agents", "widget", "admin"],
        }
    ],
}
KEY = SECRETS["alice"]
PATIENCE = 60.0  # seconds


def test_whatever_is_asked_is_answered_as_documented(start, tmp_path):
    daemon = start(SETTINGS)
    fields = [f"X-API-Key: {KEY}", f"Authorization: Bearer {KEY}", f"x-admin-api-key: {KEY}"]
    command = [
        *[SCHEMATHESIS, "run", f"http://127.0.0.1:{daemon.port}/openapi.json", "--no-color"],
        # It has no end.
        *["--exclude-path", "/dashboard/events"],
        *["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "10"],
        *["--generation-deterministic", "--continue-on-failure", "--checks", ",".join(CHECKS)],
        *[part for field in fields for part in ("--header", field)],
    ]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    found = re.findall(r"^\S+ (?:warning|error) .*", daemon.log(), re.MULTILINE)
    assert found == []
