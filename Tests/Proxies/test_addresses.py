"""Who the client is: the address from which it came to the proxy, whatever it says itself."""

import itertools

import pytest
from Relay import asking

from .clients import PROTOCOLS, Client
from .configurations import FILES

# The proxies connect from 127.0.0.1, the clients from other addresses of this machine.
SETTINGS = {
    "trustedProxies": ["127.0.0.1/32"],
    "metrics": {"allow": ["127.0.0.1/32"]},
    "rates": {"completions": {"requests": 1, "per": "1h"}},
}
FORGED = {
    "nothing": {},
    "X-Forwarded-For": {"X-Forwarded-For": "203.0.113.9"},
    "one in X-Forwarded-For that is believed": {"X-Forwarded-For": "203.0.113.9, 127.0.0.1"},
    "Forwarded": {"Forwarded": "for=203.0.113.9"},
    "both": {"Forwarded": "for=203.0.113.9", "X-Forwarded-For": "203.0.113.9"},
    "X-Real-IP": {"X-Real-IP": "203.0.113.9"},
    "fields that a connection is told to drop": {
        "Connection": "X-Forwarded-For, Forwarded", "X-Forwarded-For": "203.0.113.9",
    },
}
CASES = [
    (protocol, said)
    for protocol in PROTOCOLS for said in FORGED
    # HTTP/2 has no Connection.
    if protocol == "http/1.1" or "Connection" not in FORGED[said]
]
NUMBERS = itertools.count(1)


@pytest.fixture
def addresses():
    """Two addresses that no other test asks from."""
    number = next(NUMBERS)
    return [f"127.7.{number >> 8}.{number & 255}", f"127.8.{number >> 8}.{number & 255}"]


def logged_client(daemon, proxy, protocol, source, headers, marker):
    with Client(proxy, protocol, source) as client:
        answer = client.fetch("GET", "/healthz", headers={**headers, "X-Request-Id": marker})
    assert (answer.status, answer.header("x-request-id")) == (200, marker)
    (line,) = daemon.wait_for_log(f"request={marker} ")
    return line.split(" client=")[1].split(" ")[0]


@pytest.mark.parametrize("protocol, said", CASES)
def test_what_a_client_says_of_itself_goes_no_further(
    daemon, proxy, addresses, name, protocol, said
):
    for number, source in enumerate(addresses):
        marker = f"{name}-{number}"
        assert logged_client(daemon, proxy, protocol, source, FORGED[said], marker) == source


def rate_of_each(model, proxy, protocol, addresses, name):
    """Two clients of one request each; the first asks again, and says that it is the other."""
    first, second = addresses
    model.script(name, [{"answer": "Hello"}])
    forged = {"X-Forwarded-For": second, "Forwarded": f"for={second}"}
    answers = []
    for source, headers in ((first, {}), (first, forged), (second, {})):
        with Client(proxy, protocol, source) as client:
            answers.append(client.fetch(
                "POST", asking.COMPLETIONS, asking.body(name, False), headers))
    assert [answer.status for answer in answers] == [200, 429, 200]
    assert int(answers[1].header("retry-after")) > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_client_has_its_own_rate(model, proxy, addresses, name, protocol):
    rate_of_each(model, proxy, protocol, addresses, name)


def test_what_is_for_this_machine_alone_is_not_for_who_comes_through_a_proxy(proxy, addresses):
    with Client(proxy, "http/1.1", addresses[0]) as client:
        assert client.fetch("GET", "/metrics").status == 403


@pytest.fixture(scope="module", params=FILES)
def trusting(request, start, start_proxy):
    """A daemon that believes the clients' own addresses too, and a proxy in front of it."""
    daemon = start({"trustedProxies": ["127.0.0.0/8"]})
    return daemon, start_proxy(request.param, f"127.0.0.1:{daemon.port}")


@pytest.mark.parametrize("protocol, said", CASES)
def test_not_even_where_it_would_be_believed(trusting, addresses, name, protocol, said):
    daemon, proxy = trusting
    assert logged_client(daemon, proxy, protocol, addresses[0], FORGED[said], name) == addresses[0]


@pytest.fixture(scope="module")
def proxied(start, start_proxy):
    """A daemon that wants the PROXY protocol, and the proxy that can speak it."""
    daemon = start({**SETTINGS, "proxyProtocol": ["127.0.0.1:0"]})
    port = daemon.addresses[1].rsplit(":", 1)[1]
    return daemon, start_proxy("haproxy", f"proxy:{port}")


@pytest.mark.parametrize("protocol, said", CASES)
def test_the_connection_itself_may_say_it(proxied, addresses, name, protocol, said):
    daemon, proxy = proxied
    for number, source in enumerate(addresses):
        marker = f"{name}-{number}"
        assert logged_client(daemon, proxy, protocol, source, FORGED[said], marker) == source


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_and_each_client_has_its_own_rate_then(model, proxied, addresses, name, protocol):
    rate_of_each(model, proxied[1], protocol, addresses, name)
