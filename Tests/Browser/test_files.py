"""The files that the daemon serves, as HTTP."""

import http.client
from types import SimpleNamespace

import pytest
from Support.processes import PATIENCE

TYPES = {
    "/": "text/html; charset=utf-8",
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/deltad.js": "text/javascript; charset=utf-8",
    "/event-stream.js": "text/javascript; charset=utf-8",
    "/deltad.d.ts": "text/plain; charset=utf-8",
    "/openapi.json": "application/json",
}
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
    "img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
}


def fetch(port, method, path, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=dict(headers))
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, header=answer.getheader, body=answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("path", TYPES)
def test_a_file_has_its_type_a_validator_and_a_policy(daemon, path):
    answer = fetch(daemon.port, "GET", path)
    assert (answer.status, answer.header("content-type")) == (200, TYPES[path])
    assert answer.header("cache-control") == "no-cache"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert set(answer.header("content-security-policy").split("; ")) == POLICY
    assert answer.body and answer.header("etag").startswith('"')
    head = fetch(daemon.port, "HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.header("etag") == answer.header("etag")
    assert head.header("content-length") == str(len(answer.body))


def test_each_file_has_a_validator_of_its_own(daemon):
    assert len({fetch(daemon.port, "GET", path).header("etag") for path in TYPES}) == len(TYPES)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ["{}", "W/{}", '"x", {}', ' "x" ,\t{} ', "*"])
def test_what_the_browser_has_is_not_sent_again(daemon, method, condition):
    tag = fetch(daemon.port, "GET", "/page.js").header("etag")
    headers = {"If-None-Match": condition.format(tag)}
    answer = fetch(daemon.port, method, "/page.js", headers=headers)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.header("etag") == tag
    assert answer.header("content-type") is None


@pytest.mark.parametrize("condition", ['"x"', "", "x", "{}x", ","])
def test_what_it_has_not_is(daemon, condition):
    tag = fetch(daemon.port, "GET", "/page.js").header("etag")
    headers = {"If-None-Match": condition.format(tag)}
    assert fetch(daemon.port, "GET", "/page.js", headers=headers).status == 200


@pytest.mark.parametrize(
    "path", ["/page.js/", "/Page.js", "/web/page.js", "/page.js%00", "/../page.js"])
def test_nothing_else_is_a_file(daemon, path):
    assert fetch(daemon.port, "GET", path).status == 404


def test_a_file_is_only_read(daemon):
    answer = fetch(daemon.port, "POST", "/page.js")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")
