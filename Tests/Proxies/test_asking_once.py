"""A proxy asks once, whatever becomes of it, and keeps its connections to the daemon."""

import pytest

from .clients import PROTOCOLS, Client
from .configurations import FILES
from .recorder import Recorder


@pytest.fixture(scope="module")
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.stop()


@pytest.fixture(scope="module", params=FILES)
def proxy(request, recorder, start_proxy):
    return start_proxy(request.param, f"127.0.0.1:{recorder.port}")


def status_of_post(proxy, client):
    try:
        return client.fetch("POST", "/", b"{}").status
    except AssertionError as error:
        # HAProxy leaves it to an HTTP/2 client to ask again (REFUSED_STREAM).
        if proxy.name == "haproxy" and client.page and "error_code:7," in str(error):
            return 502
        raise


@pytest.mark.parametrize("connection", ["new", "kept"])
def test_a_request_that_asks_a_model_is_not_sent_twice(proxy, recorder, client, connection):
    if connection == "kept":
        assert client.fetch("GET", "/").status == 200
    recorder.methods.clear()
    assert status_of_post(proxy, client) == 502
    assert recorder.methods == ["POST"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_connections_to_the_daemon_are_kept(proxy, recorder, protocol):
    before = recorder.connections
    for _ in range(10):
        with Client(proxy, protocol) as client:
            assert client.fetch("GET", "/").status == 200
    # Each process or thread of a proxy may have one of its own.
    assert recorder.connections - before <= 2
