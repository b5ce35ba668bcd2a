"""Upstreams that speak TLS: whom the daemon trusts, and what it keeps from those it does not."""

import httpx
import pytest
from answers import DONE, chunk, frame
from cryptography.x509.oid import ExtendedKeyUsageOID
from daemons import UPSTREAM_KEY
from processes import PATIENCE, wait_until
from tls_upstream import Authority, TLSUpstream

RECORDING = [
    frame(chunk({"role": "assistant", "content": "Grüß"})),
    frame(chunk({"content": "!"})),
    frame(chunk(finish="stop")),
    DONE,
]
KEY = {"environment": "TEST_UPSTREAM_KEY"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    # The same name and another key: it must be the signature that counts.
    return Authority(tmp_path_factory.mktemp("stranger"), "ours")


@pytest.fixture
def start_upstream():
    """Starts a server with a certificate of an authority."""
    upstreams = []

    def start(*certificate):
        upstreams.append(TLSUpstream(RECORDING, certificate))
        return upstreams[-1]

    yield start
    for upstream in upstreams:
        upstream.stop()


@pytest.fixture
def start_relay(start_upstream, start_daemon):
    """A daemon with the model `NAME` at the address and with the authority given for it.

    It ends before its upstreams, which wait for its connections to close.
    """

    def start(**addresses):
        upstreams = []
        for name, (url, authority) in addresses.items():
            upstreams.append({"name": name, "kind": "openai", "baseURL": url, "key": KEY})
            if authority:
                upstreams[-1]["caFile"] = str(authority.certificate)
        models = [{"id": name, "upstream": name} for name in addresses]
        return start_daemon(upstreams=upstreams, models=models, loops=1)

    return start


def ask(daemon, model, stream=True):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    return httpx.post(f"{daemon.url}/v1/chat/completions", json=body, timeout=PATIENCE)


def is_refused(daemon, model, upstream, stream=True):
    """It is 502 for the client, `tls` for the log, and nothing for the server."""
    answer = ask(daemon, model, stream)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_unreachable"
    assert "localhost" not in answer.text and str(upstream.port) not in answer.text
    daemon.wait_for_log(rf"warning upstream .*upstream={model} fault=tls ")
    (connection,) = upstream.connections
    wait_until(lambda: connection["is_over"], "the connection to end")
    assert connection["received"] == b""
    return True


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_authority_of_ones_own_is_trusted(authority, start_upstream, start_relay, host):
    upstream = start_upstream(*authority.issue("good"))
    daemon = start_relay(private=(f"https://{host}:{upstream.port}/v1", authority))
    answer = ask(daemon, "private")
    assert (answer.status_code, answer.content) == (200, b"".join(RECORDING))
    answer = ask(daemon, "private", stream=False)
    assert answer.json()["choices"][0]["message"]["content"] == "Grüß!"
    # Both came over one connection.
    (connection,) = upstream.connections
    assert connection["received"].count(b"POST /v1/chat/completions HTTP/1.1\r\n") == 2
    assert connection["received"].count(f"Authorization: Bearer {UPSTREAM_KEY}".encode()) == 2


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
def test_without_it_the_systems_authorities_count(authority, start_upstream, start_relay, stream):
    upstream = start_upstream(*authority.issue("good"))
    daemon = start_relay(private=(f"https://localhost:{upstream.port}/v1", None))
    assert is_refused(daemon, "private", upstream, stream)


def test_another_authority_is_not_trusted(authority, stranger, start_upstream, start_relay):
    upstream = start_upstream(*authority.issue("good"))
    daemon = start_relay(private=(f"https://localhost:{upstream.port}/v1", stranger))
    assert is_refused(daemon, "private", upstream)


BAD = {
    "name": {"hosts": ["other.example"]},
    "address": {"hosts": ["127.0.0.1"]},
    "subdomain": {"hosts": ["*.localhost", "x.localhost"]},
    "expired": {"days": (-3, -1)},
    "future": {"days": (1, 3)},
    "purpose": {"usage": ExtendedKeyUsageOID.CLIENT_AUTH},
}


@pytest.mark.parametrize("fault", BAD)
def test_a_certificate_that_does_not_fit_is_refused(authority, start_upstream, start_relay, fault):
    upstream = start_upstream(*authority.issue(fault, **BAD[fault]))
    daemon = start_relay(private=(f"https://localhost:{upstream.port}/v1", authority))
    assert is_refused(daemon, "private", upstream)


def test_a_name_does_not_stand_for_an_address(authority, start_upstream, start_relay):
    upstream = start_upstream(*authority.issue("named", hosts=["localhost"]))
    daemon = start_relay(private=(f"https://127.0.0.1:{upstream.port}/v1", authority))
    assert is_refused(daemon, "private", upstream)


def test_a_connection_is_not_shared_with_one_who_does_not_trust_it(
    authority, stranger, start_upstream, start_relay
):
    upstream = start_upstream(*authority.issue("good"))
    url = f"https://localhost:{upstream.port}/v1"
    daemon = start_relay(trusting=(url, authority), doubting=(url, stranger), wary=(url, None))
    assert ask(daemon, "trusting").status_code == 200
    assert ask(daemon, "doubting").status_code == 502
    assert ask(daemon, "wary").status_code == 502
    assert ask(daemon, "trusting").status_code == 200
    first, *others = upstream.connections
    assert first["received"].count(b"POST ") == 2 and not first["is_over"]
    wait_until(lambda: all(c["is_over"] for c in others), "the refused connections to end")
    assert [c["received"] for c in others] == [b"", b""]


def test_a_server_without_tls_gets_no_request_in_clear(start_upstream, start_relay, authority):
    upstream = start_upstream()
    daemon = start_relay(private=(f"https://localhost:{upstream.port}/v1", authority))
    answer = ask(daemon, "private")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    daemon.wait_for_log(r"warning upstream .*upstream=private fault=tls ")
    (connection,) = upstream.connections
    # A handshake record (RFC 8446, section 5.1), and in it nothing of ours.
    assert connection["received"][:1] == b"\x16"
    assert UPSTREAM_KEY.encode() not in connection["received"]
    assert b"POST" not in connection["received"]
