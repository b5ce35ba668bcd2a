"""Widget: one rate limit for its three routes, counted before the key."""

import itertools
import time

import pytest
from Relay.wire import fetch

from . import asking
from .faults import check

PATHS = [asking.WIDGET_JSON, asking.WIDGET_LINES, "/chat"]
# So slow that nothing comes back while a test runs.
SLOW = {"rates": {"widget": {"requests": 30, "per": "24h"}}}


def post(daemon, path, session="s", person=None):
    body = {"sessionId": session, "message": "Hi"}
    return fetch(daemon.port, "POST", path, body, asking.key("widget", person))


def test_thirty_pass_over_three_routes_and_the_next_one_does_not(start, model, widget, session):
    daemon = start(SLOW)
    model.script(widget.model, [{"answer": "Hello"}])
    for path, _ in zip(itertools.cycle(PATHS), range(30)):
        assert post(daemon, path, session).status == 200
    for path in PATHS:
        refused = post(daemon, path, session)
        check(refused, "widget", 429)
        assert 1 <= int(refused.header("retry-after")) <= 24 * 3600 // 30 + 1
    assert len(model.log(widget.model)) == 30
    assert len(asking.stored(daemon, session)) == 60


# Each counts, for the limit comes before the key; the key's status is that of the first thirty.
@pytest.mark.parametrize(("person", "session", "status"), [("no", "s", 401), (None, "\n", 400)])
def test_bad_requests_count_too(start, person, session, status):
    daemon = start(SLOW)
    for path, _ in zip(itertools.cycle(PATHS), range(30)):
        check(post(daemon, path, session, person), "widget", status)
    check(post(daemon, PATHS[0]), "widget", 429)
    check(post(daemon, PATHS[1], person="no"), "widget", 429)


def test_what_generates_nothing_does_not_count(start, session, model, widget):
    daemon = start({"rates": {"widget": {"requests": 1, "per": "24h"}}})
    model.script(widget.model, [{"answer": "Hello"}])
    for _ in range(3):
        check(fetch(daemon.port, "GET", PATHS[0]), "widget", 405)
        assert fetch(daemon.port, "GET", "/health").status == 200
        asking.admin(daemon)
    assert post(daemon, PATHS[0], session).status == 200
    check(post(daemon, PATHS[2], session), "widget", 429)
    assert len(asking.stored(daemon, session)) == 2


def test_by_default_it_is_thirty_a_minute(start):
    daemon = start({"rates": {}})
    began, allowed = time.monotonic(), 0
    while post(daemon, PATHS[allowed % 3], person="no").status == 401:
        allowed += 1
        assert allowed < 100
    # One comes back every two seconds, however slow this machine is.
    assert 30 <= allowed <= 30 + (time.monotonic() - began) / 2
