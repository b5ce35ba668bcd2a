"""More generations than may run at one time: who waits, for how long, and who is turned away."""

import threading

import pytest

from . import asking
from .events import DONE, stream_events
from .wire import Exchange, fetch

SETTINGS = {
    "limits": {"generations": 2, "queuedGenerations": 3},
    "timeouts": {"queue": "10m"},
    "loops": 2,
}


@pytest.fixture
def held(start, model, name):
    """Two generations that run until the gate `name` opens, and the daemon with no more room."""

    def make(settings=()):
        model.script(name, [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}])
        daemon = start({**SETTINGS, **dict(settings)})
        running = [asking.open_completion(daemon, name) for _ in range(2)]
        for exchange in running:
            exchange.read_body(b"Hello")
        return daemon, running

    return make


def queued(daemon, count):
    asking.wait_until(
        lambda: daemon.metrics()["deltad_generations_queued"] == count, f"{count} that wait"
    )


@pytest.mark.parametrize("form", ["stream", "whole", "background"])
def test_who_waits_is_answered_when_there_is_room(held, model, name, form):
    daemon, running = held()
    answers = []

    def ask():
        if form == "background":
            path = asking.start_stream(daemon, name)
            answers.append(stream_events(asking.read(daemon, path).body)[-1].name == "done")
        else:
            answer = asking.complete(daemon, name, form == "stream")
            answers.append(answer.status == 200 and b"there" in answer.body)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    queued(daemon, 3)
    assert len(model.log(name)) == 2
    # One more is turned away at once.
    refused = asking.complete(daemon, name)
    assert (refused.status, refused.header("retry-after")) == (503, "1")
    assert refused.json()["error"]["code"] == "overloaded"
    model.open(name)
    for thread in threads:
        thread.join(10)
    for exchange in running:
        assert exchange.whole().body.endswith(DONE)
    assert answers == [True] * 3
    metrics = daemon.metrics()
    assert metrics['deltad_refusals_total{limit="queue_full"}'] == 1
    assert metrics["deltad_generations_running"] == metrics["deltad_generations_queued"] == 0


@pytest.mark.parametrize("stream", [True, False])
def test_nobody_waits_for_ever(held, model, name, stream):
    daemon, _ = held({"timeouts": {"queue": "100ms"}})
    refused = asking.complete(daemon, name, stream)
    assert (refused.status, refused.header("retry-after")) == (503, "1")
    assert daemon.metrics()['deltad_refusals_total{limit="queue_timeout"}'] == 1
    model.open(name)


def test_who_leaves_the_queue_is_not_answered_and_costs_nothing(held, model, name):
    daemon, running = held()
    for _ in range(3):
        with asking.open_completion(daemon, name):
            queued(daemon, 1)
        queued(daemon, 0)
    model.open(name)
    for exchange in running:
        exchange.whole()
    assert len(model.log(name)) == 2


def test_those_who_wait_are_told_when_the_daemon_ends(held, model, name):
    daemon, _ = held({"timeouts": {"queue": "10m", "shutdown": "30s"}})
    with asking.open_completion(daemon, name) as waiting:
        queued(daemon, 1)
        daemon.process.terminate()
        answer = waiting.whole()
    assert answer.status == 503 and answer.json()["error"]["code"] == "shutting_down"
    model.open(name)


def test_a_higher_limit_lets_them_in(held, model, name):
    daemon, running = held()
    more = {"limits": {"generations": 3}}
    upstreams = [{"name": "scripted", "kind": "openai", "baseURL": model.base_url}]
    with asking.open_completion(daemon, name) as waiting:
        queued(daemon, 1)
        daemon.reload(
            {"upstreams": upstreams, "models": [{"id": "*", "upstream": "scripted"}], **more}
        )
        waiting.read_body(b"Hello")
        model.open(name)
        assert waiting.whole().body.endswith(DONE)
    for exchange in running:
        exchange.whole()


def test_a_chats_turns_wait_too(start, model, name):
    agent = {"id": "agent_a", "slug": "a", "name": "A", "model": name}
    daemon = start(
        {
            **SETTINGS,
            "limits": {"generations": 1, "queuedGenerations": 5},
            "models": [{"id": name, "upstream": "scripted"}],
            "agents": [agent],
        }
    )
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    answers = []

    def ask():
        question = {"message": "Hello", "stream": False}
        answers.append(fetch(daemon.port, "POST", "/v1/api/chat/a", question).status)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    queued(daemon, 2)
    model.open(name)
    for thread in threads:
        thread.join(10)
    assert answers == [200] * 3 and len(model.log(name)) == 3


def test_who_leaves_at_once_holds_nothing_up(start, model, name):
    """A request that goes by the archive, whose client is gone before its turn begins."""
    daemon = start({"streams": {"whenUnread": {"grace": "0s"}}, "loops": 2})
    model.script(name, [{"text": "Hello"}, {"gate": "never"}])
    for number in range(40):
        fields = {"Idempotency-Key": f"{name}-{number}"}
        Exchange(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields).close()
    asking.wait_until(
        lambda: daemon.metrics().get('deltad_requests_total{api="completions",status="0"}', 0)
        + daemon.metrics().get('deltad_requests_total{api="completions",status="200"}', 0)
        == 40,
        "all of them",
    )
    asking.wait_until(lambda: daemon.metrics()["deltad_generations_running"] == 0, "nothing")


def test_bodies_that_wait_count_as_memory(start, model, name):
    daemon = start(
        {
            "limits": {"generations": 1, "queuedGenerations": 100, "body": "1MiB"},
            "streams": {"memory": "1MiB", "stream": "256KiB"},
            "timeouts": {"queue": "10m"},
        }
    )
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    large = {"padding": "x" * 400_000}
    with asking.open_completion(daemon, name) as running:
        running.read_body(b"Hello")
        with asking.open_completion(daemon, name, **large):
            queued(daemon, 1)
            with asking.open_completion(daemon, name, **large):
                queued(daemon, 2)
                refused = asking.complete(daemon, name, **large)
                assert (refused.status, refused.header("retry-after")) == (503, "1")
                assert daemon.metrics()['deltad_refusals_total{limit="memory"}'] == 1
        queued(daemon, 0)
        model.open(name)
        running.whole()
    assert asking.complete(daemon, name).status == 200
