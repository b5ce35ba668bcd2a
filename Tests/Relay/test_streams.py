"""Streams: an answer made in the background, read in every wire format."""

import json
import re

import pytest

from . import asking
from .events import DONE, RETRY, payloads, stream_events
from .wire import fetch

WORDS = ["  Hello", " \\/", " wörld", " 中文", ' "q"\n', " 😀", " \u2028", "  "]
USAGE = {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13}
OURS = {"promptTokens": 5, "completionTokens": 8, "totalTokens": 13}


def chunk(text):
    return {"event": {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}}


STEPS = [
    *[chunk(word) for word in WORDS],
    {"event": {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}},
    {"event": {"choices": [], "usage": USAGE}},
    {"done": True},
]


@pytest.fixture(params=["while it runs", "when it is over"])
def path(request, daemon, model, name):
    """A stream whose model waits in the middle until the reader has come, or one that has ended."""
    model.script(name, [*STEPS[:4], {"gate": name}, *STEPS[4:]])
    path = asking.start_stream(daemon, name)
    if request.param == "when it is over":
        model.open(name)
        asking.read(daemon, path)
    return path


def read(daemon, model, name, path, form):
    """The whole stream, whose gate opens when half of it has been read."""
    with asking.open_read(daemon, path, form) as exchange:
        exchange.read_until(lambda answer: "中文".encode() in answer.body)
        model.open(name)
        return exchange.whole()


def test_a_stream_is_accepted_at_once(daemon, model, name):
    model.script(name, [{"gate": name}, {"answer": "Hello"}])
    answer = fetch(daemon.port, "POST", asking.STREAMS, asking.body(name))
    assert answer.status == 202
    said = answer.json()
    assert list(said) == ["id", "status", "createdAt", "url"]
    assert re.fullmatch(r"strm_[0-9A-Za-z]{22,}", said["id"])
    assert said["status"] == "streaming"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["createdAt"])
    assert said["url"] == answer.header("location") == f"/v1/streams/{said['id']}"
    assert answer.header("x-stream-id") == said["id"]
    model.open(name)
    assert asking.read(daemon, said["url"]).status == 200


@pytest.mark.parametrize("fields", [{"stream": True}, {"stream": False}, {"stream": None}])
def test_the_model_streams_whatever_the_body_says(daemon, model, name, fields):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name, **fields)
    assert asking.read(daemon, path).status == 200
    body = json.loads(model.log(name)[0]["body"])
    assert body["stream"] is True and body["stream_options"] == {"include_usage": True}


def test_a_body_without_stream_is_streamed_too(daemon, model, name):
    model.script(name, STEPS)
    body = {"model": name, "messages": asking.MESSAGES}
    answer = fetch(daemon.port, "POST", asking.STREAMS, body)
    assert answer.status == 202
    asking.read(daemon, answer.header("location"))
    assert json.loads(model.log(name)[0]["body"]) == {
        **body,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_sse_has_the_retry_time_numbered_texts_and_the_end(daemon, model, name, path):
    answer = read(daemon, model, name, path, "sse")
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    spelled = ["  Hello", r" \\/", " wörld", " 中文", r" \"q\"\n", " 😀", r" \u2028", "  "]
    texts = "".join(
        f'id: {number}\ndata: {{"text":"{text}"}}\n\n' for number, text in enumerate(spelled, 1)
    ).encode()
    assert bytes(answer.body) == RETRY + texts + (
        b'id: 11\nevent: done\ndata: {"finishReason":"length","usage":{"promptTokens":5,'
        b'"completionTokens":8,"totalTokens":13}}\n\n'
    )


def test_openai_has_the_upstreams_chunks(daemon, model, name, path):
    answer = read(daemon, model, name, path, "openai")
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    found = payloads(answer.body)
    assert found.pop() == b"[DONE]"
    assert [json.loads(text) for text in found] == [step["event"] for step in STEPS[:-1]]


def test_ndjson_has_the_start_the_tokens_and_the_trimmed_message(daemon, model, name, path):
    answer = read(daemon, model, name, path, "ndjson")
    assert answer.header("content-type") == "application/x-ndjson; charset=utf-8"
    assert answer.body.endswith(b"\n")
    identifier = path.rsplit("/", 1)[1]
    lines = [json.loads(line) for line in bytes(answer.body).split(b"\n")[:-1]]
    assert lines == [
        {"type": "start", "conversationId": identifier},
        *[{"type": "token", "token": word} for word in WORDS],
        {"type": "done", "message": "".join(WORDS).strip(), "conversationId": identifier},
    ]


def test_chunk_has_the_texts_and_the_marker(daemon, model, name, path):
    answer = read(daemon, model, name, path, "chunk")
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    found = payloads(answer.body)
    assert found.pop() == b"[DONE]"
    assert all(text.startswith(b'{"chunk": ') for text in found)
    assert [json.loads(text) for text in found] == [{"chunk": word} for word in WORDS]


def test_a_snapshot_says_how_far_it_is(daemon, model, name):
    model.script(name, [*STEPS[:4], {"gate": name}, *STEPS[4:]])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as exchange:
        exchange.read_body("中文".encode())
        now = asking.snapshot(daemon, path)
        created = now.pop("createdAt")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
        expected = {
            "id": path.rsplit("/", 1)[1],
            "status": "streaming",
            "text": "".join(WORDS[:4]),
            "finishReason": None,
            "usage": None,
            "lastEventId": 4,
            "subscribers": 1,
        }
        assert now == expected
        model.open(name)
        exchange.whole()
    assert asking.snapshot(daemon, path) == {
        **expected,
        "status": "done",
        "text": "".join(WORDS),
        "finishReason": "length",
        "usage": OURS,
        "createdAt": created,
        "lastEventId": 11,
        "subscribers": 0,
    }


def test_a_snapshot_of_a_failure_says_which(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"close": True}])
    path = asking.start_stream(daemon, name)
    asking.read(daemon, path)
    found = asking.snapshot(daemon, path)
    assert (found["status"], found["text"], found["lastEventId"]) == ("error", "Hello", 2)
    assert found["error"]["code"] == "upstream_error"


