"""Streams: the memory they may take, and what goes when it is tight."""

import json

import pytest

from . import asking
from .events import DONE, error_of, payloads, stream_events
from .wire import fetch

SETTINGS = {"streams": {"memory": "1MiB", "stream": "512KiB"}, "limits": {"generations": 50}}
KB = 1 << 10
TEXT = "x" * (60 * KB)
END = [{"text": "end"}, {"done": True}]


def finished_stream(daemon, name):
    """Of a completion: it is in memory and nowhere else."""
    path = asking.complete(daemon, name).stream_path
    assert asking.read(daemon, path).body.endswith(b"}\n\n")
    return path


def is_there(daemon, path):
    status = asking.read(daemon, path, "json").status
    assert status in (200, 404)
    return status == 200


def test_the_oldest_finished_streams_go_first_and_running_ones_stay(start, model, name):
    daemon = start(SETTINGS)
    model.script(name, [{"text": TEXT, "tokens": 60}, {"done": True}])
    model.script(name + "-on", [{"text": TEXT, "tokens": 60}, {"gate": name}, *END])
    paths = [finished_stream(daemon, name) for _ in range(2)]
    running = asking.start_stream(daemon, name + "-on")
    with asking.open_read(daemon, running) as reader:
        reader.read_body(b"id: 60\n")
        paths += [finished_stream(daemon, name) for _ in range(20)]
        kept = [is_there(daemon, path) for path in paths]
        # In order of age: those that have gone, then those that are there.
        assert kept == sorted(kept) and not kept[0] and kept[-1]
        # 60 KiB of text are about 75 KiB in each of two wire formats.
        assert 3 <= kept.count(True) <= 9
        for path in paths[kept.index(True) :]:
            assert asking.snapshot(daemon, path)["text"] == TEXT
        assert asking.snapshot(daemon, running)["status"] == "streaming"
        model.open(name)
        texts = [event.data.get("text") for event in stream_events(reader.whole().body)]
        assert "".join(texts[:-1]) == TEXT + "end"


def test_a_stored_stream_that_had_to_go_comes_back_from_the_archive(start, model, name):
    daemon = start(SETTINGS)
    model.script(name, [{"text": TEXT, "tokens": 60}, {"done": True}])
    paths = []
    for _ in range(20):
        # One after the other: running ones have their memory, and the next is refused.
        paths.append(asking.start_stream(daemon, name))
        asking.read(daemon, paths[-1])
    for path in paths:
        assert asking.snapshot(daemon, path)["text"] == TEXT


@pytest.fixture
def full(start, model, name):
    """A daemon whose memory running generations have filled, and a reader of each."""
    daemon = start(SETTINGS)
    model.script(name, [{"text": TEXT, "tokens": 60}, {"gate": name}, *END])
    readers = []
    for _ in range(30):
        reader = asking.open_completion(daemon, name)
        readers.append(reader)
        if reader.head().status != 200:
            break
        reader.read_until(lambda answer: len(answer.chunks) == 60)
    assert readers.pop().whole().status == 503
    yield daemon, readers
    for reader in readers:
        reader.close()


def test_memory_full_of_running_generations_refuses_new_ones(full, model, name):
    daemon, readers = full
    # 60 KiB of text in events are about 75 KiB.
    assert 8 <= len(readers) <= 16
    for path in (asking.STREAMS, asking.COMPLETIONS):
        answer = fetch(daemon.port, "POST", path, asking.body(name))
        assert (answer.status, answer.json()["error"]["code"]) == (503, "overloaded")
        assert int(answer.header("retry-after")) >= 1
    assert len(model.log(name)) == len(readers)
    model.open(name)
    for reader in readers:
        *chunks, done = payloads(reader.whole().body)
        deltas = [json.loads(chunk)["choices"][0]["delta"] for chunk in chunks]
        assert "".join(delta["content"] for delta in deltas) == TEXT + "end"
        assert done == b"[DONE]"
    # What has finished makes room.
    assert fetch(daemon.port, "POST", asking.STREAMS, asking.body(name)).status == 202


def test_generations_that_outgrow_the_memory_together_end_each_with_one_terminal_event(
    start, model, name
):
    daemon = start(SETTINGS)
    growth = {"text": "y" * 400 * KB, "tokens": 400}
    model.script(name, [{"text": "begin"}, {"gate": name}, growth, {"done": True}])
    readers = []
    for _ in range(6):
        readers.append(asking.open_completion(daemon, name))
        readers[-1].read_body(b"begin")
    model.open(name)
    ends = []
    for reader in readers:
        with reader:
            last = payloads(reader.whole().body)[-1]
            ends.append("done" if last == b"[DONE]" else error_of(reader.answer.body)["code"])
    assert set(ends) <= {"done", "overloaded"} and "overloaded" in ends
    model.script(name, [{"answer": "Hello"}])
    assert asking.complete(daemon, name).body.endswith(DONE)


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_larger_than_one_stream_may_be_ends_with_an_error(start, model, name, stream):
    daemon = start({"streams": {"stream": "64KiB"}})
    model.script(name, [{"text": "z" * 200 * KB, "tokens": 200}, {"gate": "never"}])
    answer = asking.complete(daemon, name, stream)
    if not stream:
        assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_error")
    else:
        assert answer.status == 200
        assert error_of(answer.body)["code"] == "upstream_error" and DONE not in answer.body
        assert 40 * KB < len(answer.body) < 70 * KB
        *events, last = stream_events(asking.read(daemon, answer.stream_path).body)
        assert last.name == "error" and last.id == len(events) + 1
    model.wait(name, "gone")


def test_more_generations_than_allowed_are_refused(start, model, name):
    daemon = start({"limits": {"generations": 2, "queuedGenerations": 0}, "loops": 2})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    paths = [asking.start_stream(daemon, name) for _ in range(2)]
    for path in (asking.STREAMS, asking.COMPLETIONS):
        answer = fetch(daemon.port, "POST", path, asking.body(name))
        assert (answer.status, answer.json()["error"]["code"]) == (503, "overloaded")
        assert int(answer.header("retry-after")) >= 1
    fetch(daemon.port, "DELETE", paths[0])
    third = asking.start_stream(daemon, name)
    assert fetch(daemon.port, "POST", asking.STREAMS, asking.body(name)).status == 503
    model.open(name)
    for path in (paths[1], third):
        assert stream_events(asking.read(daemon, path).body)[-1].name == "done"
    assert asking.complete(daemon, name).status == 200
