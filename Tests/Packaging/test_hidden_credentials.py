"""`deltad check` as a command of ExecReload=, from which systemd 252 hides the unit's credentials."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from Support.processes import DELTAD

NOBODY = 65534
CONFIGURATION = """{
  keys: [{ name: "carol", credential: "carol" }],
  upstreams: [
    { name: "u", kind: "openai", baseURL: "http://127.0.0.1/v1", key: { credential: "u" } },
  ],
  models: [{ id: "*", upstream: "u" }],
}"""


@pytest.fixture
def check():
    """Runs the check as a user who is not root, with credentials in a folder of this mode."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        # From where that user can run it.
        program = shutil.copy(DELTAD, folder / "deltad")
        (folder / "c.json5").write_text(CONFIGURATION)
        credentials = folder / "credentials"
        credentials.mkdir()
        other = {"user": NOBODY} if os.geteuid() == 0 else {}

        def check(mode):
            credentials.chmod(mode)
            return subprocess.run(
                [program, "check", "--config", folder / "c.json5"], capture_output=True, text=True,
                env={"CREDENTIALS_DIRECTORY": str(credentials)}, **other)

        yield check
        credentials.chmod(0o755)


def test_credentials_that_are_hidden_are_not_checked(check):
    result = check(0o000)
    assert (result.returncode, result.stderr) == (
        0, "warning: credentials are hidden here: they are not checked\n")
    assert "keys       carol" in result.stdout


def test_credentials_that_are_missing_are_a_mistake(check):
    result = check(0o755)
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        "keys[0].credential", "upstreams[0].key.credential"]
