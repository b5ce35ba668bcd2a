"""The proxies in front of the module's daemon, and clients of them."""

import pytest
from Relay.conftest import RUNNING, daemon, model, name, pytest_runtest_makereport, start

from .clients import PROTOCOLS, Client
from .configurations import FILES
from .processes import Certificate, Proxy

__all__ = ["daemon", "model", "name", "pytest_runtest_makereport", "start"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def start_proxy(certificate, tmp_path_factory):
    """Starts proxies: `start_proxy(name, upstream, times)`, as `configurations.write` has them."""
    started = []

    def start(kind, upstream, times=()):
        proxy = Proxy(kind, tmp_path_factory.mktemp(kind), upstream, certificate, times)
        started.append(proxy)
        RUNNING.append(proxy)
        return proxy

    yield start
    for proxy in started:
        RUNNING.remove(proxy)
        proxy.stop()


@pytest.fixture(scope="module", params=FILES)
def proxy(request, daemon, start_proxy):
    """Each of the proxies in front of the module's daemon."""
    return start_proxy(request.param, f"127.0.0.1:{daemon.port}")


@pytest.fixture(params=PROTOCOLS)
def client(request, proxy):
    with Client(proxy, request.param) as client:
        yield client
