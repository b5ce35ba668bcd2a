"""Readers come and go; the generation belongs to the daemon."""

import time

import pytest

from . import asking
from .events import DONE, payloads, stream_events

GRACE = 0.3
# Long enough for whoever would cancel too early, or in spite of a reader.
LONGER = 2 * GRACE
POLICIES = ["finish", "cancel"]
WORDS = ["one", " two", " three"]


@pytest.fixture(scope="module")
def daemons(start):
    """A daemon for each policy."""
    return {policy: start(settings(policy, "300ms")) for policy in POLICIES}


def settings(policy, grace):
    unread = {"completions": policy, "streams": policy, "grace": grace}
    return {"streams": {"whenUnread": unread}, "loops": 2}


@pytest.fixture
def gated(model, name):
    """A model that says three words and waits behind each but the last."""
    steps = [[{"text": word, "tokens": 1}, {"gate": f"{name}-{word.strip()}"}] for word in WORDS]
    model.script(name, [*sum(steps, [])[:-1], {"finish": "stop"}, {"done": True}])
    return name


def texts(body):
    return [event.data.get("text") for event in stream_events(body)]


def go_on(model, name):
    for word in WORDS:
        model.open(f"{name}-{word.strip()}")


@pytest.mark.parametrize("policy", POLICIES)
def test_subscribers_go_on_when_the_one_who_asked_leaves(daemons, model, gated, policy):
    daemon = daemons[policy]
    asker = asking.open_completion(daemon, gated)
    asker.read_body(b"one")
    path = asker.answer.stream_path
    readers = [asking.open_read(daemon, path) for _ in range(3)]
    for reader in readers:
        reader.read_body(b"one")
    asker.close()
    daemon.wait_for_log(f"api=completions .*model={gated} .*end=clientLeft")
    model.open(f"{gated}-one")
    readers[0].read_body(b"two")
    readers.pop().close()
    time.sleep(LONGER)
    go_on(model, gated)
    for reader in readers:
        with reader:
            assert texts(reader.whole().body) == [*WORDS, None]
    (record,) = model.wait(gated, "finished")
    assert record["outcome"] == "finished"


def leave(exchange):
    """When the reader left, in nanoseconds of CLOCK_MONOTONIC."""
    left = time.monotonic_ns()
    exchange.close()
    return left


def everyone(daemon, name):
    """Readers of one generation that have had its first word: who asked, a subscriber, or both."""
    asker = asking.open_completion(daemon, name)
    alone = asker.read_body(b"one").stream_path
    both = asking.open_completion(daemon, name)
    shared = both.read_body(b"one").stream_path
    background = asking.start_stream(daemon, name)
    groups = [
        (alone, [asker]),
        (shared, [both, asking.open_read(daemon, shared)]),
        (background, [asking.open_read(daemon, background)]),
    ]
    for _, readers in groups:
        for reader in readers:
            reader.read_body(b"one")
    return groups


def test_everyone_leaves_and_finish_completes_the_answer(daemons, model, gated):
    daemon = daemons["finish"]
    groups = everyone(daemon, gated)
    for _, readers in groups:
        for reader in readers:
            reader.close()
    time.sleep(LONGER)
    go_on(model, gated)
    records = model.wait(gated, "finished", len(groups))
    assert {record["outcome"] for record in records} == {"finished"}
    for path, _ in groups:
        assert texts(asking.read(daemon, path).body) == [*WORDS, None]
        assert asking.snapshot(daemon, path)["status"] == "done"


def test_everyone_leaves_and_cancel_leaves_the_model_after_the_grace(daemons, model, gated):
    daemon = daemons["cancel"]
    groups = everyone(daemon, gated)
    left = []
    for _, readers in groups:
        left.append([leave(reader) for reader in readers][-1])
    # In the order in which they were begun.
    for record, moment in zip(model.wait(gated, "gone", len(groups)), left, strict=True):
        assert record["goneAt"] - moment >= GRACE * 1e9
        assert record["eventsSent"] == 1
    for path, _ in groups:
        *events, done = stream_events(asking.read(daemon, path).body)
        assert [event.data for event in events] == [{"text": "one"}]
        assert (done.name, done.data["finishReason"]) == ("done", "cancelled")


