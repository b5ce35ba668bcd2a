"""A scripted model, and daemons that are services of a manager."""

import copy

import pytest
from Relay.conftest import RUNNING, daemon, model, name, pytest_runtest_makereport, start
from Support.processes import Daemon
from Support.service_manager import ServiceManager

__all__ = ["daemon", "manager", "model", "name", "pytest_runtest_makereport", "serve", "start"]


@pytest.fixture
def manager(tmp_path):
    manager = ServiceManager(tmp_path)
    yield manager
    manager.close()


@pytest.fixture
def serve(model, tmp_path):
    """Starts the manager's service, again and again in the same folder; what runs at the end of the
    test is stopped."""
    started = []

    def serve(manager, settings=(), **options):
        configuration = copy.deepcopy(dict(settings))
        configuration.setdefault("loops", 2)
        one = {"name": "scripted", "kind": "openai", "baseURL": model.base_url}
        configuration.setdefault("upstreams", [one])
        configuration.setdefault("models", [{"id": "*", "upstream": "scripted"}])
        daemon = Daemon(configuration, tmp_path, manager=manager, **options)
        started.append(daemon)
        RUNNING.append(daemon)
        return daemon

    yield serve
    for daemon in started:
        RUNNING.remove(daemon)
        if daemon.process.poll() is None:
            daemon.stop()
