"""SIGTERM: nothing more begins, what runs comes to its end, and readers do not come back at once."""

import contextlib
import json
import re
import signal
import socket

import pytest
from Relay import asking
from Relay.events import DONE, error_of, stream_events
from Relay.wire import HOST, Answer, Exchange, fetch, request



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
    daemon.wait_for_log(" stopped ended=0 closed=0")


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
    daemon.wait_for_log(" stopped ended=40 closed=0")
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
    daemon.wait_for_log(" stopped ended=20 closed=0")


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


def ask_again(client, *question):
    """One request more on a connection that is kept: all of them come to one loop."""
    client.sendall(request(*question))
    answer = Answer()
    while not answer.ended:
        answer.feed(client.recv(65536))
    return answer


def test_a_reader_on_another_loop_gets_the_end_however_late_it_comes(serve, manager, model, name):
    model.script(name, slow(name))
    daemon = serve(manager, {"loops": 2, "timeouts": {"shutdown": "0s", "release": "4s"}})
    # All are one loop's, which takes longer for them than the other loop's farewell.
    with socket.create_connection((HOST, daemon.port), timeout=10) as client:
        answers = [
            ask_again(client, "POST", asking.STREAMS, asking.body(name)) for _ in range(100)
        ]
    paths = [answer.header("location") for answer in answers]
    assert len({path.split("strm_")[1][0] for path in paths}) == 1
    readers = [asking.open_read(daemon, path) for path in paths]
    for reader in readers:
        reader.read_body(b"Hello")
    daemon.process.terminate()
    for reader in readers:
        assert b'"code":"shutting_down"' in reader.whole().body
        reader.close()
    assert daemon.process.wait(20) == 3
    daemon.wait_for_log(" stopped ended=100 closed=0$")


HALF = [
    request("POST", asking.COMPLETIONS, asking.body("any"))[:-5],
    request("GET", "/healthz", b"0123456789")[:-7],
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    b"\r\n",
]


def test_requests_that_are_not_whole_are_nothing_that_was_cut(serve, manager):
    daemon = serve(manager, {"loops": 1, "timeouts": {"shutdown": "1h", "release": "0s"}})
    with contextlib.ExitStack() as clients:
        for half in HALF:
            client = socket.create_connection((HOST, daemon.port), timeout=10)
            clients.enter_context(client).sendall(half)
        # What came before has been read: whoever comes behind it is answered.
        assert fetch(daemon.port, "GET", "/healthz").status == 200
        daemon.process.terminate()
        assert daemon.process.wait(8) == 0


def test_a_reader_that_lags_is_told_when_it_has_caught_up(held, model, name):
    daemon, path = held(release="1m")
    text = "x" * 100_000
    model.script(f"{name}-large", [{"text": text}] * 20 + [{"gate": name}, {"done": True}])
    large = asking.start_stream(daemon, f"{name}-large")
    with socket.socket() as client:
        client.settimeout(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((HOST, daemon.port))
        client.sendall(request("GET", f"{large}?format=sse"))
        asking.wait_until(
            lambda: asking.snapshot(daemon, large)["lastEventId"] == 20, "all of the text"
        )
        draining(daemon)
        answer = Answer()
        while len(answer.body) < 1_000_000 or not RETRY.search(answer.body[-30:]):
            answer.feed(client.recv(1 << 20))
        # Behind all that it had missed, and not between two halves of an event.
        body, rest = bytes(answer.body).rsplit(b"retry: ", 1)
        assert body.count(text.encode()) == 20 and body.endswith(b"}\n\n"), rest
        model.open(name)
        while not answer.ended:
            answer.feed(client.recv(65536))
    assert daemon.process.wait(10) == 0


def test_a_message_behind_another_of_its_conversation_is_refused(serve, manager, model, name):
    model.script(name, slow(name))
    agent = {"id": "agent_a", "slug": "a", "name": "A", "model": name}
    timeouts = {"shutdown": "1m", "release": "0s"}
    daemon = serve(manager, {"loops": 1, "agents": [agent], "timeouts": timeouts})
    said = {"message": "Hello", "stream": True}
    with Exchange(daemon.port, "POST", "/v1/api/chat/a", said) as first:
        first.read_body(b"Hello")
        conversation = first.answer.header("x-conversation-id")
        assert conversation
        more = {**said, "conversationId": conversation}
        with Exchange(daemon.port, "POST", "/v1/api/chat/a", more) as second:
            asking.wait_until(
                lambda: daemon.metrics()["deltad_expectations"] == 1, "the second to wait"
            )
            daemon.process.terminate()
            assert second.whole().status == 503
            assert b"shutting down" in second.answer.body
        model.open(name)
        first.whole()
    assert daemon.process.wait(10) == 0


def test_a_reload_that_comes_too_late_is_ignored(held, model, name):
    daemon, _ = held()
    draining(daemon)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for_log(" reload ignored=")
    model.open(name)
    assert daemon.process.wait(10) == 0
    assert " reload taken=" not in daemon.log()


def test_what_was_refused_last_is_what_became_of_reloading(serve, manager):
    daemon = serve(manager)
    good = json.loads(daemon.configuration_file.read_text())
    # The last loop hangs, and takes the first file only when it goes on.
    daemon.process.send_signal(signal.SIGUSR2)
    daemon.reload({**good, "loops": 3}, " reload unchanged=loops")
    daemon.configuration_file.write_text("{")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.process.send_signal(signal.SIGUSR2)
    daemon.wait_for_log(" reload refused=")
    lines = [line for line in daemon.log().splitlines() if " reload " in line]
    assert " taken=" in lines[-3] and " refused=" in lines[-1]
    assert daemon.metrics()["deltad_config_last_reload_successful"] == 0
