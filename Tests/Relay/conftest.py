"""A scripted model for the whole run, and daemons that have it as their upstream.

This folder is a package, so that its parts find each other and `Support` beside it.
"""

import copy
import itertools

import pytest
from Support.processes import Daemon, ScriptedModel

RUNNING = []


@pytest.fixture(scope="session")
def model():
    model = ScriptedModel()
    yield model
    model.stop()


@pytest.fixture(scope="module")
def start(model, tmp_path_factory):
    """Starts daemons; each must end with status 0 when the module's tests are over.

    `upstream` goes into the one upstream's settings, everything else into the configuration.
    """
    started = []

    def start(settings=(), upstream=(), environment=None):
        configuration = copy.deepcopy(dict(settings))
        configuration.setdefault("loops", 1)
        one = {"name": "scripted", "kind": "openai", "baseURL": model.base_url, **dict(upstream)}
        configuration.setdefault("upstreams", [one])
        configuration.setdefault("models", [{"id": "*", "upstream": "scripted"}])
        daemon = Daemon(configuration, tmp_path_factory.mktemp("deltad"), environment)
        started.append(daemon)
        RUNNING.append(daemon)
        return daemon

    yield start
    for daemon in started:
        RUNNING.remove(daemon)
        daemon.stop()


@pytest.fixture(scope="module")
def daemon(start, request):
    """A daemon with the module's `SETTINGS` and `UPSTREAM`, where it has any."""
    return start(getattr(request.module, "SETTINGS", {}), getattr(request.module, "UPSTREAM", {}))


NUMBERS = itertools.count(1)


@pytest.fixture
def name():
    """A name for a script (and its gates) that no other test has."""
    return f"script-{next(NUMBERS)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for daemon in RUNNING:
            report.sections.append((f"log of the daemon on {daemon.port}", daemon.log_tail(8)))
    return report
