"""A scripted model, daemons with agents and a store, and agents that no two tests share."""

import itertools

import pytest
from Relay.conftest import model, name

from .daemons import SLOTS, WIDGET, Home, configured, slot
from .ways import Way

__all__ = ["agent", "daemon", "model", "name", "others", "session", "start", "widget"]
RUNNING = []
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def start(model, tmp_path_factory):
    """Starts daemons with these members of the configuration; those that still run when the
    module's tests are over must end with status 0."""
    started = []

    def start(settings=(), upstream=(), folder=None, wrapper=()):
        folder = folder or tmp_path_factory.mktemp("deltad")
        home = Home(configured(settings, model.base_url, upstream), folder, wrapper)
        started.append(home)
        RUNNING.append(home)
        return home.start()

    yield start
    for home in started:
        RUNNING.remove(home)
        if home.is_running:
            home.stop()


@pytest.fixture(scope="module")
def daemon(start, request):
    """The module's daemon, with its `SETTINGS` where it has any."""
    return start(getattr(request.module, "SETTINGS", {}))


def next_agent():
    return slot(next(NUMBERS) % SLOTS)


@pytest.fixture
def agent():
    """An agent whose model no other test uses at the time."""
    return next_agent()


@pytest.fixture
def others():
    """More of them."""
    return [next_agent() for _ in range(2)]


@pytest.fixture
def widget():
    """The agent that answers the widget. All tests share it: each gives its model a script."""
    return WIDGET


@pytest.fixture
def session():
    """A widget's session that no other test has."""
    return f"session-{next(NUMBERS)}"


def pytest_make_parametrize_id(val):
    return val.name.replace(" ", "-") if isinstance(val, Way) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for home in RUNNING[-2:]:
            if home.daemon:
                log = home.daemon.log_tail(8)
                report.sections.append((f"log of the daemon on {home.daemon.port}", log))
    return report
