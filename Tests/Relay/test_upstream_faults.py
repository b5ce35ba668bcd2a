"""Tables of upstreams at fault: how often each is asked, when, and what its client is told.

What may pass is tried again until the first content has gone out, and what a server asks for is
waited for, up to a minute. All else is told the client at once, in its own dialect.
"""

import base64
import contextlib
import json
import re
import socket
import time
import zlib
from email.utils import formatdate

import pytest
from Support.processes import Daemon

from . import asking
from .events import DONE, error_of, payloads, stream_events

SECOND = 1_000_000_000
TEXT = "Hello there"
ANSWER = [{"answer": TEXT}]
ERROR = {"error": {"message": "no", "type": "x", "param": None, "code": "busy"}}
# Each attempt has a connection of its own: libcurl asks once more when a kept one breaks.
QUICK = {"retry": {"retries": 2, "base": "5ms", "cap": "10ms", "budget": 100}}
UPSTREAM = {**QUICK, "idleConnections": 0}
CAP, SLACK = 0.01, 5  # seconds; the slack is for a machine that is busy with other things
FIRST_EVENT = 0.6
SHORT = {"firstEvent": "300ms", "idle": "300ms"}
BOTH = pytest.mark.parametrize("stream", [True, False])


def refusal(status, **headers):
    return [{"head": {"status": status, "headers": headers}}, {"json": ERROR}]


def spacing(model, name):
    """Seconds between the attempts of a script."""
    times = [record["at"] for record in model.log(name)]
    return [(later - earlier) / SECOND for earlier, later in zip(times, times[1:])]


