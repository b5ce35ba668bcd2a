"""Streams: from whatever position a reader comes back, it gets exactly what it has not had."""

import json

import pytest

from . import asking
from .events import DONE, RETRY
from .wire import Exchange, fetch

FORMATS = ["sse", "openai", "ndjson", "chunk"]
# Thirty events; some of them are no text, so that not every format shows every event.
DELTAS = [{"role": "assistant", "content": ""}]
DELTAS += [{"content": f"word {number} é"} for number in range(13)]
DELTAS += [{"reasoning_content": "hm"}, {"tool_calls": [{"index": 0, "id": "c"}]}]
DELTAS += [{"content": f"word {number} é"} for number in range(13)]
FINISH = {"index": 0, "delta": {}, "finish_reason": "stop"}
CHUNKS = [{"choices": [{"index": 0, "delta": delta}]} for delta in DELTAS]
CHUNKS.append({"choices": [FINISH]})
COUNT = 30
TEXTS = [delta.get("content") for delta in DELTAS] + [None]
MESSAGE = "".join(text or "" for text in TEXTS)
assert len(CHUNKS) == COUNT


def spelled(value, spaces=False):
    return json.dumps(value, ensure_ascii=False, separators=None if spaces else (",", ":"))


def preamble(form, path):
    """What every connection gets first."""
    if form == "sse":
        return RETRY
    start = {"type": "start", "conversationId": path.rsplit("/", 1)[1]}
    return spelled(start).encode() + b"\n" if form == "ndjson" else b""


def event(form, number):
    """The bytes of event `number`, counted from 1."""
    text = TEXTS[number - 1]
    if form == "openai":
        return f"data: {spelled(CHUNKS[number - 1])}\n\n".encode()
    if not text:
        return b""
    return {
        "sse": f"id: {number}\ndata: {spelled({'text': text})}\n\n",
        "ndjson": spelled({"type": "token", "token": text}) + "\n",
        "chunk": f"data: {spelled({'chunk': text}, spaces=True)}\n\n",
    }[form].encode()


def ending(form, path):
    if form == "ndjson":
        identifier = path.rsplit("/", 1)[1]
        done = {"type": "done", "message": MESSAGE, "conversationId": identifier}
        return spelled(done).encode() + b"\n"
    if form == "sse":
        done = spelled({"finishReason": "stop", "usage": None})
        return f"id: {COUNT + 1}\nevent: done\ndata: {done}\n\n".encode()
    return DONE


def rest(form, path, after):
    """All that a reader gets who has had `after` events."""
    events = b"".join(event(form, number) for number in range(after + 1, COUNT + 1))
    return preamble(form, path) + events + ending(form, path)


def finished_stream(daemon, model, name):
    model.script(name, [*[{"event": chunk} for chunk in CHUNKS], {"done": True}])
    path = asking.start_stream(daemon, name)
    asking.read(daemon, path)
    return path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", ["header", "query"])
def test_from_every_position_of_a_finished_stream(daemon, model, name, form, place):
    path = finished_stream(daemon, model, name)
    for position in range(COUNT + 1):
        if place == "header":
            answer = asking.read(daemon, path, form, {"Last-Event-ID": position})
        else:
            answer = asking.read(daemon, path, form, after=position)
        assert answer.status == 200
        assert bytes(answer.body) == rest(form, path, position), position


@pytest.mark.parametrize("place", ["header", "query"])
def test_from_every_position_of_a_running_stream(daemon, model, name, place):
    """At each event four readers come to the tail, and four to a position before."""
    steps = []
    for number, chunk in enumerate(CHUNKS, 1):
        steps += [{"gate": f"{name}-{number}"}, {"event": chunk}]
    model.script(name, [*steps, {"gate": f"{name}-end"}, {"done": True}])
    path = asking.start_stream(daemon, name)
    readers = []

    def join(form, position):
        if place == "header":
            reader = asking.open_read(daemon, path, form, {"Last-Event-ID": position})
        else:
            reader = asking.open_read(daemon, path, form, after=position)
        readers.append((reader, form, position))
        assert reader.head().status == 200

    with asking.open_read(daemon, path, "openai") as first:
        for number in range(COUNT + 1):
            if number:
                model.open(f"{name}-{number}")
                first.read_until(lambda answer: len(answer.chunks) == number)
            for form in FORMATS:
                join(form, number)
                join(form, number * 7 % (number + 1))
        ahead = asking.read(daemon, path, after=COUNT + 1)
        assert ahead.status == 400
        model.open(f"{name}-end")
        assert bytes(first.whole().body) == rest("openai", path, 0)
    for reader, form, position in readers:
        with reader:
            assert bytes(reader.whole().body) == rest(form, path, position), (form, position)


