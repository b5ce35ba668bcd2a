"""The daemon is started anew behind a proxy, which reaches it by a Unix-domain socket."""

import threading

import pytest
from Relay import asking

from .clients import Client
from .configurations import FILES

WHILE_AWAY = {502, 503}


@pytest.fixture(scope="module")
def socket_folder(tmp_path_factory):
    # A socket's path has at most 107 bytes.
    return tmp_path_factory.mktemp("s")


@pytest.mark.parametrize("kind", FILES)
def test_a_proxy_says_502_or_503_while_the_daemon_is_away_and_then_goes_on(
    start, start_proxy, model, name, socket_folder, kind
):
    path = socket_folder / kind
    settings = {
        "listen": ["127.0.0.1:0", f"unix:{path}"],
        "archive": {"file": str(socket_folder / f"{kind}.db")},
    }
    model.script(name, [{"text": "one two", "each": "word"}, {"done": True}])
    model.script(f"{name}-held", [{"text": "one", "tokens": 1}, {"gate": name}])
    daemon = start(settings)
    proxy = start_proxy(kind, f"unix:{path}")
    stream = asking.start_stream(daemon, name)
    asking.wait_until(lambda: asking.snapshot(daemon, stream)["status"] == "done", "the end")
    with Client(proxy, "http/1.1", "127.7.7.7") as client:
        answer = client.fetch("GET", "/healthz")
        assert answer.status == 200
        (line,) = daemon.wait_for_log(f"request={answer.header('x-request-id')} ")
        assert " client=127.7.7.7 " in line
        held = client.open("POST", asking.COMPLETIONS, asking.body(f"{name}-held"))
        held.read_body(b"one")
        stopping = threading.Thread(target=daemon.stop)
        stopping.start()
        # It is told how the answer ended, through the proxy.
        assert b'data: {"error":' in held.whole().body
        stopping.join()
    with Client(proxy, "http/1.1") as client:
        secret = {"X-API-Key": "sk-never-logged"}
        assert client.fetch("GET", stream, headers=secret).status in WHILE_AWAY
    assert "sk-never-logged" not in proxy.log()
    # nginx's error log always has the path of what failed.
    assert kind == "nginx" or stream not in proxy.log()
    start(settings)

    def is_back():
        with Client(proxy, "http/1.1") as client:
            status = client.fetch("GET", "/healthz").status
        assert status in {200, *WHILE_AWAY}
        return status == 200

    asking.wait_until(is_back, "the proxy to reach the daemon again")
    with Client(proxy, "h2") as client:
        body = client.fetch("GET", stream, headers={"Last-Event-ID": "1"}).body
    assert b'{"text":" two"}' in body and b'"one"' not in body