def text_of(chunks):
    choices = [choice for chunk in chunks for choice in json.loads(chunk)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def check_answer(answer, stream, attempts):
    """The whole answer, and how often it was asked for."""
    assert answer.status == 200, bytes(answer.body)
    assert answer.header("x-upstream-attempts") == str(attempts)
    assert answer.header("content-encoding") is None
    if stream:
        *chunks, done = payloads(answer.body)
        assert done == b"[DONE]" and text_of(chunks) == TEXT
    else:
        whole = answer.json()
        (choice,) = whole["choices"]
        assert (whole["object"], choice["message"]["content"]) == ("chat.completion", TEXT)
        assert choice["finish_reason"] == "stop"


def check_error(answer, status, code, attempts):
    """A refusal in OpenAI's shape."""
    assert (answer.status, answer.header("x-upstream-attempts")) == (status, str(attempts))
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    assert error["code"] == code


def both_ways(daemon, model, name, *attempts):
    """A stream and an object, asked for at one time of a script each: how each was answered."""
    scripts = {stream: f"{name}-{stream}" for stream in (True, False)}
    with contextlib.ExitStack() as stack:
        exchanges = {}
        for stream, script in scripts.items():
            model.script(script, *attempts)
            exchange = asking.open_completion(daemon, script, stream)
            exchanges[stream] = stack.enter_context(exchange)
        for stream, script in scripts.items():
            yield stream, exchanges[stream].whole(), script


# What a server asks for.

# Seconds that the next attempt is away at least.
WAITS = {
    "milliseconds": ({"retry-after-ms": "150"}, 0.15),
    "a part of a millisecond": ({"retry-after-ms": "120.5"}, 0.1205),
    "whole seconds": ({"Retry-After": "1"}, 1),
    "decimal seconds": ({"Retry-After": "0.25"}, 0.25),
    "milliseconds before seconds": ({"retry-after-ms": "100", "Retry-After": "120"}, 0.1),
    "milliseconds that are none": ({"retry-after-ms": "soon", "Retry-After": "0.2"}, 0.2),
}


@pytest.mark.parametrize("wait", WAITS)
def test_a_wish_is_waited_for(daemon, model, name, wait):
    fields, least = WAITS[wait]
    for stream, answer, script in both_ways(daemon, model, name, refusal(429, **fields), ANSWER):
        check_answer(answer, stream, attempts=2)
        (gap,) = spacing(model, script)
        assert gap >= least


def test_nobody_comes_before_the_date(daemon, model, name):
    date = int(time.time()) + 2
    date_here = time.monotonic() + date - time.time()
    wait = refusal(429, **{"Retry-After": formatdate(date, usegmt=True)})
    for stream, answer, script in both_ways(daemon, model, name, wait, ANSWER):
        check_answer(answer, stream, attempts=2)
        _, second = model.log(script)
        assert second["at"] / SECOND >= date_here - 0.02


NO_WAITS = {
    "absent": {},
    "zero": {"Retry-After": "0"},
    "zero with a fraction": {"Retry-After": "0.000"},
    "zero milliseconds": {"retry-after-ms": "0"},
    "negative": {"Retry-After": "-60"},
    "negative milliseconds": {"retry-after-ms": "-60000"},
    "words": {"Retry-After": "soon"},
    "a number and more": {"Retry-After": "3600 seconds"},
    "an exponent": {"Retry-After": "1e3"},
    "half a date": {"Retry-After": "Fri, 31 Dec 2060"},
    "a date long past": {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"},
}


@pytest.mark.parametrize("wait", NO_WAITS)
def test_without_a_wish_the_jitter_stays_below_its_cap(daemon, model, name, wait):
    fault = refusal(429, **NO_WAITS[wait])
    for stream, answer, script in both_ways(daemon, model, name, fault, fault, ANSWER):
        check_answer(answer, stream, attempts=3)
        gaps = spacing(model, script)
        assert len(gaps) == 2 and all(0 <= gap < CAP + SLACK for gap in gaps)


# Of more than a minute; what the client must be told.
LONG_WAITS = {
    "seconds": ({"Retry-After": "61"}, "61"),
    "decimal seconds": ({"Retry-After": "60.5"}, "60.5"),
    "an hour": ({"Retry-After": "3600"}, "3600"),
    "a date": ({"Retry-After": "Tue, 01 Jan 2075 00:00:00 GMT"}, "Tue, 01 Jan 2075 00:00:00 GMT"),
    "milliseconds and seconds": ({"retry-after-ms": "61000", "Retry-After": "61"}, "61"),
    "milliseconds": ({"retry-after-ms": "61000"}, "61"),
    "ten digits": ({"Retry-After": "4000000000"}, "4000000000"),
    "a date with the whole weekday": (
        {"Retry-After": "Tuesday, 01-Jan-75 00:00:00 GMT"},
        "Tuesday, 01-Jan-75 00:00:00 GMT",
    ),
    "a date of asctime": (
        {"Retry-After": "Tue Jan  1 00:00:00 2075"},
        "Tue Jan  1 00:00:00 2075",
    ),
}


@pytest.mark.parametrize("wait", LONG_WAITS)
def test_a_long_wish_is_the_clients(daemon, model, name, wait):
    fields, told = LONG_WAITS[wait]
    for _, answer, script in both_ways(daemon, model, name, refusal(429, **fields), ANSWER):
        check_error(answer, 429, "busy", attempts=1)
        assert answer.header("retry-after") == told
        assert len(model.log(script)) == 1


def test_a_date_beyond_all_lives_is_a_long_wish(model, name, tmp_path):
    upstream = {"name": "scripted", "kind": "openai", "baseURL": model.base_url, **UPSTREAM}
    models = [{"id": "*", "upstream": "scripted"}]
    daemon = Daemon({"upstreams": [upstream], "models": models}, tmp_path)
    try:
        far = "Fri, 31 Dec 9999 23:59:59 GMT"
        model.script(name, refusal(429, **{"Retry-After": far}), ANSWER)
        answer = asking.complete(daemon, name)
        check_error(answer, 429, "busy", attempts=1)
        assert answer.header("retry-after") == far
    finally:
        daemon.stop()


# What fails a few times.


@BOTH
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_two_retries_and_no_more(daemon, model, name, status, times, stream):
    model.script(name, *[refusal(status)] * times, ANSWER)
    answer = asking.complete(daemon, name, stream)
    if times <= 2:
        check_answer(answer, stream, attempts=times + 1)
    else:
        check_error(answer, status, "busy", attempts=3)
    gaps = spacing(model, name)
    assert len(gaps) == min(times, 2) and all(0 <= gap < CAP + SLACK for gap in gaps)


# What comes compressed though nobody asked for it.


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode()


CHUNKS = [chunk({"role": "assistant"}), chunk({"content": "Hello"}), chunk({"content": " there"})]
MARKED = [*CHUNKS, chunk({}, "stop"), DONE]
MESSAGE = {"role": "assistant", "content": TEXT}
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
}


def literal(data):
    return {"base64": base64.b64encode(data).decode()}


def gzipped(*parts, status=200, content="text/event-stream"):
    """Steps that send the parts so that each can be read before the next one comes."""
    gzip = zlib.compressobj(wbits=31)
    packed = [gzip.compress(part) + gzip.flush(zlib.Z_SYNC_FLUSH) for part in parts]
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content}\r\nContent-Encoding: gzip\r\n\r\n"
    return [literal(head.encode()), *map(literal, packed), literal(gzip.flush())]


