"""Each metric is moved by what it counts, and by nothing else."""

import contextlib
import os
import re
import resource
import socket
import subprocess

import pytest
from Support.processes import DELTAD, wait_until

from . import asking
from .events import payloads, stream_events
from .wire import HOST, fetch, request

READERS = 3


@pytest.fixture(scope="module")
def daemon(start):
    return start({"loops": 2})


class Difference:
    """What was added to each sample since this was made; a sample that was not there was 0."""

    def __init__(self, daemon):
        self.daemon, self.before = daemon, daemon.metrics()

    def __getitem__(self, name):
        return self.daemon.metrics()[name] - self.before.get(name, 0)

    def await_(self, name, value):
        wait_until(lambda: self[name] == value, f"{name} to grow by {value}")


def test_events_and_bytes_of_upstreams_are_those_that_it_sent(daemon, model, name):
    model.script(name, [{"answer": "Some words more than one", "each": "char"}])
    difference = Difference(daemon)
    # The daemon asks for the usage, which the model then sends: one event more.
    asked = {**asking.body(name), "stream_options": {"include_usage": True}}
    body = bytes(fetch(model.port, "POST", asking.COMPLETIONS, asked).body)
    assert asking.complete(daemon, name).status == 200
    events = len(payloads(body)) - 1
    assert difference["deltad_events_received_total"] == events
    assert difference["deltad_event_delay_seconds_count"] == events
    assert difference["deltad_upstream_received_bytes_total"] == len(body)


@pytest.mark.parametrize("form", ["sse", "openai", "ndjson", "chunk"])
def test_each_reader_is_given_each_event(daemon, model, name, form):
    model.script(name, [{"text": "one two"}, {"gate": name}, {"text": " three"}, {"done": True}])
    difference = Difference(daemon)
    path = asking.start_stream(daemon, name)
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(asking.open_read(daemon, path, form)) for _ in range(READERS)
        ]
        for reader in readers:
            reader.read_body(b"two")
        assert difference["deltad_subscribers"] == READERS
        assert difference["deltad_streams_live"] == 1
        assert difference["deltad_generations_running"] == 1
        model.open(name)
        for reader in readers:
            reader.whole()
    sequence = asking.snapshot(daemon, path)["lastEventId"]
    assert difference["deltad_events_sent_total"] == READERS * sequence
    # One who has had the first events, and one who comes late.
    asking.read(daemon, path, form, after=2)
    asking.read(daemon, path, form)
    assert difference["deltad_events_sent_total"] == (READERS + 1) * sequence + sequence - 2
    assert difference["deltad_streams"] == 1
    difference.await_("deltad_streams_live", 0)


