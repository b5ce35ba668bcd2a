"""Figures and health on a listener of their own."""

import re

import pytest
from Relay import asking
from Relay.wire import fetch


@pytest.fixture(scope="module")
def watched(start):
    """A daemon whose clients may not read figures, and the port of those who may."""
    daemon = start({"metrics": {"allow": [], "listen": ["127.0.0.1:0"]}})
    assert len(daemon.addresses) == 2
    return daemon, int(re.search(r":(\d+)$", daemon.addresses[1])[1])


def test_whoever_reaches_it_reads_figures_and_health(watched, model, name):
    daemon, port = watched
    model.script(name, [{"answer": "Hello"}])
    assert asking.complete(daemon, name).status == 200
    figures = fetch(port, "GET", "/metrics")
    assert figures.status == 200
    assert b'deltad_requests_total{api="completions",status="200"} 1' in figures.body
    assert fetch(port, "GET", "/healthz").json() == {"status": "ok"}
    ready = fetch(port, "GET", "/readyz").json()
    assert ready["status"] == "ready" and ready["upstreams"][0]["name"] == "scripted"


def test_clients_do_not_read_them(watched):
    daemon, _ = watched
    assert fetch(daemon.port, "GET", "/metrics").status == 403
    assert fetch(daemon.port, "GET", "/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/models"),
        ("GET", "/openapi.json"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/streams"),
        ("GET", "/v1/streams/strm_0"),
        ("OPTIONS", "/v1/streams"),
    ],
)
def test_there_is_nothing_else(watched, method, path):
    _, port = watched
    answer = fetch(port, method, path, {} if method == "POST" else None)
    assert answer.status == 404, bytes(answer.body)


def test_other_methods_are_refused_as_ever(watched):
    _, port = watched
    assert fetch(port, "POST", "/metrics", {}).status == 405