def gzipped_json(value, status=200):
    return gzipped(json.dumps(value).encode(), status=status, content="application/json")


def test_a_compressed_stream_is_told_as_it_comes(daemon, model, name):
    *first, last, end = gzipped(b"".join(MARKED[:2]), b"".join(MARKED[2:]))
    model.script(name, [*first, {"gate": name}, last, end])
    with asking.open_completion(daemon, name) as exchange:
        exchange.read_body(b'"Hello"')
        model.open(name)
        check_answer(exchange.whole(), True, attempts=1)


# What is not as it should be, and whole all the same.

FINISHED = [{"role": True}, {"text": TEXT}, {"finish": "stop"}]
OLD = {"head": {"version": "1.0"}}
WHOLE = {
    "a compressed stream": gzipped(*MARKED),
    "a compressed stream, byte by byte": {"write": "bytes", "steps": gzipped(*MARKED)},
    "compressed JSON": gzipped_json(COMPLETION),
    "JSON, whatever was asked for": [{"json": COMPLETION}],
    "HTTP/1.0 with [DONE]": [OLD, *FINISHED, {"done": True}],
    "HTTP/1.0 without [DONE]": [OLD, *FINISHED],
    "HTTP/1.0 and JSON": [OLD, {"json": COMPLETION}],
    "no [DONE]": FINISHED,
    "a chunk cut behind the finish reason": [*FINISHED, {"truncate": 8}, {"done": True}],
}


@BOTH
@pytest.mark.parametrize("oddity", WHOLE)
def test_what_is_whole_is_delivered_whole(daemon, model, name, oddity, stream):
    model.script(name, WHOLE[oddity], [{"answer": "Another"}])
    check_answer(asking.complete(daemon, name, stream), stream, attempts=1)
    assert len(model.log(name)) == 1


# What breaks before there is anything to tell.