def talk(daemon, *arguments, **fields):
    """The bytes of a request on a connection of its own, and of its answer."""
    sent = request(*arguments, headers={"Connection": "close", **fields})
    with socket.create_connection((HOST, daemon.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
    return sent, received


def value(answer, name):
    return int(re.search(rf"^{name} (\d+)$", answer.decode(), re.M)[1])


def test_bytes_of_clients_are_those_that_crossed_the_socket(daemon, model, name):
    """Each scrape has counted its own request, and not yet its own answer."""
    model.script(name, [{"answer": "Hello there"}])
    path = asking.start_stream(daemon, name)
    asking.read(daemon, path)
    _, first = talk(daemon, "GET", "/metrics")
    sent, received = 0, len(first)
    for arguments in [
        ("POST", asking.COMPLETIONS, asking.body(name)),
        ("POST", asking.COMPLETIONS, asking.body(name, stream=False)),
        ("GET", asking.reading(path, "openai", None)),
        ("GET", "/nowhere"),
    ]:
        request_bytes, answer = talk(daemon, *arguments)
        sent += len(request_bytes)
        received += len(answer)
    request_bytes, second = talk(daemon, "GET", "/metrics")
    sent += len(request_bytes)
    for way, expected in [("received", sent), ("sent", received)]:
        family = f"deltad_client_{way}_bytes_total"
        assert value(second, family) - value(first, family) == expected, family


def test_each_generation_has_a_first_event_and_a_duration(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    difference = Difference(daemon)
    for stream in (True, False, True):
        assert asking.complete(daemon, name, stream).status == 200
    assert difference['deltad_first_event_seconds_count{upstream="scripted"}'] == 3
    difference.await_("deltad_generation_duration_seconds_count", 3)


ENDS = {
    "done": [{"text": "Hello"}, {"done": True}],
    "upstream_error": [{"text": "Hello"}, {"close": True}],
}


@pytest.mark.parametrize("end", ENDS)
def test_each_end_is_counted_by_its_kind(daemon, model, name, end):
    model.script(name, ENDS[end])
    difference = Difference(daemon)
    assert asking.complete(daemon, name).status == 200
    difference.await_(f'deltad_generations_total{{end="{end}"}}', 1)
    outcome = "answered" if end == "done" else "cut"
    key = f'deltad_upstream_attempts_total{{upstream="scripted",outcome="{outcome}"}}'
    assert difference[key] == 1


def test_a_reader_that_leaves_is_an_unfinished_answer(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"gate": name}])
    difference = Difference(daemon)
    with asking.open_completion(daemon, name) as running:
        running.read_body(b"Hello")
    difference.await_('deltad_unfinished_answers_total{reason="client_left"}', 1)
    model.open(name)
    difference.await_("deltad_streams_live", 0)


def test_a_slow_reader_is_seen_and_its_lag_when_it_goes_on(daemon, model, name):
    model.script(name, [{"text": "0123456789abcdef" * (1 << 17), "tokens": 512}, {"done": True}])
    path = asking.start_stream(daemon, name)
    asking.read(daemon, path)
    difference = Difference(daemon)
    with asking.open_read(daemon, path) as slow:
        slow.head()
        difference.await_("deltad_connections_blocked", 1)
        assert len(stream_events(slow.whole().body)) == 513
    assert difference["deltad_subscriber_lag_bytes_count"] > 0
    assert difference["deltad_subscriber_lag_bytes_sum"] > 0
    difference.await_("deltad_connections_blocked", 0)


def test_loops_count_their_turns(daemon):
    difference = Difference(daemon)
    for loop in range(2):
        # Each scrape asks every loop, which takes a turn.
        assert difference[f'deltad_loop_turn_seconds_count{{loop="{loop}"}}'] > 0


def test_what_is_stored_is_a_commit(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    difference = Difference(daemon)
    assert asking.complete(daemon, name).status == 200
    assert difference["deltad_archive_changes_total"] == 0
    asking.read(daemon, asking.start_stream(daemon, name))
    # Its beginning and its end, each before somebody was told.
    assert difference["deltad_archive_changes_total"] >= 2
    assert difference["deltad_archive_commit_seconds_count"] >= 2
    assert difference["deltad_archive_commit_seconds_sum"] > 0
    metrics = daemon.metrics()
    assert metrics["deltad_archive_failing"] == 0
    assert metrics['deltad_archive_failures_total{reason="full"}'] == 0


# MARK: Reloads


def test_a_reload_says_whether_it_was_taken_and_no_count_begins_anew(start, model, name):
    settings = {
        "loops": 2,
        "upstreams": [{"name": "scripted", "kind": "openai", "baseURL": model.base_url}],
        "models": [{"id": "*", "upstream": "scripted"}],
    }
    daemon = start(settings)
    model.script(name, [{"answer": "Hello"}])
    for _ in range(3):
        assert asking.complete(daemon, name).status == 200
    asking.read(daemon, asking.start_stream(daemon, name))
    wait_until(lambda: daemon.metrics()["deltad_streams_live"] == 0, "the end")
    begun = daemon.metrics()
    successful = "deltad_config_last_reload_successful"
    time = "deltad_config_last_reload_success_timestamp_seconds"
    assert begun[successful] == 1 and begun[time] == begun["process_start_time_seconds"]
    daemon.reload("{")
    refused = daemon.metrics()
    assert (refused[successful], refused[time]) == (0, begun[time])
    other = {"name": "other", "kind": "openai", "baseURL": model.base_url}
    both = {**settings, "upstreams": [*settings["upstreams"], other]}
    daemon.reload({**both, "models": [{"id": "*", "upstream": "other"}]})
    taken = daemon.metrics()
    assert taken[successful] == 1 and taken[time] >= begun[time]
    assert asking.complete(daemon, name).status == 200
    after = daemon.metrics()
    counters = [name for name in begun if re.search(r"_(total|count|bucket)(\{|$)", name)]
    assert len(counters) > 100
    assert [name for name in counters if after[name] < begun[name]] == []
    answered = 'deltad_upstream_attempts_total{upstream="%s",outcome="answered"}'
    assert (after[answered % "scripted"], after[answered % "other"]) == (4, 1)


# MARK: Names that clients think up


def test_no_client_makes_series(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])

    def strange(number):
        """Requests whose every part is new."""
        key = {"Authorization": f"Bearer key-{number}", "User-Agent": f"agent-{number}"}
        fields = {**key, "X-Request-Id": f"request-{number}", "X-Forwarded-For": f"10.1.2.{number}"}
        yield fetch(daemon.port, "GET", f"/path-{number}", headers=fields)
        yield fetch(daemon.port, "GET", f"/v1/streams/strm_{number:022}", headers=fields)
        body = asking.body(f"{name}-{number}", user=f"user-{number}")
        yield fetch(daemon.port, "POST", asking.COMPLETIONS, {**body, "messages": 1}, fields)
        yield fetch(daemon.port, "POST", asking.STREAMS, {"agent": f"agent-{number}"}, fields)

    model.script("default", [{"answer": "Hello"}])
    for number in range(2):
        assert {answer.status for answer in strange(number)} <= {400, 404}
        assert asking.complete(daemon, f"{name}-{number}").status == 200
    before = set(daemon.metrics())
    for number in range(2, 252):
        for _ in strange(number):
            pass
    for number in range(2, 22):
        assert asking.complete(daemon, f"{name}-{number}").status == 200
    assert set(daemon.metrics()) == before


# MARK: The process


def test_the_process_is_described_as_the_kernel_does(daemon):
    metrics = daemon.metrics()
    process = daemon.process.pid
    assert metrics["process_max_fds"] == resource.prlimit(process, resource.RLIMIT_NOFILE)[0]
    folder = f"/proc/{process}/fd"
    # A scrape holds a connection of its own.
    wait_until(
        lambda: daemon.metrics()["process_open_fds"] == len(os.listdir(folder)) + 1,
        "the number of descriptors",
    )
    resident, virtual = (metrics[f"process_{kind}_memory_bytes"] for kind in ("resident", "virtual"))
    assert 1 << 20 < resident < virtual
    assert metrics["process_cpu_seconds_total"] > 0
    version = subprocess.run([DELTAD, "--version"], capture_output=True, text=True, check=True)
    assert metrics[f'deltad_build_info{{version="{version.stdout.split()[1]}"}}'] == 1
