"""Streams: DELETE stops a generation, once and for all readers."""

import json
import time

import pytest

from . import asking
from .events import DONE, error_of, payloads, stream_events
from .wire import fetch

STEPS = [{"text": "Hello there", "tokens": 2}, {"gate": "never"}, {"text": "late"}, {"done": True}]
CANCELLED = {"finishReason": "cancelled", "usage": None}


def delete(daemon, path, headers=()):
    return fetch(daemon.port, "DELETE", path, headers=headers)


def test_readers_are_told_and_the_model_is_left(daemon, model, name):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name)
    forms = ("sse", "openai", "ndjson", "chunk")
    readers = {form: asking.open_read(daemon, path, form) for form in forms}
    for reader in readers.values():
        reader.read_body(b"there")
    answer = delete(daemon, path)
    assert answer.status == 200
    said = answer.json()
    assert (said["status"], said["finishReason"]) == ("cancelled", "cancelled")
    assert (said["text"], said["lastEventId"]) == ("Hello there", 3)
    bodies = {form: bytes(reader.whole().body) for form, reader in readers.items()}
    for reader in readers.values():
        reader.close()
    *events, done = stream_events(bodies["sse"])
    assert [event.data["text"] for event in events] == ["Hello", " there"]
    assert done == (3, "done", CANCELLED)
    assert len(payloads(bodies["openai"])) == 3
    assert error_of(bodies["openai"])["code"] == "cancelled"
    assert json.loads(bodies["ndjson"].split(b"\n")[-2])["type"] == "error"
    assert "error" in json.loads(payloads(bodies["chunk"])[-1])
    assert all(DONE not in body for body in bodies.values())
    (record,) = model.wait(name, "gone")
    assert record["eventsSent"] == 2


def test_what_was_delivered_is_kept(daemon, model, name):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"there")
        delete(daemon, path)
        whole = reader.whole()
    assert asking.read(daemon, path).body == whole.body
    found = asking.snapshot(daemon, path)
    assert (found["status"], found["text"]) == ("cancelled", "Hello there")
    assert asking.read(daemon, path, after=3).status == 204


def test_a_second_time_changes_nothing(daemon, model, name):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"there")
    first = delete(daemon, path)
    second = delete(daemon, path)
    assert (first.status, second.status) == (200, 200)
    assert {**first.json(), "subscribers": 0} == second.json()


def test_after_the_end_it_changes_nothing(daemon, model, name):
    model.script(name, [{"answer": "Hello there"}])
    path = asking.start_stream(daemon, name)
    before = asking.read(daemon, path).body
    answer = delete(daemon, path)
    assert (answer.status, answer.json()["status"]) == (200, "done")
    assert answer.json()["finishReason"] == "stop"
    assert asking.read(daemon, path).body == before


def test_before_the_first_event_it_ends_an_empty_stream(daemon, model, name):
    model.script(name, STEPS[1:])
    path = asking.start_stream(daemon, name)
    model.wait(name, "attempt")
    assert delete(daemon, path).json()["text"] == ""
    (done,) = stream_events(asking.read(daemon, path).body)
    assert done == (1, "done", CANCELLED)
    model.wait(name, "gone")


def test_at_once_it_ends_a_stream_wherever_its_request_is(daemon, model, name):
    model.script(name, STEPS)
    paths = [asking.start_stream(daemon, name) for _ in range(20)]
    assert {delete(daemon, path).json()["status"] for path in paths} == {"cancelled"}
    for path in paths:
        assert stream_events(asking.read(daemon, path).body)[-1].data == CANCELLED
    asked = len(model.log(name))
    if asked:
        model.wait(name, "gone", asked)


def test_the_one_who_asked_is_told_too(daemon, model, name):
    model.script(name, STEPS)
    with asking.open_completion(daemon, name) as asker:
        asker.read_body(b"there")
        assert delete(daemon, asker.answer.stream_path).status == 200
        assert error_of(asker.whole().body)["code"] == "cancelled"
        assert len(payloads(asker.answer.body)) == 3


@pytest.fixture
def locked(start, tmp_path):
    """A daemon that asks for a key, and the header that has it."""
    file = tmp_path / "key"
    file.write_text("a-key\n")
    file.chmod(0o600)

    def locked(**streams):
        keys = [{"name": "client", "file": str(file)}]
        return start({"keys": keys, "streams": streams}), {"Authorization": "Bearer a-key"}

    return locked


def test_stopping_takes_a_key_and_reading_does_not(locked, model, name):
    daemon, key = locked()
    model.script(name, STEPS)
    answer = fetch(daemon.port, "POST", asking.STREAMS, asking.body(name), key)
    path = answer.header("location")
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"there")
        assert delete(daemon, path).status == 401
        assert delete(daemon, path, {"Authorization": "Bearer b-key"}).status == 401
        assert asking.snapshot(daemon, path)["status"] == "streaming"
        assert delete(daemon, path, key).status == 200
        assert stream_events(reader.whole().body)[-1].data == CANCELLED


def test_reading_takes_a_key_where_that_is_configured(locked, model, name):
    daemon, key = locked(requireKeyToRead=True)
    model.script(name, [{"answer": "Hello"}])
    answer = fetch(daemon.port, "POST", asking.STREAMS, asking.body(name), key)
    path = answer.header("location")
    for form in ("sse", "json"):
        refused = asking.read(daemon, path, form)
        assert (refused.status, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        assert asking.read(daemon, path, form, key).status == 200


def test_many_stop_at_once_and_one_end_comes(daemon, model, name):
    model.script(name, STEPS)
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"there")
        began = time.monotonic()
        statuses = {delete(daemon, path).status for _ in range(10)}
        assert statuses == {200}
        assert time.monotonic() - began < 10
        names = [event.name for event in stream_events(reader.whole().body)]
    assert names == [None, None, "done"]
