"""A stream that is silent gets comments, where its wire format has room for them."""

import json

from . import asking
from .events import DONE, PING, RETRY, blocks, error_of, stream_events

# The least that can be set.
SETTINGS = {"timeouts": {"heartbeat": "1s"}, "loops": 2}
HALF = 'data: {"choices":[{"index":0,"delta"'
REST = ':{"content":" there"}}]}\n\n'


def test_they_come_between_events_in_every_format_but_lines(daemon, model, name):
    """The upstream falls silent in the middle of an event: nobody may see half of one."""
    model.script(
        name, [{"text": "Hello"}, {"sse": HALF}, {"gate": name}, {"sse": REST}, {"done": True}]
    )
    with asking.open_completion(daemon, name) as asker:
        asker.read_body(b"Hello")
        path = asker.answer.stream_path
        forms = ("sse", "openai", "chunk", "ndjson")
        readers = {form: asking.open_read(daemon, path, form) for form in forms}
        readers["asker"] = asker
        for form, reader in readers.items():
            reader.read_body(b"Hello")
            if form != "ndjson":
                reader.read_until(lambda answer: answer.body.count(PING) >= 2)
        model.open(name)
        bodies = {form: bytes(reader.whole().body) for form, reader in readers.items()}
        for reader in readers.values():
            reader.close()

    for body in bodies.values():
        hello, there = body.index(b"Hello"), body.index(b"there")
        assert body.count(PING) == body[hello:there].count(PING) == body.count(b"ping")
    assert b"ping" not in bodies["ndjson"]
    types = [json.loads(line)["type"] for line in bodies["ndjson"].splitlines()]
    assert types == ["start", "token", "token", "done"]
    assert bodies["sse"].replace(PING, b"") == RETRY + (
        b'id: 1\ndata: {"text":"Hello"}\n\nid: 2\ndata: {"text":" there"}\n\n'
        b'id: 3\nevent: done\ndata: {"finishReason":null,"usage":null}\n\n'
    )
    assert bodies["chunk"].replace(PING, b"") == (
        b'data: {"chunk": "Hello"}\n\ndata: {"chunk": " there"}\n\n' + DONE
    )
    last = f"{HALF}{REST}".encode() + DONE
    for form in ("openai", "asker"):
        assert bodies[form].replace(PING, b"").endswith(last), bodies[form]


def test_a_reader_that_is_stuck_inside_an_event_gets_none_there(daemon, model, name):
    big = "x" * (1 << 20)
    late = [{"gate": name}, {"text": "late"}, {"done": True}]
    model.script(name, [{"text": big, "tokens": 1}, *late])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as stuck, asking.open_read(daemon, path) as other:
        stuck.head()
        other.read_until(lambda answer: answer.body.count(PING) >= 2)
        model.open(name)
        texts = [event.data.get("text") for event in stream_events(stuck.whole().body)]
        assert texts == [big, "late", None]


def test_an_upstream_that_is_silent_from_the_start_is_heard_of(daemon, model, name):
    model.script(name, [{"gate": name}, {"text": "Hello"}, {"done": True}])
    with asking.open_completion(daemon, name) as asker:
        asker.read_until(lambda answer: answer.body.count(PING) >= 1)
        assert asker.answer.status == 200 and blocks(asker.answer.body)[0] == PING.strip()
        model.open(name)
        assert bytes(asker.whole().body).replace(PING, b"").startswith(b"data: {")
        assert asker.answer.body.endswith(DONE)


def test_a_refusal_behind_a_heartbeat_is_an_event_and_else_an_answer(daemon, model, name):
    refusal = {"error": {"message": "no", "type": "t", "param": None, "code": "c"}}
    model.script(name, [{"gate": name}, {"head": {"status": 429}}, {"json": refusal}])
    with (
        asking.open_completion(daemon, name, stream=False) as whole,
        asking.open_completion(daemon, name) as streaming,
    ):
        assert streaming.head().status == 200
        model.open(name)
        body = bytes(streaming.whole().body).replace(PING, b"")
        assert error_of(body)["message"] and DONE not in body
        answer = whole.whole()
        assert (answer.status, answer.json()) == (429, refusal)