@pytest.mark.parametrize("form", ["sse", "openai"])
def test_a_reader_that_comes_back_within_the_grace_keeps_it_alive(start, model, gated, form):
    daemon = start(settings("cancel", "1s"))
    asker = asking.open_completion(daemon, gated)
    asker.read_body(b"one")
    path = asker.answer.stream_path
    asker.close()
    daemon.wait_for_log("api=completions .*end=clientLeft")
    with asking.open_read(daemon, path, form, after=1) as back:
        back.head()
        time.sleep(1.2)
        assert asking.snapshot(daemon, path)["status"] == "streaming"
        go_on(model, gated)
        body = back.whole().body
        if form == "sse":
            assert texts(body) == [*WORDS[1:], None]
        else:
            assert len(payloads(body)) == 4 and body.endswith(DONE)


def test_the_grace_begins_anew_when_the_last_one_leaves_again(daemons, model, gated):
    daemon = daemons["cancel"]
    asker = asking.open_completion(daemon, gated)
    asker.read_body(b"one")
    path = asker.answer.stream_path
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"one")
        asker.close()
        time.sleep(LONGER)
        assert asking.snapshot(daemon, path)["status"] == "streaming"
        left = time.monotonic_ns()
    (record,) = model.wait(gated, "gone")
    assert record["goneAt"] - left >= GRACE * 1e9


@pytest.mark.parametrize("stream", [True, False])
def test_who_leaves_before_the_first_event_is_gone_too(daemons, model, name, stream):
    model.script(name, [{"gate": name}, {"answer": "late"}])
    asker = asking.open_completion(daemons["cancel"], name, stream)
    model.wait(name, "attempt")
    left = leave(asker)
    (record,) = model.wait(name, "gone")
    assert record["goneAt"] - left >= GRACE * 1e9
    daemons["cancel"].wait_for_log(f"generation .*model={name} .*end=cancelled")


@pytest.mark.parametrize("stream", [True, False])
def test_who_leaves_before_the_first_event_is_not_waited_for(daemons, model, name, stream):
    model.script(name, [{"gate": name}, {"answer": "late"}])
    asker = asking.open_completion(daemons["finish"], name, stream)
    model.wait(name, "attempt")
    asker.close()
    daemons["finish"].wait_for_log(f"model={name} .*end=clientLeft")
    model.open(name)
    (record,) = model.wait(name, "finished")
    assert record["outcome"] == "finished"
    daemons["finish"].wait_for_log(f"generation .*model={name} .*end=done")


def test_without_a_grace_the_model_is_left_at_once(start, model, gated):
    daemon = start(settings("cancel", "0s"))
    asker = asking.open_completion(daemon, gated)
    asker.read_body(b"one")
    asker.close()
    model.wait(gated, "gone")


def test_by_default_a_stream_that_nobody_reads_is_completed(start, model, name):
    daemon = start({"streams": {"whenUnread": {"grace": "100ms"}}})
    model.script(name, [{"text": "Hello"}, {"sleep": "400ms"}, {"text": "you"}, {"done": True}])
    path = asking.start_stream(daemon, name)
    model.wait(name, "finished")
    assert texts(asking.read(daemon, path).body) == ["Hello", "you", None]


def test_by_default_a_completion_that_nobody_reads_is_cancelled(start, model, gated):
    daemon = start({"streams": {"whenUnread": {"grace": "100ms"}}})
    with asking.open_completion(daemon, gated) as asker:
        asker.read_body(b"one")
    model.wait(gated, "gone")


def test_a_snapshot_is_no_reader(daemons, model, gated):
    daemon = daemons["cancel"]
    with asking.open_completion(daemon, gated) as asker:
        asker.read_body(b"one")
        path = asker.answer.stream_path
    for _ in range(10):
        asking.snapshot(daemon, path)
        time.sleep(GRACE / 10)
    model.wait(gated, "gone")
