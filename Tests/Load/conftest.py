"""A mock model of deltaload's and daemons in front of it."""

import copy

import pytest
from Support.processes import Daemon, LoadModel, ScriptedModel


@pytest.fixture(scope="session")
def model():
    """An upstream that does as it is told."""
    model = ScriptedModel()
    yield model
    model.stop()


@pytest.fixture(scope="session")
def fast_model():
    """Answers at once, with 20 stamped deltas."""
    model = LoadModel("--tokens", "20")
    yield model
    model.stop()


@pytest.fixture(scope="session")
def paced_model():
    """30 stamped deltas, 10 ms apart, the first after 300 ms."""
    model = LoadModel("--tokens", "30", "--interval", "10ms", "--delay", "300ms")
    yield model
    model.stop()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts a daemon in front of a model, or with other settings."""
    started = []

    def start(model=None, **settings):
        configuration = copy.deepcopy(settings)
        configuration.setdefault("loops", 1)
        if model:
            configuration["upstreams"] = [
                {"name": "mock", "kind": "openai", "baseURL": model.base_url}
            ]
            configuration["models"] = [{"id": "*", "upstream": "mock"}]
        daemon = Daemon(configuration, tmp_path_factory.mktemp("deltad"))
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        daemon.stop()


@pytest.fixture(scope="module")
def daemon(start, fast_model):
    return start(fast_model)


@pytest.fixture(scope="module")
def paced_daemon(start, paced_model):
    return start(paced_model)
