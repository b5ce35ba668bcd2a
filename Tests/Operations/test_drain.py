"""SIGTERM: nothing more begins, what runs comes to its end, and readers do not come back at once."""

import re
import signal
import socket

import pytest
from Relay import asking
from Relay.events import DONE, error_of, stream_events
from Relay.wire import HOST, fetch



def slow(name):
    return [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}]


def draining(daemon):
    daemon.process.terminate()
    ready = asking.wait_until(
        lambda: (answer := fetch(daemon.port, "GET", "/readyz")).status == 503 and answer,
        "the daemon to be unready",
    )
    assert (ready.json()["status"], ready.json()["reason"]) == ("unready", "draining")


@pytest.fixture
def held(serve, manager, model, name):
    """A daemon with a stream that waits for the gate, and the stream's path."""

    def held(settings=(), **timeouts):
        model.script(name, slow(name))
        timeouts = {"shutdown": "1m", "release": "0s", **timeouts}
        daemon = serve(manager, {"loops": 1, "timeouts": timeouts, **dict(settings)})
        path = asking.start_stream(daemon, name)
        with asking.open_read(daemon, path) as reader:
            reader.read_body(b"Hello")
        return daemon, path

    return held


def test_readiness_goes_and_liveness_stays(held, model, name):
    daemon, _ = held()
    draining(daemon)
    assert fetch(daemon.port, "GET", "/healthz").status == 200
    model.open(name)
    assert daemon.process.wait(10) == 0


def test_nothing_begins_and_what_runs_is_still_read(held, model, name):
    daemon, path = held()
    draining(daemon)
    refused = asking.complete(daemon, name)
    assert (refused.status, refused.header("retry-after")) == (503, "1")
    assert refused.json()["error"]["code"] == "shutting_down"
    # A reader that lost its connection comes back to the stream.
    with asking.open_read(daemon, path, after=1) as reader:
        model.open(name)
        events = stream_events(reader.whole().body)
    assert [event.data.get("text") for event in events] == [" there", None]
    assert daemon.process.wait(10) == 0
    daemon.wait_for_log(" stopped cut=0")


def test_who_has_a_connection_without_a_request_does_not_hold_it_up(held, model, name):
    daemon, _ = held()
    draining(daemon)
    with socket.create_connection((HOST, daemon.port)) as idle:
        model.open(name)
        assert daemon.process.wait(10) == 0
        assert idle.recv(1) == b""


RETRY = re.compile(rb"^retry: (\d+)$", re.MULTILINE)


def test_readers_are_told_to_come_back_at_different_times(held, model, name):
    daemon, path = held(release="1m")
    readers = [asking.open_read(daemon, path) for _ in range(40)]
    others = {form: asking.open_read(daemon, path, form) for form in ("openai", "ndjson", "chunk")}
    for reader in [*readers, *others.values()]:
        reader.read_body(b"Hello")
    draining(daemon)
    late = asking.open_read(daemon, path)
    late.read_body(b"Hello")
    waits = set()
    for reader in readers:
        reader.read_until(lambda answer: len(RETRY.findall(answer.body)) == 2)
        usual, spread = map(int, RETRY.findall(reader.answer.body))
        assert usual == 1000 and 1000 <= spread <= 61_000
        waits.add(spread)
    (wait,) = map(int, RETRY.findall(late.answer.body))
    assert 1000 <= wait <= 61_000
    assert len(waits) > 30
    model.open(name)
    for reader in [*readers, late]:
        body = RETRY.sub(b"", bytes(reader.whole().body))
        assert body.count(b"data: ") == 3 and b'"text":" there"' in body
        reader.close()
    # Formats that EventSource does not read are as they always are.
    for reader in others.values():
        assert b"retry" not in reader.whole().body
        reader.close()
    assert daemon.process.wait(10) == 0


def test_what_still_runs_at_the_limit_is_ended_one_after_the_other(serve, manager, model, name):
    model.script(name, slow(name))
    timeouts = {"shutdown": "100ms", "release": "400ms"}
    daemon = serve(manager, {"loops": 2, "timeouts": timeouts})
    askers = [asking.open_completion(daemon, name) for _ in range(40)]
    for asker in askers:
        asker.read_body(b"Hello")
    daemon.process.terminate()
    for asker in askers:
        assert error_of(asker.whole().body)["code"] == "shutting_down"
        assert DONE not in asker.answer.body
        asker.close()
    assert daemon.process.wait(10) == 3
    daemon.wait_for_log(" stopped cut=40")
    times = {line.split(" ", 1)[0] for line in daemon.wait_for_log(" end=shutting_down", 40)}
    # In steps of 20 ms, and not all in one.
    assert len(times) >= 5


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_hastens_it(held, second):
    daemon, path = held(shutdown="1h", release="10m")
    reader = asking.open_read(daemon, path)
    reader.read_body(b"Hello")
    draining(daemon)
    daemon.process.send_signal(second)
    last = reader.whole().body.rstrip().rsplit(b"\n\n", 1)[-1]
    assert b'event: error\ndata: {"code":"shutting_down",' in last
    reader.close()
    assert daemon.process.wait(10) == 3


def test_a_signal_while_answers_are_being_ended_does_not_wait_for_the_rest(
    serve, manager, model, name
):
    model.script(name, slow(name))
    daemon = serve(manager, {"loops": 1, "timeouts": {"shutdown": "0s", "release": "10m"}})
    askers = [asking.open_completion(daemon, name) for _ in range(20)]
    for asker in askers:
        asker.read_body(b"Hello")
    daemon.process.terminate()
    daemon.wait_for_log(" end=shutting_down", 1)
    daemon.process.terminate()
    for asker in askers:
        assert error_of(asker.whole().body)["code"] == "shutting_down"
        asker.close()
    assert daemon.process.wait(10) == 3
    daemon.wait_for_log(" stopped cut=20")


def test_an_inherited_socket_is_left_at_once_and_nobody_is_refused(
    serve, manager, model, name
):
    port = manager.listen_tcp()
    model.script(name, slow(name))
    timeouts = {"shutdown": "1m", "release": "0s"}
    settings = {"listen": [f"127.0.0.1:{port}"], "loops": 1, "timeouts": timeouts}
    first = serve(manager, settings)
    asker = asking.open_completion(first, name)
    asker.read_body(b"Hello")
    first.process.terminate()
    first.wait_for_log(" shutdown ")
    manager.wait_for(lambda message: "STOPPING" in message)
    # Who asks now waits for the next daemon, and is answered by it.
    waiting = [asking.open_completion(first, name) for _ in range(20)]
    model.open(name)
    assert asker.whole().body.endswith(DONE)
    assert first.process.wait(10) == 0
    second = serve(manager, settings)
    for exchange in waiting:
        assert exchange.whole().body.endswith(DONE)
        exchange.close()
    second.stop()
