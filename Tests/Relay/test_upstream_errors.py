"""Completions: what a client is told of an upstream that refuses, is not there, or is at fault."""

import json
import socket

import pytest

from . import asking
from .events import error_of, payloads, stream_events

REFUSAL = {"error": {"message": "no", "type": "t", "param": None, "code": "c", "extra": [1.50]}}
JSON = json.dumps(REFUSAL, separators=(",", ":"))
STATUSES = [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 529]
PAGE = "<html><body>Bad é</body></html>"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_in_json_is_passed_on(daemon, model, name, status, stream):
    model.script(name, [{"head": {"status": status}}, {"json": REFUSAL}])
    answer = asking.complete(daemon, name, stream)
    assert answer.status == status
    assert answer.header("content-type") == "application/json"
    assert answer.body.decode() == JSON
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    assert answer.header("retry-after") is None


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_refusal_in_html_is_passed_on(daemon, model, name, status, stream):
    page = PAGE.encode().decode("latin-1")
    head = f"HTTP/1.1 {status} No\r\nContent-Type: text/html; charset=utf-8\r\n"
    model.script(name, [{"raw": f"{head}Content-Length: {len(page)}\r\n\r\n{page}"}])
    answer = asking.complete(daemon, name, stream)
    assert answer.status == status
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.body.decode() == PAGE


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_without_a_body_gets_one(daemon, model, name, status, stream):
    model.script(name, [{"head": {"status": status}}])
    answer = asking.complete(daemon, name, stream)
    assert answer.status == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]


BODIES = {"an error": [{"json": REFUSAL}], "an object": [{"json": {}}], "none": []}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("wait", ["7", "0.5", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_retry_after_is_passed_on(daemon, model, name, wait, body):
    steps = [{"head": {"status": 429, "headers": {"Retry-After": wait}}}]
    model.script(name, steps + BODIES[body])
    answer = asking.complete(daemon, name)
    assert (answer.status, answer.header("retry-after")) == (429, wait)


def test_a_refusal_that_was_cut_is_not_passed_on_in_half(daemon, model, name):
    text = "HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    model.script(name, [{"raw": text + '{"error":{"mess'}, {"close": True}])
    error = asking.complete(daemon, name).json()["error"]
    assert error["message"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(daemon, model, name, status, stream):
    model.script(name + "-elsewhere", [{"answer": "Got me"}])
    elsewhere = f"http://127.0.0.1:{model.port}/v1/{name}-elsewhere"
    model.script(name, [{"head": {"status": status, "headers": {"Location": elsewhere}}}])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")
    assert answer.header("location") is None
    assert len(model.log(name)) == 1 and model.log(name + "-elsewhere") == []


@pytest.mark.parametrize("status", [201, 202, 204, 206, 304])
def test_a_success_that_is_no_answer_is_502(daemon, model, name, status):
    model.script(name, [{"head": {"status": status}}])
    assert asking.complete(daemon, name).status == 502


def test_an_interim_answer_is_passed_over(daemon, model, name):
    model.script(name, [{"head": {"status": 103}}, {"answer": "Hello"}])
    assert asking.complete(daemon, name).body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [True, False])
def test_a_refused_connection_is_502(start, stream):
    with socket.socket() as unused:
        # Bound but not listening: nobody else gets the port while the test runs.
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        daemon = start({}, {"baseURL": url})
        answer = asking.complete(daemon, "any", stream)
        assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
        assert url not in answer.body.decode()
        path = asking.start_stream(daemon, "any")
        (event,) = stream_events(asking.read(daemon, path).body)
        assert (event.id, event.name, event.data["retryable"]) == (1, "error", True)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("bytes_sent", ["", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-"])
def test_an_answer_that_is_not_http_is_502(daemon, model, name, bytes_sent, stream):
    model.script(name, [{"raw": bytes_sent}, {"close": True}])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("stream", [True, False])
def test_a_reset_is_502(daemon, model, name, stream):
    model.script(name, [{"reset": True}])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_object_with_status_200_is_502_with_that_object(daemon, model, name, stream):
    model.script(name, [{"json": REFUSAL}])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.json()) == (502, REFUSAL)
    assert answer.body.decode() == JSON


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_as_the_first_event_is_502_with_that_object(daemon, model, name, stream):
    model.script(name, [{"event": REFUSAL}, {"done": True}])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.body.decode()) == (502, JSON)


def test_an_error_inside_a_stream_is_its_last_event(daemon, model, name):
    late = [{"text": "late"}, {"done": True}]
    model.script(name, [{"text": "Hello there"}, {"event": REFUSAL}, *late])
    answer = asking.complete(daemon, name)
    assert answer.status == 200
    *chunks, error = payloads(answer.body)
    assert len(chunks) == 2 and error.decode() == JSON
    *events, last = stream_events(asking.read(daemon, answer.stream_path).body)
    assert [event.data for event in events] == [{"text": "Hello"}, {"text": " there"}]
    assert (last.id, last.name) == (3, "error")
    assert last.data == {"code": "upstream_error", "message": "no", "retryable": True}


def test_an_error_inside_a_stream_is_the_answer_to_who_wants_one_object(daemon, model, name):
    model.script(name, [{"text": "Hello there"}, {"event": REFUSAL}])
    answer = asking.complete(daemon, name, stream=False)
    assert (answer.status, answer.body.decode()) == (502, JSON)


def test_a_stream_that_is_cut_is_no_object(daemon, model, name):
    model.script(name, [{"text": "Hello there"}, {"close": True}])
    answer = asking.complete(daemon, name, stream=False)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")


def test_a_reset_inside_a_stream_is_its_last_event(daemon, model, name):
    model.script(name, [{"text": "Hello there"}, {"gate": name}, {"reset": True}])
    with asking.open_completion(daemon, name) as exchange:
        exchange.read_body(b'" there"')
        model.open(name)
        assert error_of(exchange.whole().body)["code"] == "upstream_error"
        assert len(payloads(exchange.answer.body)) == 3
