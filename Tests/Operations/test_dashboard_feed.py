"""GET /dashboard/events: the daemon's figures once a second, for those who may read /metrics."""

import http.client
import itertools
import json
import re
import socket
import threading

import pytest
from Relay import asking
from Relay.scraping import families
from Relay.wire import HOST, Exchange, fetch, request

from .watching import FEED, Watcher, value

STRANGER = {"X-Forwarded-For": "203.0.113.9"}
KEYS = [
    {"name": name, "environment": f"DELTAD_KEY_{name.upper()}", "apis": [api]}
    for name, api in (("alice", "completions"), ("root", "admin"))
]
ENVIRONMENT = {"DELTAD_KEY_ALICE": "secret-of-alice", "DELTAD_KEY_ROOT": "secret-of-root"}

# Each upstream has its figures: events so large that few are as much as one answer may have.
LARGE_EVENTS = {
    "upstreams": [{"name": f"upstream-{number}", "kind": "demo"} for number in range(2000)],
    "models": [{"id": "*", "upstream": "upstream-0"}],
}


@pytest.fixture(scope="module")
def one(start):
    """A daemon with one loop, before which a proxy names the clients."""
    return start({"keys": KEYS, "trustedProxies": ["127.0.0.1"]}, environment=ENVIRONMENT)


@pytest.fixture(scope="module")
def two(start):
    return start({"loops": 2})


# Who may read.


def test_the_loopback_reads(one):
    with Watcher(one.port) as watcher:
        assert watcher.answer.status == 200
        assert watcher.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert watcher.answer.headers["Cache-Control"] == "no-store, no-transform"
        assert next(watcher.events)["state"] == "ready"


@pytest.mark.parametrize(
    ("key", "status"), [(None, 403), ("alice", 403), ("nobody", 403), ("root", 200)]
)
def test_others_read_with_a_key_that_opens_admin(one, key, status):
    fields = {"Authorization": f"Bearer secret-of-{key}"} if key else {}
    with Watcher(one.port, {**STRANGER, **fields}) as watcher:
        assert watcher.answer.status == status
        if status == 403:
            assert json.loads(watcher.answer.read())["error"]["code"] == "forbidden"
        else:
            assert next(watcher.events)["state"] == "ready"


def test_a_listener_for_monitors_has_it(start):
    daemon = start({"metrics": {"allow": [], "listen": ["127.0.0.1:0"]}})
    port = int(re.search(r":(\d+)$", daemon.addresses[1])[1])
    with Watcher(port) as watcher:
        assert next(watcher.events)["state"] == "ready"
    assert fetch(daemon.port, "GET", FEED).status == 403


def test_a_reload_ends_no_answer_and_holds_for_the_next(start):
    daemon = start()
    configuration = json.loads(daemon.configuration_file.read_text())
    with Watcher(daemon.port) as watcher:
        next(watcher.events)
        daemon.reload({**configuration, "metrics": {"allow": []}})
        assert fetch(daemon.port, "GET", "/metrics").status == 403
        assert next(watcher.events)["state"] == "ready"
    assert fetch(daemon.port, "GET", FEED).status == 403


# When, and what it costs.


def test_there_is_about_one_event_a_second(one):
    with Watcher(one.port) as watcher:
        times = [event["time"] for event in itertools.islice(watcher.events, 4)]
    # Three seconds by the daemon's own clock; far less would be a flood.
    assert times == sorted(times) and times[3] - times[0] >= 2000


def test_without_readers_there_is_nothing(one):
    """Neither a timer, nor memory, and nothing that is counted as a reader of streams."""
    names = ("connections", "timers", "log_memory_bytes", "subscribers", "streams", "expectations")

    def held():
        metrics = one.metrics()
        return {name: metrics[f"deltad_{name}"] for name in names}

    before = asking.wait_until(
        # The one that asks.
        lambda: (figures := held())["connections"] == 1 and figures, "others to have left")
    assert before["log_memory_bytes"] == 0
    watchers = [Watcher(one.port) for _ in range(3)]
    for watcher in watchers:
        next(watcher.events)
    during = held()
    assert during["timers"] > before["timers"] and during["log_memory_bytes"] > 0
    assert (during["connections"], during["subscribers"], during["streams"]) == (4, 0, 0)
    for watcher in watchers:
        watcher.close()
    asking.wait_until(lambda: held() == before, "nothing to be left")


