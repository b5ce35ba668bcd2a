"""Answers that are no streams go through unchanged: errors with their bodies, heads, preflights."""

import json

import pytest
from Relay import asking
from Relay.wire import fetch

from .configurations import HOST_NAME

KEY = "k" * 24
SETTINGS = {
    "keys": [{"name": "a", "environment": "PROXIED_KEY", "apis": ["completions", "streams"]}],
    "cors": {"origins": ["https://pages.example"]},
    "limits": {"body": "2MiB"},
}
BEARER = {"Authorization": f"Bearer {KEY}"}
ASKING = json.dumps(asking.body("refusing", False)).encode()
# Method, path, body, fields, and the status that is expected.
REQUESTS = {
    "no key": ("POST", asking.COMPLETIONS, ASKING, {}, 401),
    "a wrong key": ("POST", "/v1/streams", ASKING, {"Authorization": "Bearer no"}, 401),
    "no such path": ("GET", "/v1/nothing", None, BEARER, 404),
    "no such stream": ("GET", "/v1/streams/strm_none", None, BEARER, 404),
    "no such method": ("PUT", "/v1/streams", b"{}", BEARER, 405),
    "no JSON": ("POST", asking.COMPLETIONS, b"{", BEARER, 400),
    "too large": ("POST", asking.COMPLETIONS, b" " * ((2 << 20) + 1), BEARER, 413),
    "the upstream's refusal": ("POST", asking.COMPLETIONS, ASKING, BEARER, 429),
    "the upstream's failure": (
        "POST", asking.COMPLETIONS, ASKING.replace(b"refusing", b"failing"), BEARER, 503),
    "another origin": ("GET", "/healthz", None, {"Origin": "https://evil.example"}, 403),
    "a preflight": ("OPTIONS", asking.COMPLETIONS, None, {
        "Origin": "https://pages.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type"}, 204),
    "a page's own request": ("GET", "/healthz", None, {"Origin": "https://pages.example"}, 200),
}
# What a proxy says for itself, or of the one connection.
ITS_OWN = {"connection", "keep-alive", "server", "date", "via", "transfer-encoding", "alt-svc"}


@pytest.fixture(scope="module")
def daemon(start, model):
    body = {"json": {"error": {"message": "slow down", "type": "x", "param": None, "code": "y"}}}
    for script, status in (("refusing", 429), ("failing", 503)):
        head = {"head": {"status": status, "headers": {"Retry-After": "7"}}}
        model.script(script, [head, body])
    return start(SETTINGS, environment={"PROXIED_KEY": KEY})


def shown(answer):
    """What a client makes of an answer. Each request that goes upstream makes a stream."""
    fields = sorted(
        (name, "any" if name == "x-stream-id" else value)
        for name, value in answer.headers if name not in ITS_OWN)
    return answer.status, fields, bytes(answer.body)


@pytest.mark.parametrize("what", REQUESTS)
def test_an_answer_is_the_daemons_own(daemon, client, what):
    method, path, body, fields, status = REQUESTS[what]
    headers = {**fields, "X-Request-Id": "as-asked"}
    direct = fetch(daemon.port, method, path, body, headers)
    assert direct.status == status
    assert shown(client.fetch(method, path, body, headers)) == shown(direct)


def test_a_page_of_the_proxys_own_name_is_no_other_origin(proxy, client):
    """Its `Host` must get through, with the port."""
    own = {"Origin": f"https://{HOST_NAME}:{proxy.port}"}
    assert client.fetch("GET", "/healthz", headers=own).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/"])
def test_the_head_of_an_answer_is_that_of_the_whole(client, path):
    whole = client.fetch("GET", path)
    head = client.open("HEAD", path).head()
    assert (head.status, head.header("content-length")) == (200, str(len(whole.body)))
    assert head.header("content-type") == whole.header("content-type")
    assert head.body == b""


@pytest.mark.parametrize("accepted", ["gzip", "br", "identity"])
def test_nothing_is_compressed(client, accepted):
    answer = client.fetch("GET", "/openapi.json", headers={"Accept-Encoding": accepted})
    assert answer.header("content-encoding") is None
    assert json.loads(answer.body)["openapi"]
