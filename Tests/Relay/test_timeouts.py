"""Upstreams that are too slow: 504 before the first event, a terminal error behind it; and the
upstream sees us go."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest

from . import asking
from .events import DONE, error_of, payloads, stream_events

FIRST, IDLE, TOTAL = 0.3, 0.3, 1.2
UPSTREAM = {
    "timeouts": {"connect": "200ms", "firstEvent": "300ms", "idle": "300ms", "total": "1200ms"}
}
# Longer than the first event and a pause may take, shorter than the whole.
KEEP_ALIVES = [{"sse": ": still here\n\n"}, {"sleep": "50ms"}] * 16
EMPTY = {"event": {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}}
SILENCES = {
    "before the head": [{"gate": "never"}, {"text": "late"}],
    "behind the head": [{"head": {}}, {"gate": "never"}, {"text": "late"}],
    "but for comments": [*KEEP_ALIVES, {"text": "late"}],
    "inside the first event": [{"sse": 'data: {"choices":[{"index":0,'}, {"gate": "never"}],
}


def asked_at_once(daemon, model, name, scripts, stream=True):
    """Each script's key, its name, and the exchange that has asked for it: all are under way."""
    with contextlib.ExitStack() as stack:
        asked = []
        for number, (key, steps) in enumerate(scripts.items()):
            script = f"{name}-{number}"
            model.script(script, steps)
            exchange = stack.enter_context(asking.open_completion(daemon, script, stream))
            asked.append((key, script, exchange))
        yield from asked


def gone_after(model, name, began):
    """Seconds from a moment before the request to when the upstream saw its client go.

    Not from when the upstream saw it come, which on a busy machine is late.
    """
    (record,) = model.wait(name, "gone")
    return record["goneAt"] / 1e9 - began


@pytest.mark.parametrize("stream", [True, False])
def test_no_first_event_in_time_is_504(daemon, model, name, stream):
    began = time.monotonic()
    for silence, script, exchange in asked_at_once(daemon, model, name, SILENCES, stream):
        answer = exchange.whole()
        assert time.monotonic() - began >= FIRST
        assert (answer.status, answer.json()["error"]["code"]) == (504, "upstream_timeout"), silence
        assert gone_after(model, script, began) >= FIRST


def test_no_object_in_time_is_504(daemon, model, name):
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    drops = [{"raw": " "}, {"sleep": "50ms"}] * 16
    model.script(name, [{"raw": head + '{"choices":'}, *drops])
    began = time.monotonic()
    answer = asking.complete(daemon, name, stream=False)
    assert (answer.status, answer.json()["error"]["code"]) == (504, "upstream_timeout")
    assert gone_after(model, name, began) >= FIRST


def test_no_end_of_a_refusal_in_time_is_504(daemon, model, name):
    head = "HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    model.script(name, [{"raw": head + '{"error":'}, {"gate": "never"}])
    answer = asking.complete(daemon, name)
    assert answer.json()["error"]["code"] == "upstream_timeout" and answer.status == 504


STALLS = {
    "silent": [{"gate": "never"}],
    "but for comments": KEEP_ALIVES,
    "but for empty chunks": [EMPTY, {"sleep": "50ms"}] * 16,
    "inside an event": [{"sse": 'data: {"choices":[{"index":0,'}, {"gate": "never"}],
}


def test_a_stall_inside_the_answer_ends_it_with_an_error(daemon, model, name):
    scripts = {
        stall: [{"text": "Hello there"}, *steps, {"done": True}] for stall, steps in STALLS.items()
    }
    began = time.monotonic()
    for stall, script, exchange in asked_at_once(daemon, model, name, scripts):
        answer = exchange.whole()
        assert answer.status == 200
        chunks = payloads(answer.body)
        assert b"there" in chunks[1] and DONE not in answer.body, stall
        assert len(chunks) == 3 or stall == "but for empty chunks"
        assert error_of(answer.body)["code"] == "upstream_timeout"
        assert gone_after(model, script, began) >= IDLE
        *events, last = stream_events(asking.read(daemon, answer.stream_path).body)
        assert "".join(event.data["text"] for event in events) == "Hello there"
        assert (last.id, last.name) == (len(chunks), "error")
        assert last.data["code"] == "upstream_timeout"


def test_content_pushes_the_idle_time_out_back(daemon, model, name):
    model.script(name, [{"text": "a b c d e f g h", "pace": "60ms"}, {"done": True}])
    answer = asking.complete(daemon, name)
    assert len(payloads(answer.body)) == 9 and answer.body.endswith(DONE)


def test_an_answer_that_never_ends_is_ended(daemon, model, name):
    model.script(name, [{"stamped": 1000, "pace": "20ms"}])
    began = time.monotonic()
    with (
        asking.open_completion(daemon, name) as streaming,
        asking.open_completion(daemon, name, stream=False) as whole,
    ):
        body = streaming.whole().body
        assert time.monotonic() - began >= TOTAL
        assert error_of(body)["code"] == "upstream_timeout" and DONE not in body
        assert len(payloads(body)) > 10
        answer = whole.whole()
        assert (answer.status, answer.json()["error"]["code"]) == (504, "upstream_timeout")
    for record in model.wait(name, "gone", 2):
        assert record["goneAt"] / 1e9 - began >= TOTAL


def test_a_marker_ends_an_answer_whose_connection_stays_open(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"done": True}, {"gate": "never"}])
    answer = asking.complete(daemon, name)
    assert answer.body.endswith(DONE) and len(payloads(answer.body)) == 2
    model.wait(name, "gone")


@pytest.fixture
def unanswered():
    """An address whose connections are never accepted nor refused: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
            waiting.append(connection)
        yield listener.getsockname()[1]
        for connection in waiting:
            connection.close()


@pytest.mark.parametrize("stream", [True, False])
def test_no_connection_in_time_is_504(start, unanswered, stream):
    upstream = {"baseURL": f"http://127.0.0.1:{unanswered}/v1", "timeouts": {"connect": "200ms"}}
    daemon = start({}, upstream)
    began = time.monotonic()
    answer = asking.complete(daemon, "any", stream)
    assert time.monotonic() - began >= 0.2
    assert (answer.status, answer.json()["error"]["code"]) == (504, "upstream_timeout")


ANSWER = json.dumps({
    "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
                 "finish_reason": "stop"}]}).encode()


def answer_once_and_go_dark(listener, fillers):
    """Keeps the connection, lets nobody else in, and closes it when the next request comes."""
    kept, _ = listener.accept()
    with kept:
        kept.recv(65536)
        kept.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        for _ in range(4):
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(listener.getsockname())
        kept.recv(65536)


def test_a_connection_made_in_place_of_a_dead_one_has_a_time_of_its_own(start):
    """libcurl takes a kept connection, finds it dead, and connects again by itself."""
    fillers = []
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        daemon = start({}, {
            "baseURL": f"http://127.0.0.1:{listener.getsockname()[1]}/v1",
            "timeouts": {"connect": "200ms", "firstEvent": "20s"}})
        server = threading.Thread(target=answer_once_and_go_dark, args=(listener, fillers))
        server.start()
        stack.callback(lambda: [filler.close() for filler in fillers])
        stack.callback(server.join)
        assert asking.complete(daemon, "any", False).status == 200
        assert asking.complete(daemon, "any", False).status == 504
        assert "timeout(connect)" in re.sub(r"[A-Z]\w+\.", "", daemon.log())