def test_head_starts_nothing(one):
    asking.wait_until(lambda: one.metrics()["deltad_connections"] == 1, "others to have left")
    with Watcher(one.port, method="HEAD") as watcher:
        assert (watcher.answer.status, watcher.answer.read()) == (200, b"")
        assert one.metrics()["deltad_log_memory_bytes"] == 0


def test_twenty_readers_cost_one_question_a_second(two):
    """All readers of a loop have the same events, byte for byte: what each has is a piece of one
    sequence."""
    gathered, seen = threading.Barrier(20), [[] for _ in range(20)]

    def watch(number):
        with Watcher(two.port) as watcher:
            gathered.wait()
            _, *seen[number] = itertools.islice(watcher.blocks, 5)

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def place(event):
        return int(re.search(rb'"loop":(\d+)', event)[1])

    for loop in (0, 1):
        pieces = [events for events in seen if len(events) == 4 and place(events[0]) == loop]
        whole = sorted({event for events in pieces for event in events})
        for events in pieces:
            begin = whole.index(events[0])
            assert whole[begin : begin + 4] == events
    assert all(len(events) == 4 for events in seen)


def test_who_comes_later_joins_at_the_newest_event(one):
    with Watcher(one.port) as first:
        _, newest = itertools.islice(first.events, 2)
        # There are no ids; a client that says one all the same is let in.
        for fields in ({}, {"Last-Event-ID": "1"}):
            with Watcher(one.port, fields) as second:
                assert next(second.events)["time"] >= newest["time"]


def test_a_reader_that_takes_nothing_holds_up_nobody(one):
    with Exchange(one.port, "GET", FEED), Watcher(one.port) as watcher:
        assert len(list(itertools.islice(watcher.events, 3))) == 3


def test_an_answer_is_bounded_and_the_next_goes_on(start):
    daemon = start(LARGE_EVENTS)
    for _ in range(2):
        with Watcher(daemon.port) as watcher:
            blocks = list(watcher.blocks)[1:]
        assert len(blocks) > 1
        # The last one may have gone beyond it.
        assert sum(map(len, blocks[:-1])) < 1 << 20 <= sum(map(len, blocks)) + 2 * len(blocks)
    asking.wait_until(lambda: daemon.metrics()["deltad_log_memory_bytes"] == 0, "its memory")


# What it says.


def test_its_figures_are_those_of_metrics(two, model, name):
    model.script(name, [{"answer": "Hello there"}])
    for _ in range(3):
        assert asking.complete(two, name).status == 200
    asking.wait_until(lambda: two.metrics()["deltad_streams_live"] == 0, "the end")
    with Watcher(two.port) as watcher:
        said = next(watcher.events)["metrics"]
        scraped = families(two)
    assert list(said) == list(scraped)
    # What a scrape, or a reader of the dashboard, moves by itself.
    moving = ("deltad_client", "deltad_connections", "deltad_loop_turn", "deltad_log_memory",
              "deltad_requests", "deltad_timers", "deltad_watched", "process_")
    compared = 0
    for family, samples in said.items():
        if not family.startswith(moving):
            assert {_labels(s): _content(s) for s in samples} == _samples(scraped[family]), family
            compared += len(samples)
    assert compared > 40


def _labels(sample):
    return frozenset((name, text) for name, text in sample.items() if isinstance(text, str))


def _content(sample):
    return sample["value"] if "value" in sample else (sample["counts"], sample["sum"])


def _samples(family):
    """`_content` by `_labels`, of a family as it was scraped."""
    if family.type != "histogram":
        return {frozenset(sample.labels.items()): sample.value for sample in family.samples}
    found = {}
    for sample in family.samples:
        labels = frozenset(label for label in sample.labels.items() if label[0] != "le")
        counts, total = found.setdefault(labels, ([], 0))
        if sample.name.endswith("_bucket"):
            counts.append(sample.value)
        elif sample.name.endswith("_sum"):
            found[labels] = (counts, sample.value)
    return found


