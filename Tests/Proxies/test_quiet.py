"""A stream that is quiet stays open as long as the daemon says that it is there."""

import contextlib

from Relay import asking
from Relay.events import PING

from .clients import PROTOCOLS, Client
from .configurations import FILES

SETTINGS = {"timeouts": {"heartbeat": "1s"}}
# The time-outs of the shipped files, on the daemon's side and on the client's; Caddy has none for
# an answer that has begun.
DAEMON_SIDE = {
    "nginx": ["proxy_read_timeout 15m"],
    "haproxy": ["timeout server 15m"],
    "caddy": [],
}
CLIENT_SIDE = {
    "nginx": ["send_timeout 60s", "client_header_timeout 10s", "client_body_timeout 30s"],
    "haproxy": ["timeout client 60s", "timeout http-request 10s", "timeout http-keep-alive 75s"],
    "caddy": ["read_header 10s", "idle 75s"],
}


def set_to(time, directives):
    return [(directive, f"{directive.rsplit(' ', 1)[0]} {time}") for directive in directives]


@contextlib.contextmanager
def everywhere(daemon, start_proxy, times):
    """A client of each proxy, by its name and its protocol: what takes seconds takes them at once.

    `times` gives, for a proxy's name, the changes to its configuration.
    """
    with contextlib.ExitStack() as opened:
        clients = {}
        for kind in FILES:
            proxy = start_proxy(kind, f"127.0.0.1:{daemon.port}", times(kind))
            for protocol in PROTOCOLS:
                clients[kind, protocol] = opened.enter_context(Client(proxy, protocol))
        yield clients


def test_heartbeats_outlast_the_time_outs(daemon, start_proxy, model, name):
    model.script(name, [{"text": "one", "tokens": 1}, {"gate": name}, {"done": True}])
    path = asking.start_stream(daemon, name)

    def times(kind):
        return set_to("4s", DAEMON_SIDE[kind] + CLIENT_SIDE[kind])

    with everywhere(daemon, start_proxy, times) as clients:
        readers = [client.open("GET", path) for client in clients.values()]
        for reader in readers:
            reader.read_until(lambda answer: answer.body.count(PING) >= 6)
        model.open(name)
        for reader in readers:
            assert b"event: done" in reader.whole().body


def test_without_them_a_proxy_would_cut_it(start, start_proxy, model, name):
    daemon = start({"timeouts": {"heartbeat": "10m"}})
    model.script(name, [{"text": "one", "tokens": 1}, {"gate": name}, {"done": True}])
    path = asking.start_stream(daemon, name)
    with everywhere(daemon, start_proxy, lambda kind: set_to("1s", DAEMON_SIDE[kind])) as clients:
        readers = {way: client.open("GET", path) for way, client in clients.items()}
        for reader in readers.values():
            reader.read_body(b"one")
        for (kind, _), reader in readers.items():
            if DAEMON_SIDE[kind]:
                await_cut(reader)
                assert b"event: done" not in reader.answer.body
        model.open(name)
        for (kind, _), reader in readers.items():
            if not DAEMON_SIDE[kind]:
                assert b"event: done" in reader.whole().body


def await_cut(reader):
    # HAProxy 2.6 ends an HTTP/2 answer that it cuts as if it were whole.
    with contextlib.suppress(AssertionError):
        reader.whole()


def test_an_answer_that_is_not_streamed_may_take_longer_than_a_client_may(
    daemon, start_proxy, model, name
):
    model.script(name, [{"sleep": "2500ms"}, {"answer": "Hello"}])

    def times(kind):
        return set_to("1s", CLIENT_SIDE[kind])

    with everywhere(daemon, start_proxy, times) as clients:
        asked = [
            client.open("POST", asking.COMPLETIONS, asking.body(name, False))
            for client in clients.values()
        ]
        assert [exchange.whole().status for exchange in asked] == [200] * len(asked)