ACCEPTED = {
    "text/event-stream": "text/event-stream; charset=utf-8",
    "text/event-stream, application/json": "text/event-stream; charset=utf-8",
    "application/x-ndjson": "application/x-ndjson; charset=utf-8",
    "application/json": "application/json",
    "application/json, text/plain;q=0.5": "application/json",
    "*/*": "text/event-stream; charset=utf-8",
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_accept_chooses_the_format(daemon, model, name, accept):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name)
    answer = fetch(daemon.port, "GET", path, headers={"Accept": accept})
    assert (answer.status, answer.header("content-type")) == (200, ACCEPTED[accept])
    other = fetch(daemon.port, "GET", path + "?format=chunk", headers={"Accept": accept})
    assert other.body.startswith(b'data: {"chunk": ') and other.body.endswith(DONE)


@pytest.mark.parametrize("form", ["xml", "", "SSE", "sse%20", "openai,sse"])
def test_an_unknown_format_is_400(daemon, model, name, form):
    model.script(name, STEPS)
    answer = asking.read(daemon, asking.start_stream(daemon, name), form)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "invalid_request"


UNKNOWN = ["strm_" + "0" * 23, "strm_z" + "0" * 22, "strm_", "x", "strm_0" + "%20" * 22, "..."]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("form", ["sse", "json", "openai"])
@pytest.mark.parametrize("identifier", UNKNOWN)
def test_an_unknown_stream_is_404(daemon, identifier, form, method):
    answer = fetch(daemon.port, method, asking.reading(f"/v1/streams/{identifier}", form))
    assert answer.status == 404
    assert answer.json()["error"] == {
        "code": "not_found",
        "message": answer.json()["error"]["message"],
        "retryable": False,
    }


def test_the_head_of_a_reading_is_that_of_a_stream(daemon, model, name, path):
    answer = read(daemon, model, name, path, "sse")
    assert answer.header("cache-control") == "no-cache, no-transform"
    assert answer.header("x-accel-buffering") == "no"
    assert answer.header("x-stream-id") == path.rsplit("/", 1)[1]
    assert answer.header("x-request-id")


def test_the_one_who_asked_and_a_reader_read_at_the_same_time(daemon, model, name):
    model.script(name, [*STEPS[:4], {"gate": name}, *STEPS[4:]])
    with asking.open_completion(daemon, name) as asker:
        asker.read_body("中文".encode())
        with asking.open_read(daemon, asker.answer.stream_path) as reader:
            reader.read_body("中文".encode())
            assert asking.snapshot(daemon, asker.answer.stream_path)["subscribers"] == 2
            model.open(name)
            assert asker.whole().body.endswith(DONE)
            *events, last = stream_events(reader.whole().body)
    assert [event.data["text"] for event in events] == WORDS
    assert last.data == {"finishReason": "length", "usage": OURS}
    assert len(payloads(asker.answer.body)) == len(WORDS) + 2
    assert len(model.log(name)) == 1


def test_an_empty_answer_is_said_to_be_one(daemon, model, name):
    model.script(name, [{"finish": "stop"}, {"done": True}])
    path = asking.start_stream(daemon, name)
    (done,) = stream_events(asking.read(daemon, path).body)
    assert (done.id, done.data) == (2, {"finishReason": "stop", "usage": None})
    last = json.loads(bytes(asking.read(daemon, path, "ndjson").body).split(b"\n")[-2])
    assert last["message"] == "I could not generate a response right now."
    assert bytes(asking.read(daemon, path, "chunk").body) == DONE
