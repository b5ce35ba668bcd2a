"""Upstreams that fail before they answer: what is tried again, when, where, and what is not."""

import json
from email.utils import formatdate
from time import time

import pytest

from . import asking
from .events import DONE, payloads, stream_events
from .wire import fetch

SECOND = 1_000_000_000
ANSWER = [{"answer": "Hello there"}]
QUICK = {"retries": 2, "base": "20ms", "cap": "40ms"}
UPSTREAM = {"retry": QUICK}


def refusal(status, **headers):
    error = {"error": {"message": "no", "type": "x", "param": None, "code": None}}
    return [{"head": {"status": status, "headers": headers}}, {"json": error}]


def spacing(model, name):
    """Nanoseconds between the attempts of a script."""
    times = [record["at"] for record in model.log(name)]
    return [later - earlier for earlier, later in zip(times, times[1:])]


FAILURES = {
    **{str(status): refusal(status) for status in (408, 409, 429, 500, 502, 503, 529)},
    "says nothing": [{"close": True}],
    "resets": [{"reset": True}],
    "a head alone": [{"head": {"framing": "chunked"}}, {"close": True}],
    "half a comment": [{"sse": ": hel"}, {"close": True}],
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("failure", FAILURES)
def test_what_may_pass_is_tried_again(daemon, model, name, failure, stream):
    model.script(name, FAILURES[failure], FAILURES[failure], ANSWER)
    answer = asking.complete(daemon, name, stream)
    assert answer.status == 200, bytes(answer.body)
    assert b"Hello" in answer.body
    assert answer.header("x-upstream") == "scripted"
    # A kept connection that ends without a word may have been closed for its age: libcurl asks once
    # more on a new one, and that is no attempt of ours.
    assert answer.header("x-upstream-attempts") in ("2", "3")
    assert len(model.log(name)) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_the_request_brought_about_is_not(daemon, model, name, status):
    model.script(name, refusal(status), ANSWER)
    answer = asking.complete(daemon, name)
    assert (answer.status, answer.header("x-upstream-attempts")) == (status, "1")
    assert len(model.log(name)) == 1


@pytest.mark.parametrize("status,says,attempts", [(400, "true", 2), (500, "false", 1)])
def test_the_server_knows(daemon, model, name, status, says, attempts):
    model.script(name, refusal(status, **{"x-should-retry": says}), ANSWER)
    assert asking.complete(daemon, name).status == (200 if attempts == 2 else status)
    assert len(model.log(name)) == attempts


def test_after_the_retries_the_last_refusal_is_the_answer(daemon, model, name):
    model.script(name, refusal(500), refusal(500), refusal(503), ANSWER)
    answer = asking.complete(daemon, name)
    assert (answer.status, answer.header("x-upstream-attempts")) == (503, "3")
    assert json.loads(answer.body)["error"]["message"] == "no"
    assert all(0 <= gap < 10 * SECOND for gap in spacing(model, name))


@pytest.mark.parametrize(
    "fields,least",
    [
        ({"retry-after-ms": "150"}, 0.15),
        ({"Retry-After": "0.2"}, 0.2),
        ({"Retry-After": "1", "retry-after-ms": "50"}, 0.05),
    ],
)
def test_a_servers_wish_is_waited_for(daemon, model, name, fields, least):
    model.script(name, refusal(429, **fields), ANSWER)
    assert asking.complete(daemon, name).status == 200
    (gap,) = spacing(model, name)
    assert gap >= least * SECOND


def test_a_wish_may_be_a_date(daemon, model, name):
    # Whole seconds: the date is one to two seconds away.
    model.script(name, refusal(503, **{"Retry-After": formatdate(time() + 2, usegmt=True)}), ANSWER)
    assert asking.complete(daemon, name).status == 200
    (gap,) = spacing(model, name)
    assert gap >= SECOND / 2


def test_a_wish_of_more_than_a_minute_is_passed_on(daemon, model, name):
    model.script(name, refusal(429, **{"Retry-After": "61"}), ANSWER)
    answer = asking.complete(daemon, name)
    assert (answer.status, answer.header("retry-after")) == (429, "61")
    assert len(model.log(name)) == 1


def test_nothing_is_tried_again_once_an_event_has_come(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"close": True}], ANSWER)
    answer = asking.complete(daemon, name)
    assert answer.status == 200 and not answer.body.endswith(DONE)
    assert len(model.log(name)) == 1


def test_who_reads_already_does_not_notice(daemon, model, name):
    """A stream in the background, and a heartbeat's reader, wait on."""
    model.script(name, refusal(500), [{"gate": name}, *ANSWER])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        model.wait(name, "attempt", 2)
        model.open(name)
        events = stream_events(reader.whole().body)
    assert "".join(event.data.get("text", "") for event in events) == "Hello there"
    assert events[-1].name == "done"


