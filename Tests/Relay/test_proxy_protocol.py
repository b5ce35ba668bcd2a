"""Listeners behind load balancers that say who the client is before the first request."""

import socket
import struct

import pytest

from . import asking
from .wire import Answer, request

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def binary(address, family=socket.AF_INET, command=1):
    packed = socket.inet_pton(family, address)
    other = bytes(len(packed))
    kind = 0x11 if family == socket.AF_INET else 0x21
    rest = packed + other + struct.pack("!HH", 4242, 443)
    return SIGNATURE + bytes([0x20 | command, kind]) + struct.pack("!H", len(rest)) + rest


V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 4242 443\r\n"
HEADERS = {
    "version 1": (V1, "203.0.113.7"),
    "version 1, IPv6": (b"PROXY TCP6 2001:db8::7 ::1 4242 443\r\n", "2001:db8::7"),
    "version 1, unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "version 2": (binary("203.0.113.7"), "203.0.113.7"),
    "version 2, IPv6": (binary("2001:db8::7", socket.AF_INET6), "2001:db8::7"),
    "version 2, a health check": (binary("203.0.113.7", command=0), "127.0.0.1"),
}
SETTINGS = {"proxyProtocol": ["127.0.0.1:0"], "loops": 2}


def port_of(daemon):
    return int(daemon.addresses[1].rsplit(":", 1)[1])


def talk(port, *parts):
    """Sends the parts one after the other; what came back until the end or a whole answer."""
    answer = Answer()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        while not answer.ended:
            try:
                data = connection.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            answer.feed(data)
    return answer


@pytest.mark.parametrize("header", HEADERS)
def test_the_client_is_whom_the_header_names(daemon, header):
    bytes_sent, client = HEADERS[header]
    marker = f"proxied-{abs(hash(header))}"
    get = request("GET", "/healthz", headers={"X-Request-Id": marker})
    assert talk(port_of(daemon), bytes_sent + get).status == 200
    (line,) = daemon.wait_for_log(f"request={marker} ")
    assert f" client={client} " in line
    # In two pieces, wherever it is cut.
    for cut in range(1, len(bytes_sent) + 1, 3):
        parts = (bytes_sent[:cut], bytes_sent[cut:] + request("GET", "/healthz"))
        assert talk(port_of(daemon), *parts).status == 200


def test_what_a_client_behind_it_says_of_others_does_not_count(daemon):
    get = request("GET", "/healthz", headers={"X-Forwarded-For": "9.9.9.9", "X-Request-Id": "liar"})
    assert talk(port_of(daemon), V1 + get).status == 200
    (line,) = daemon.wait_for_log("request=liar ")
    assert " client=203.0.113.7 " in line
    # A proxy of ours behind the balancer is believed.
    ours = b"PROXY TCP4 127.0.0.9 192.0.2.1 4242 443\r\n"
    get = request("GET", "/healthz", headers={"X-Forwarded-For": "9.9.9.9", "X-Request-Id": "ours"})
    assert talk(port_of(daemon), ours + get).status == 200
    (line,) = daemon.wait_for_log("request=ours ")
    assert " client=9.9.9.9 " in line


REFUSED = {
    "a request at once": request("GET", "/healthz"),
    "a bad line": b"PROXY TCP4 203.0.113.7\r\n" + request("GET", "/healthz"),
    "another version": SIGNATURE + b"\x31\x11\0\0",
    "a line without an end": b"PROXY UNKNOWN " + b"x" * 200,
}


@pytest.mark.parametrize("start_of_connection", REFUSED)
def test_who_begins_with_something_else_gets_no_answer(daemon, start_of_connection):
    answer = talk(port_of(daemon), REFUSED[start_of_connection])
    assert answer.status is None
    assert daemon.metrics()['deltad_refused_connections_total{reason="proxy_header"}'] > 0


def test_who_is_no_proxy_of_ours_may_not_say_it(start):
    daemon = start({**SETTINGS, "trustedProxies": ["10.0.0.0/8"]})
    assert talk(port_of(daemon), V1 + request("GET", "/healthz")).status is None


def test_elsewhere_the_header_is_no_request(daemon):
    assert talk(daemon.port, V1 + request("GET", "/healthz")).status == 400


def test_rates_are_those_of_the_client_behind(start, model, name):
    daemon = start({**SETTINGS, "rates": {"completions": {"requests": 1, "per": "1h"}}})
    model.script(name, [{"answer": "Hello"}])
    post = request("POST", asking.COMPLETIONS, asking.body(name, False))
    statuses = [
        talk(port_of(daemon), header + post).status
        for header in (V1, binary("203.0.113.7"), binary("203.0.113.8"))
    ]
    assert statuses == [200, 429, 200]


def test_whom_a_proxy_does_not_know_is_nobody_of_this_machine(start, tmp_path):
    """On a Unix-domain socket nothing else says where the client is."""
    path = str(tmp_path / "proxied")
    start({"proxyProtocol": [f"unix:{path}"]})
    for header, status in ((b"PROXY UNKNOWN\r\n", 403), (V1, 403)):
        answer = Answer()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(path)
            connection.sendall(header + request("GET", "/metrics"))
            while not answer.ended:
                answer.feed(connection.recv(65536))
        assert answer.status == status