def test_a_broken_reading_goes_on_where_it_broke(daemon, model, name):
    """Each reading is broken off inside whatever has come by then."""
    model.script(name, [*[{"event": chunk} for chunk in CHUNKS], {"done": True}])
    path = asking.start_stream(daemon, name)
    had, last = b"", 0
    for _ in range(COUNT):
        with asking.open_read(daemon, path, headers={"Last-Event-ID": last}) as reader:
            position = last
            reader.read_until(lambda answer: answer.body.count(b"\n\n") >= 2)
            body = bytes(reader.answer.body)
        assert body.startswith(RETRY)
        block = body[len(RETRY) :].partition(b"\n\n")[0] + b"\n\n"
        last = int(block.partition(b"\n")[0].removeprefix(b"id: "))
        assert last > position
        had += block
        if b"event: done" in block:
            break
    assert RETRY + had == rest("sse", path, 0)
    assert asking.read(daemon, path, headers={"Last-Event-ID": last}).status == 204


@pytest.mark.parametrize("form", FORMATS)
def test_past_the_terminal_event_there_is_204(daemon, model, name, form):
    path = finished_stream(daemon, model, name)
    for answer in (
        asking.read(daemon, path, form, after=COUNT + 1),
        asking.read(daemon, path, form, {"Last-Event-ID": COUNT + 1}),
    ):
        assert answer.status == 204 and bytes(answer.body) == b""


def test_the_header_counts_more_than_the_query(daemon, model, name):
    path = finished_stream(daemon, model, name)
    for header, query in ((20, 5), (5, 20), (20, "x"), (0, COUNT + 1)):
        answer = asking.read(daemon, path, headers={"Last-Event-ID": header}, after=query)
        assert bytes(answer.body) == rest("sse", path, header)


def test_an_empty_header_counts_as_none(daemon, model, name):
    path = finished_stream(daemon, model, name)
    answer = asking.read(daemon, path, headers={"Last-Event-ID": ""}, after=7)
    assert bytes(answer.body) == rest("sse", path, 7)


WRONG = ["32", "1000000", "9" * 30, "-1", "+1", "1.0", "0x1", "abc", "1 2", "1e1", "\u0661"]


@pytest.mark.parametrize("position", WRONG)
@pytest.mark.parametrize("place", ["header", "query"])
def test_a_position_that_does_not_exist_is_400(daemon, model, name, place, position):
    path = finished_stream(daemon, model, name)
    if place == "header":
        value = position.encode().decode("latin-1") if position.isascii() else "x1"
        answer = asking.read(daemon, path, headers={"Last-Event-ID": value})
    else:
        quoted = "".join(f"%{byte:02X}" for byte in position.encode())
        answer = asking.read(daemon, path, after=quoted)
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "invalid_request"


def test_an_empty_position_is_400(daemon, model, name):
    path = finished_stream(daemon, model, name)
    assert asking.read(daemon, path, after="").status == 400


def test_a_resumed_reading_keeps_its_connection(daemon, model, name):
    path = finished_stream(daemon, model, name)
    with Exchange(daemon.port, "GET", asking.reading(path, after=29)) as exchange:
        assert bytes(exchange.whole().body) == rest("sse", path, 29)
        assert exchange.answer.header("connection") is None


def test_an_unknown_stream_is_404_from_any_position(daemon):
    for position in (0, 1, 99):
        path = asking.reading("/v1/streams/strm_0" + "0" * 22, after=position)
        assert fetch(daemon.port, "GET", path).status == 404
