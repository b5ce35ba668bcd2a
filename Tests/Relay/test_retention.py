"""Finished streams are kept for their time, and not longer."""

import time

from Support.processes import wait_until

from . import asking
from .events import stream_events
from .wire import Exchange

SETTINGS = {"streams": {"retention": "300ms"}, "loops": 2}


def is_gone(daemon, path):
    return asking.read(daemon, path, "json").status == 404


def test_a_finished_stream_is_forgotten_when_its_time_is_over(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"Hello")
        began = time.monotonic()
        model.open(name)
        reader.whole()
    wait_until(lambda: is_gone(daemon, path), "the stream to be forgotten")
    assert time.monotonic() - began >= 0.3
    for form in ("sse", "openai", "ndjson", "chunk", "json"):
        assert asking.read(daemon, path, form).status == 404
    assert asking.read(daemon, path, after=2).status == 404


def test_a_completion_is_kept_as_long(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    paths = [asking.complete(daemon, name, stream).stream_path for stream in (True, False)]
    for path in paths:
        wait_until(lambda path=path: is_gone(daemon, path), "the stream to be forgotten")


def test_a_running_stream_is_not_forgotten(daemon, model, name):
    model.script(name, [{"text": "Hello"}])
    short = asking.start_stream(daemon, name)
    late = [{"gate": name}, {"text": "you"}, {"done": True}]
    model.script(name + "-long", [{"text": "Hello"}, *late])
    long = asking.start_stream(daemon, name + "-long")
    wait_until(lambda: is_gone(daemon, short), "the other stream to be forgotten")
    assert asking.snapshot(daemon, long)["text"] == "Hello"
    model.open(name)
    model.wait(name + "-long", "finished")


def test_a_reader_that_has_begun_gets_it_all(daemon, model, name):
    text = "0123456789abcdef" * (1 << 16)
    model.script(name, [{"text": text, "tokens": 64}, {"done": True}])
    path = asking.start_stream(daemon, name)
    with Exchange(daemon.port, "GET", asking.reading(path)) as slow:
        slow.head()
        wait_until(lambda: is_gone(daemon, path), "the stream to be forgotten")
        *events, done = stream_events(slow.whole().body)
    assert "".join(event.data["text"] for event in events) == text
    assert done.name == "done"


def test_nothing_is_kept_where_that_is_configured(start, model, name):
    daemon = start({"streams": {"retention": "0s"}})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"Hello")
        model.open(name)
        assert stream_events(reader.whole().body)[-1].name == "done"
    wait_until(lambda: is_gone(daemon, path), "the stream to be forgotten")
