"""Completions: answers that are not streams, and what upstreams send that do not do as asked."""

import json

import pytest

from . import asking
from .events import DONE, error_of, payloads

# Spelled as no JSON writer would: a client gets it as it is.
ANSWER = (
    '{ "id":"c1",\n "object" : "chat.completion", "created":1, "model":"m",\r\n\t"choices":[{'
    '"index":0,"message":{"role":"assistant","content":"a\\/\\u0041é","refusal":null,'
    '"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},'
    '"logprobs":{"content":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,'
    '"completion_tokens":2,"total_tokens":3,"details":{"cached":1.0}},"x":1E2 }\n'
)


def literal(text, content_type="application/json", status="200 OK"):
    """A step that writes a whole answer of the upstream, in spellings that no script makes."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
    length = len(text.encode())
    # In `raw` a character is a byte.
    return {"raw": f"{head}Content-Length: {length}\r\n\r\n" + text.encode().decode("latin-1")}


def test_the_upstreams_object_is_passed_on_verbatim(daemon, model, name):
    model.script(name, [literal(ANSWER)])
    answer = asking.complete(daemon, name, stream=False)
    assert answer.status == 200
    assert answer.header("content-type") == "application/json"
    assert answer.header("x-stream-id") and answer.header("x-request-id")
    assert answer.body.decode() == ANSWER


def test_an_object_in_many_pieces_is_passed_on_verbatim(daemon, model, name):
    step = literal(ANSWER, "application/json; charset=utf-8")
    model.script(name, {"write": "bytes", "steps": [step]})
    assert asking.complete(daemon, name, stream=False).body.decode() == ANSWER


def test_readers_of_the_stream_get_an_answer_that_was_no_stream(daemon, model, name):
    model.script(name, [{"answer": "Hello there"}])
    answer = asking.complete(daemon, name, stream=False)
    assert json.loads(answer.body)["object"] == "chat.completion"
    assert asking.snapshot(daemon, answer.stream_path)["text"] == "Hello there"


def test_a_stream_that_nobody_asked_for_becomes_one_object(daemon, model, name):
    begin = {"name": "f", "arguments": ""}
    call = {"index": 0, "id": "call_1", "type": "function", "function": begin}
    more = {"index": 0, "function": {"arguments": '{"q":1}'}}
    finish = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m"}

    def delta(**fields):
        choice = {"index": 0, "delta": fields, "finish_reason": None}
        return {"event": {**chunk, "choices": [choice]}}

    model.script(
        name,
        [
            delta(role="assistant", content=""),
            delta(content="Hel"),
            delta(content="lo"),
            delta(reasoning_content="Hm."),
            delta(tool_calls=[call]),
            delta(tool_calls=[more]),
            {"event": {**chunk, "choices": [finish]}},
            {"event": {**chunk, "choices": [], "usage": usage}},
            {"done": True},
        ],
    )
    answer = asking.complete(daemon, name, stream=False)
    assert answer.status == 200 and answer.header("content-type") == "application/json"
    whole = answer.json()
    (choice,) = whole["choices"]
    assert {key: whole[key] for key in chunk} == {**chunk, "object": "chat.completion"}
    assert choice["index"] == 0 and choice["finish_reason"] == "tool_calls"
    message = choice["message"]
    assert (message["role"], message["content"]) == ("assistant", "Hello")
    assert message["reasoning_content"] == "Hm."
    (made,) = message["tool_calls"]
    assert (made["id"], made["type"]) == ("call_1", "function")
    assert made["function"] == {"name": "f", "arguments": '{"q":1}'}
    assert whole["usage"] == usage


def test_an_object_where_a_stream_was_asked_for_becomes_chunks(daemon, model, name):
    model.script(name, [literal(ANSWER)])
    answer = asking.complete(daemon, name)
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    *texts, done = payloads(answer.body)
    assert done == b"[DONE]"
    chunks = [json.loads(text) for text in texts]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == "a/Aé"
    (call,) = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert call["index"] == 0 and call["function"] == {"name": "f", "arguments": "{}"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


GARBAGE = ["<html>no</html>", '{"cut":', "", "[]", "12", '{"choices":[{"ind']


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/x-ndjson"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_in_place_of_json_is_502(daemon, model, name, text, stream, content_type):
    model.script(name, [literal(text, content_type)])
    answer = asking.complete(daemon, name, stream)
    assert answer.status == 502
    error = answer.json()["error"]
    assert error["code"] == "upstream_error" and error["type"] == "upstream_error"
    assert DONE not in answer.body


@pytest.mark.parametrize("text", ["{}", '{"id":"c1"}', '{"choices":null}'])
@pytest.mark.parametrize("stream", [True, False])
def test_json_that_is_no_completion_is_502(daemon, model, name, text, stream):
    model.script(name, [literal(text)])
    answer = asking.complete(daemon, name, stream)
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("text", ["not JSON", '{"a":', "[1]", '"text"'])
def test_an_event_that_is_no_object_is_502_before_the_first_one(daemon, model, name, text):
    model.script(name, [{"sse": f"data: {text}\n\ndata: [DONE]\n\n"}])
    for stream in (True, False):
        answer = asking.complete(daemon, name, stream)
        assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("text", ["not JSON", '{"a":', "[1]", '"text"'])
def test_an_event_that_is_no_object_ends_a_stream_with_an_error(daemon, model, name, text):
    model.script(name, [{"text": "Hello"}, {"sse": f"data: {text}\n\n"}, {"done": True}])
    answer = asking.complete(daemon, name)
    assert answer.status == 200
    assert len(payloads(answer.body)) == 2 and error_of(answer.body)["code"] == "upstream_error"


def test_a_stream_without_any_content_is_complete_with_its_marker(daemon, model, name):
    model.script(name, [{"done": True}])
    answer = asking.complete(daemon, name)
    assert answer.status == 200 and bytes(answer.body) == DONE


def test_an_answer_beyond_the_limit_is_502(start, model, name):
    daemon = start({"limits": {"answer": "1KiB", "event": "1KiB"}})
    model.script(name, [literal(ANSWER.rstrip()[:-1] + ',"y":"' + "z" * 2000 + '"}')])
    assert asking.complete(daemon, name, stream=False).status == 502
    model.script(name, [{"text": "Hello", "tokens": 1}, {"text": "z" * 2000, "tokens": 1}])
    answer = asking.complete(daemon, name)
    assert len(payloads(answer.body)) == 2 and error_of(answer.body)["code"] == "upstream_error"
