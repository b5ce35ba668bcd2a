"""Real clients against the real daemon: what all files of this folder share.

How to run them, from the root of the repository:

    swift build && Tests/python-env
    .venv-test/bin/python -m pytest -q Tests/Clients

DELTAD and SCRIPTED_MODEL name other binaries than the debug ones. curl has to be installed. A test
that fails shows the end of the log of every daemon that ran beside it.
"""

import contextlib
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Support"))

import daemons
import processes


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for daemon in daemons.running:
            report.sections.append((f"deltad on {daemon.addresses}", daemon.log_tail()))


@pytest.fixture(scope="session")
def model():
    """The scripted model that stands behind the daemons; each test has scripts of its own."""
    model = processes.ScriptedModel()
    yield model
    model.stop()


@pytest.fixture(scope="session")
def configuration(model):
    """A configuration's parts that suit most tests: copy it, and change the copy.

    The model `demo` is the daemon's own, any other name that of a script.
    """
    return {
        "upstreams": [
            {"name": "demo", "kind": "demo", "pace": "1ms"},
            {
                "name": "scripted",
                "kind": "openai",
                "baseURL": model.base_url,
                "key": {"environment": "TEST_UPSTREAM_KEY"},
            },
        ],
        "models": [{"id": "demo", "upstream": "demo"}, {"id": "*", "upstream": "scripted"}],
        "streams": {"whenUnread": {"grace": "50ms"}},
    }


@pytest.fixture(scope="session")
def environment():
    return {"TEST_UPSTREAM_KEY": daemons.UPSTREAM_KEY}


@pytest.fixture(scope="session")
def daemon(configuration, environment, tmp_path_factory):
    """The daemon of all tests that need nothing special, without keys; also on a Unix socket."""
    folder = tmp_path_factory.mktemp("deltad")
    listen = ["127.0.0.1:0", f"unix:{folder}/deltad.sock"]
    daemon = daemons.start({**configuration, "listen": listen}, folder, environment=environment)
    yield daemon
    daemons.stop(daemon)


@pytest.fixture
def start_daemon(configuration, environment, tmp_path_factory):
    """Starts a daemon of the test's own: `start_daemon(key=value, …)` changes the configuration.

    Two names are not keys of it: `wrapper`, as of processes.Daemon, and `variables`, further ones
    of the environment. When the test is over the daemon is stopped, unless the test has ended it,
    and has to end with 0.
    """

    def start_one(**changes):
        folder = tmp_path_factory.mktemp("deltad")
        wrapper = changes.pop("wrapper", ())
        variables = {**environment, **changes.pop("variables", {})}
        daemon = daemons.start(
            {**configuration, **changes}, folder, environment=variables, wrapper=wrapper
        )
        started.callback(daemons.stop_unless_ended, daemon)
        return daemon

    # All of them are stopped, also when one fails to.
    with contextlib.ExitStack() as started:
        yield start_one


_numbers = itertools.count(1)


@pytest.fixture
def script(model):
    """Scripts the model's next answers, and gives the name to ask for: `script(attempt, …)`."""

    def put(*attempts):
        name = f"script-{next(_numbers)}"
        model.script(name, *attempts)
        return name

    return put


@pytest.fixture
def gate():
    """The name of a gate that no other test has."""
    return f"gate-{next(_numbers)}"