def test_what_every_scrape_moves_lies_between_two_of_them(two):
    before = two.metrics()
    with Watcher(two.port) as watcher:
        event = next(watcher.events)
    after = two.metrics()
    for family in ("deltad_client_sent_bytes", "deltad_client_received_bytes"):
        assert before[f"{family}_total"] <= value(event, family) <= after[f"{family}_total"]


def test_live_streams_are_listed_by_shortened_ids(two, model, name):
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"text": "!"}, {"done": True}])
    with Watcher(two.port) as watcher:
        path = asking.start_stream(two, name)
        with asking.open_read(two, path) as reader:
            reader.read_body(b"Hello")
            event = watcher.until(lambda event: event["streams"] and event["streams"][0]["readers"])
            identifier = path.removeprefix("/v1/streams/")
            assert identifier not in json.dumps(event)
            (stream,) = event["streams"]
            assert stream["bytes"] > 0 and stream["ageMilliseconds"] >= 0
            del stream["bytes"], stream["ageMilliseconds"]
            assert stream == {
                "id": identifier[:14], "model": name, "upstream": "scripted", "api": "streams",
                "state": "streaming", "attempts": 1, "events": 1, "readers": 1}
            assert event["moreStreams"] == 0
            # Its own events are those of no stream.
            sent = value(event, "deltad_events_sent")
            assert value(next(watcher.events), "deltad_events_sent") == sent
            model.open(name)
            reader.whole()
        watcher.until(lambda event: not event["streams"])


def test_what_waits_is_seen_to_wait(two, model, name):
    model.script(name, [{"gate": name}, {"answer": "Hello"}])
    asking.start_stream(two, name)
    with Watcher(two.port) as watcher:
        assert [stream["state"] for stream in next(watcher.events)["streams"]] == ["waiting"]
        model.open(name)
        watcher.until(lambda event: not event["streams"])


def test_of_many_streams_the_newest_are_listed(start):
    daemon = start({
        "upstreams": [{"name": "demo", "kind": "demo", "pace": "10s"}],
        "models": [{"id": "*", "upstream": "demo"}],
        "loops": 2,
    })
    paths = [asking.start_stream(daemon, f"model-{number}") for number in range(205)]
    assert len(paths) == 205
    with Watcher(daemon.port) as watcher:
        event = next(watcher.events)
    assert event["moreStreams"] == 5
    named = [int(stream["model"].removeprefix("model-")) for stream in event["streams"]]
    assert named == sorted(range(5, 205), reverse=True)


# The end of the daemon.


def test_a_reader_that_takes_nothing_does_not_hold_up_the_end(serve, manager):
    daemon = serve(manager, {**LARGE_EVENTS, "loops": 1, "timeouts": {"shutdown": "1m"}})
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((HOST, daemon.port))
        reader.sendall(request("GET", FEED))
        asking.wait_until(lambda: daemon.metrics()["deltad_connections_blocked"] == 1, "it to lag")
        daemon.process.terminate()
        assert daemon.process.wait(10) == 0


@pytest.fixture
def ending(serve, manager, model, name):
    """A daemon with a stream that waits for the gate."""
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    daemon = serve(manager, {"timeouts": {"shutdown": "1m", "release": "0s"}})
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"Hello")
    return daemon


def test_a_drain_ends_what_is_watched_and_still_shows_how_far_it_is(ending, model, name):
    with Watcher(ending.port) as watcher:
        next(watcher.events)
        ending.process.terminate()
        # Without the drain there would be one more a second for minutes.
        assert [event["state"] for event in watcher.events] in ([], ["ready"])
    with Watcher(ending.port) as watcher:
        (event,) = watcher.events
        assert (event["state"], len(event["streams"])) == ("draining", 1)
    model.open(name)
    assert ending.process.wait(10) == 0
    ending.wait_for_log(" stopped cut=0")


def test_readers_that_come_back_all_the_time_do_not_hold_it_up(ending, model, name):
    is_over = threading.Event()

    def watch():
        while not is_over.is_set():
            try:
                with Watcher(ending.port) as watcher:
                    list(watcher.events)
            except (OSError, http.client.HTTPException):
                pass

    threads = [threading.Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    ending.process.terminate()
    model.open(name)
    try:
        assert ending.process.wait(10) == 0
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
