"""What /metrics says, read by Prometheus' own programs."""

import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from Support.processes import ROOT

from .wire import fetch

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
FETCHED = ROOT / ".build/promtool"
PROMTOOL = shutil.which("promtool") or (str(FETCHED) if FETCHED.exists() else None)

needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="there is no promtool: 'packaging/dependencies test' fetches it"
)


def scrape(daemon, accept="*/*", **headers):
    return fetch(daemon.port, "GET", "/metrics", headers={"Accept": accept, **headers})


def families(daemon):
    """`{name: family}`, as OpenMetrics has them: names of counters without `_total`."""
    text = scrape(daemon, OPEN_METRICS).body.decode()
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def samples(daemon):
    """`{name: {label: its values}}` of the samples that there are."""
    found = {}
    for family in families(daemon).values():
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def promtool(*arguments, text=None):
    """What promtool says; it must be content."""
    done = subprocess.run(
        [PROMTOOL, *arguments], input=text, capture_output=True, timeout=60, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