HEAD = {"head": {"framing": "chunked", "headers": {"Content-Type": "text/event-stream"}}}
CUT_JSON = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
BEFORE = {
    "a reset": [{"reset": True}],
    "a reset inside the head": [{"raw": "HTTP/1.1 200 OK\r\nCont"}, {"reset": True}],
    "a reset behind the head": [HEAD, {"sleep": "20ms"}, {"reset": True}],
    "an end": [{"close": True}],
    "an end inside the head": [{"raw": "HTTP/1.1 200 OK\r\nCont"}, {"close": True}],
    "an end behind the head": [HEAD, {"close": True}],
    "an end without a word": [HEAD, {"end": True}],
    "a comment and no more": [{"sse": ": wait\n\n"}, {"end": True}],
    "a chunk cut": [{"sse": ": wait\n\n"}, {"truncate": 40}, *ANSWER],
    "an object cut": [{"raw": CUT_JSON}, {"close": True}],
    "a compressed stream cut": [*gzipped(b": wait\n\n")[:-1], {"close": True}],
    "HTTP/1.0 without an event": [OLD, {"sse": ": wait\n\n"}, {"close": True}],
    # Its role is no content: a reader is told it once.
    "a role and no more": [{"role": True}, {"close": True}],
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", BEFORE)
def test_what_breaks_before_the_first_content_is_tried_again(daemon, model, name, fault, stream):
    steps = BEFORE[fault]
    model.script(name, steps, steps, ANSWER)
    # A head that went out with the role was written after the first attempt.
    told = 1 if stream and fault == "a role and no more" else 3
    check_answer(asking.complete(daemon, name, stream), stream, attempts=told)
    gaps = spacing(model, name)
    assert len(gaps) == 2 and all(0 <= gap < CAP + SLACK for gap in gaps)


# What is asked once.

PAGE = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p>Welcome!</p>"
FINAL = {
    "400": (refusal(400), 400, "busy"),
    "401": (refusal(401), 401, "busy"),
    "compressed 400": (gzipped_json(ERROR, status=400), 400, "busy"),
    "a page": ([{"raw": PAGE}], 502, "upstream_error"),
    "an object that is no completion": ([{"json": {"hello": 1}}], 502, "upstream_error"),
    "no choices": ([{"json": {**COMPLETION, "choices": []}}], 502, "upstream_error"),
    "a list": ([{"json": [COMPLETION]}], 502, "upstream_error"),
    "an error with status 200": ([{"json": ERROR}], 502, "busy"),
    "a compressed error with status 200": (gzipped_json(ERROR), 502, "busy"),
    "an error as the first event": ([{"event": ERROR}, {"text": "late"}], 502, "busy"),
}


@BOTH
@pytest.mark.parametrize("fault", FINAL)
def test_what_would_not_pass_is_told_at_once(daemon, model, name, fault, stream):
    steps, status, code = FINAL[fault]
    model.script(name, steps, ANSWER)
    answer = asking.complete(daemon, name, stream)
    check_error(answer, status, code, attempts=1)
    assert answer.header("content-encoding") is None
    assert len(model.log(name)) == 1


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_neither_followed_nor_tried_again(daemon, model, name, status, stream):
    elsewhere = f"{name}-elsewhere"
    model.script(elsewhere, ANSWER)
    model.script(name, refusal(status, Location=f"{model.base_url}/{elsewhere}"), ANSWER)
    answer = asking.complete(daemon, name, stream)
    check_error(answer, 502, "upstream_error", attempts=1)
    assert answer.header("location") is None
    assert len(model.log(name)) == 1 and model.log(elsewhere) == []


# What breaks inside the answer: what comes before, and the fault.

HELLO = [{"role": True}, {"text": TEXT}]
INSIDE = {
    "a reset": (HELLO, [{"reset": True}]),
    "an end": (HELLO, [{"close": True}]),
    "an end without a marker": (HELLO, []),
    "a chunk cut": (HELLO, [{"truncate": 40}, {"text": " late"}]),
    "an event cut": (HELLO, [{"sse": 'data: {"choices":[{"ind'}, {"end": True}]),
    "HTTP/1.0 without a marker": ([OLD, *HELLO], []),
    "a compressed stream cut": (gzipped(*CHUNKS)[:-1], [{"close": True}]),
    "a compressed stream without a marker": (gzipped(*CHUNKS), []),
}
# Of a reset that comes right behind it the content may be lost: only who reads it can wait for it.
INSIDE_OBJECTS = [fault for fault in INSIDE if fault != "a reset"]


def check_break(daemon, answer, code):
    """What was delivered stays, and an error ends it: for who asked, and who comes later."""
    assert (answer.status, answer.header("x-upstream-attempts")) == (200, "1")
    *chunks, _ = payloads(answer.body)
    assert text_of(chunks) == TEXT
    assert error_of(answer.body)["code"] == code and DONE not in answer.body
    *events, last = stream_events(asking.read(daemon, answer.stream_path).body)
    assert "".join(event.data["text"] for event in events) == TEXT
    assert (last.name, last.data["code"]) == ("error", code)


@pytest.mark.parametrize("fault", INSIDE)
def test_what_breaks_inside_a_stream_ends_it(daemon, model, name, fault):
    before, steps = INSIDE[fault]
    model.script(name, [*before, {"gate": name}, *steps], ANSWER)
    with asking.open_completion(daemon, name) as exchange:
        exchange.read_body(b" there")
        model.open(name)
        check_break(daemon, exchange.whole(), "upstream_error")
    assert len(model.log(name)) == 1


@pytest.mark.parametrize("fault", INSIDE_OBJECTS)
def test_what_breaks_inside_an_object_is_no_object(daemon, model, name, fault):
    before, steps = INSIDE[fault]
    model.script(name, [*before, *steps], ANSWER)
    check_error(asking.complete(daemon, name, False), 502, "upstream_error", attempts=1)
    assert len(model.log(name)) == 1


# What stalls.

NEVER = {"gate": "never"}
# Longer than the first event and a pause may take.
KEEP_ALIVES = [{"sse": ": still here\n\n"}, {"sleep": "50ms"}] * 16
STALLS = {
    "silence": [NEVER],
    "comments": [*KEEP_ALIVES, {"text": " late"}, {"done": True}],
    "half an event": [{"sse": 'data: {"choices":[{"ind'}, NEVER],
}
STALLS_BEFORE = {**STALLS, "a head": [HEAD, NEVER]}


@pytest.fixture(scope="module")
def hasty(start):
    return start({}, {**UPSTREAM, "timeouts": {**SHORT, "firstEvent": f"{FIRST_EVENT}s"}})


@pytest.mark.parametrize("stall", STALLS_BEFORE)
def test_a_stall_before_the_answer_is_tried_again(hasty, model, name, stall):
    began = time.monotonic()
    for stream, answer, script in both_ways(hasty, model, name, STALLS_BEFORE[stall], ANSWER):
        check_answer(answer, stream, attempts=2)
        _, second = model.log(script)
        assert second["at"] / SECOND - began >= FIRST_EVENT


@pytest.mark.parametrize("stall", STALLS)
def test_a_stall_inside_the_answer_is_its_end(hasty, model, name, stall):
    steps = [*HELLO, *STALLS[stall]]
    for stream, answer, script in both_ways(hasty, model, name, steps, ANSWER):
        if stream:
            check_break(hasty, answer, "upstream_timeout")
        else:
            check_error(answer, 504, "upstream_timeout", attempts=1)
        assert len(model.log(script)) == 1


# One deadline over all attempts.

TOTAL = 1
LIMITED = {**SHORT, "total": "1s"}


@pytest.fixture(scope="module")
def limited(start):
    """An upstream whose retries have less time than they would take."""
    retry = {"retries": 5, "base": "0s", "cap": "0s"}
    return start({}, {**UPSTREAM, "timeouts": LIMITED, "retry": retry})


def test_the_retries_share_one_deadline(limited, model, name):
    began = time.monotonic()
    for _, answer, script in both_ways(limited, model, name, [NEVER]):
        records = model.wait(script, "gone", len(model.log(script)))
        check_error(answer, 504, "upstream_timeout", attempts=len(records))
        assert 2 <= len(records) <= 4
        assert records[-1]["goneAt"] / SECOND - began >= TOTAL


def test_a_wish_beyond_the_deadline_is_the_clients(limited, model, name):
    wait = refusal(503, **{"Retry-After": "30"})
    for _, answer, script in both_ways(limited, model, name, wait, ANSWER):
        check_error(answer, 503, "busy", attempts=1)
        assert answer.header("retry-after") == "30"
        assert len(model.log(script)) == 1


# Two upstreams: what the first is at fault with, and how often each is asked.


@pytest.fixture(scope="module")
def unused():
    """A port that nobody listens on, nor gets while the tests run."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def two(start, model, unused):
    """A daemon with two upstreams, told apart by their paths; the second has all the time."""

    def make(**first):
        base = model.base_url
        if first.pop("refuses", False):
            first["baseURL"] = f"http://127.0.0.1:{unused}/v1"
        upstreams = [
            {"name": "first", "kind": "openai", "baseURL": base + "/first", **UPSTREAM, **first},
            {"name": "second", "kind": "openai", "baseURL": base + "/second", "idleConnections": 0},
        ]
        models = [{"id": "*", "upstream": "first", "fallbacks": ["second"]}]
        return start({"upstreams": upstreams, "models": models})

    return make


def asked(model, name):
    return ["first" if "/first/" in record["path"] else "second" for record in model.log(name)]


TWICE = {**QUICK["retry"], "retries": 1}
FIRST = {
    # Who refuses the connection sees nothing of the three attempts.
    "refuses the connection": ({"refuses": True}, [ANSWER], 4, ["second"]),
    "fails": ({"retry": TWICE}, [refusal(529)] * 2 + [ANSWER], 3, ["first", "first", "second"]),
    "resets": ({"retry": TWICE}, [BEFORE["a reset"]] * 2 + [ANSWER], 3, ["first"] * 2 + ["second"]),
    "stalls": (
        {"retry": TWICE, "timeouts": SHORT},
        [[NEVER], [NEVER], ANSWER],
        3,
        ["first", "first", "second"],
    ),
    "wants an hour": (
        {},
        [refusal(429, **{"Retry-After": "3600"}), ANSWER],
        2,
        ["first", "second"],
    ),
}


@pytest.mark.parametrize("fault", FIRST)
def test_the_next_upstream_is_asked(two, model, name, fault):
    settings, attempts, made, order = FIRST[fault]
    for stream, answer, script in both_ways(two(**settings), model, name, *attempts):
        check_answer(answer, stream, attempts=made)
        assert answer.header("x-upstream") == "second"
        assert asked(model, script) == order


def test_the_log_numbers_the_attempts_that_failed(two, model, name):
    daemon = two(retry=TWICE)
    model.script(name, refusal(500), refusal(500), ANSWER)
    check_answer(asking.complete(daemon, name), True, attempts=3)
    lines = daemon.wait_for_log(" upstream .* fault=", 2)
    assert [re.search(r" attempt=(\d+) ", line)[1] for line in lines] == ["1", "2"]


def test_the_next_upstream_shares_the_deadline(two, model, name):
    daemon = two(retry=TWICE, timeouts=LIMITED)
    began = time.monotonic()
    for _, answer, script in both_ways(daemon, model, name, [NEVER]):
        check_error(answer, 504, "upstream_timeout", attempts=3)
        assert asked(model, script) == ["first", "first", "second"]
        *_, last = model.wait(script, "gone", 3)
        assert last["goneAt"] / SECOND - began >= TOTAL