def test_a_client_that_leaves_ends_the_waiting(start, model, name):
    daemon = start(
        {"streams": {"whenUnread": {"grace": "0s"}}},
        {"retry": {"retries": 5, "base": "20s", "cap": "20s"}},
    )
    model.script(name, refusal(500, **{"Retry-After": "30"}), ANSWER)
    with asking.open_completion(daemon, name):
        model.wait(name, "finished")
    daemon.wait_for_log(" generation .* end=cancelled")
    assert len(model.log(name)) == 1


# Several upstreams. The model named FIRST is asked of `first`, then of `second`.


@pytest.fixture
def two(start, model, name):
    """A daemon with a model of two upstreams, which are told apart by their paths."""

    def make(first=(), second=(), **fields):
        base = model.base_url
        settings = {
            "models": [{"id": "*", "upstream": "first", "fallbacks": ["second"], **fields}],
        }
        upstreams = [
            {"name": "first", "kind": "openai", "baseURL": base + "/first", **dict(first)},
            {"name": "second", "kind": "openai", "baseURL": base + "/second", **dict(second)},
        ]
        return start({**settings, "upstreams": upstreams})

    return make


def asked(model, name):
    return ["first" if "/first/" in record["path"] else "second" for record in model.log(name)]


def test_the_next_one_is_asked_when_the_retries_are_used_up(two, model, name):
    daemon = two({"retry": {**QUICK, "retries": 1}})
    model.script(name, refusal(500), refusal(500), ANSWER)
    answer = asking.complete(daemon, name)
    assert answer.status == 200
    assert (answer.header("x-upstream"), answer.header("x-upstream-attempts")) == ("second", "3")
    assert asked(model, name) == ["first", "first", "second"]


def test_a_long_wish_means_the_next_one(two, model, name):
    daemon = two({"retry": QUICK})
    model.script(name, refusal(429, **{"Retry-After": "3600"}), ANSWER)
    assert asking.complete(daemon, name).status == 200
    assert asked(model, name) == ["first", "second"]


def test_a_refused_request_is_refused_everywhere(two, model, name):
    daemon = two()
    model.script(name, refusal(400), ANSWER)
    assert asking.complete(daemon, name).status == 400
    assert asked(model, name) == ["first"]


def test_weights_say_who_is_asked_first(two, model, name):
    model.script(name, ANSWER)
    daemon = two(weights=[0, 1])
    for _ in range(5):
        assert asking.complete(daemon, name).header("x-upstream") == "second"
    daemon = two(weights=[1, 1])
    seen = {asking.complete(daemon, name).header("x-upstream") for _ in range(60)}
    assert seen == {"first", "second"}


def test_an_upstream_that_keeps_failing_is_left_alone_and_asked_again_later(two, model, name):
    daemon = two({"breaker": {"failures": 3, "pause": "300ms"}})
    # The first fails as often as it is asked, the second never does.
    model.script(name, *[refusal(500), ANSWER] * 3, ANSWER)
    for _ in range(3):
        assert asking.complete(daemon, name).header("x-upstream") == "second"
    assert asked(model, name) == ["first", "second"] * 3
    for _ in range(4):
        answer = asking.complete(daemon, name)
        assert (answer.header("x-upstream"), answer.header("x-upstream-attempts")) == ("second", "1")
    # It is well again, and the first who comes after the pause finds out.
    asking.wait_until(
        lambda: asking.complete(daemon, name).header("x-upstream") == "first", "the probe"
    )
    assert asking.complete(daemon, name).header("x-upstream") == "first"


def test_with_every_circuit_open_a_client_is_told_for_how_long(start, model, name):
    daemon = start({}, {"breaker": {"failures": 2, "pause": "1h"}})
    model.script(name, refusal(500))
    for _ in range(2):
        assert asking.complete(daemon, name).status == 500
    for stream in (True, False):
        answer = asking.complete(daemon, name, stream)
        assert answer.status == 503 and 3590 <= int(answer.header("retry-after")) <= 3600
        assert answer.json()["error"]["code"] == "upstream_unavailable"
    assert len(model.log(name)) == 2


def test_when_the_other_circuit_is_open_a_client_is_told_for_how_long(two, model, name):
    rests = {"breaker": {"failures": 1, "pause": "1h"}}
    daemon = two({}, rests)
    model.script(name, refusal(500))
    assert asking.complete(daemon, name).status == 500
    answer = asking.complete(daemon, name)
    assert asked(model, name) == ["first", "second", "first"]
    assert answer.status == 500 and 3590 <= int(answer.header("retry-after")) <= 3600


def test_an_outage_is_not_multiplied(start, model, name):
    daemon = start({"loops": 2}, {"retry": {**QUICK, "base": "0s", "cap": "0s", "budget": 20}})
    model.script(name, refusal(503))
    for _ in range(300):
        assert asking.complete(daemon, name).status == 503
    # 20 in a hundred, and ten a second of the window of ten.
    assert 300 < len(model.log(name)) <= 300 + 60 + 100 + 100
