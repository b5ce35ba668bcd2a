"""Idempotency-Key: the same request twice is answered once, and both get that answer."""

import pytest
from Relay.wire import fetch

from . import asking
from .faults import check, read
from .ways import AGENT_JSON, AGENT_SSE, CREATE, WAYS, WIDGET_JSON, WIDGET_LINES, Way

COMPLETIONS = "/v1/chat/completions"
STREAMS = "/v1/streams"


class Plain(Way):
    """The APIs without conversations, so far as they can be asked like the others."""

    def agent(self, agent):
        return agent

    def request(self, agent, text, conversation=None):
        messages = [{"role": "user", "content": text}]
        if self.name == "streams agent":
            return STREAMS, {"agent": agent.slug, "message": text}
        path = STREAMS if self.api == "streams" else COMPLETIONS
        return path, {"model": agent.model, "messages": messages, "stream": self.streams}

    def first(self, daemon, agent, session):
        return None

    def reply(self, answer):
        assert answer.status == self.status, (answer.status, bytes(answer.body))
        return None

    def check_reply(self, answer, text=None):
        self.reply(answer)


COMPLETION = Plain("completions json", "completions", False)
COMPLETION_SSE = Plain("completions sse", "completions", True)
STREAM = Plain("streams", "streams", False, status=202)
AGENT_STREAM = Plain("streams agent", "streams", False, status=202)
EVERY = [*WAYS, COMPLETION, COMPLETION_SSE, STREAM, AGENT_STREAM]
# Those of which a failure is an answer with a status.
ANSWERED = [way for way in WAYS if not (way.streams and way.api == "widget")]


@pytest.fixture
def keyed(name):
    return {"Idempotency-Key": f"key-{name}"}


def essence(answer):
    """What two answers to one request have in common."""
    names = ("content-type", "x-stream-id", "x-conversation-id", "location")
    return answer.status, {name: answer.header(name) for name in names}, bytes(answer.body)


def prepared(daemon, model, way, agent, session, *attempts):
    """The agent that answers with these attempts, and the conversation to give."""
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "Hello"}])
    conversation = way.first(daemon, agent, session)
    model.script(agent.model, *attempts)
    return agent, conversation


@pytest.mark.parametrize("way", EVERY)
def test_who_comes_while_it_runs_joins(daemon, model, agent, session, way, name, keyed):
    held = [{"gate": name}, {"answer": "Hello there"}]
    agent, place = prepared(daemon, model, way, agent, session, held)
    with way.open(daemon, agent, "Hi", place, keyed) as first:
        model.wait(agent.model, "attempt")
        with way.open(daemon, agent, "Hi", place, keyed) as second:
            asking.settled(daemon)
            model.open(name)
            way.check_reply(first.whole(), "Hello there")
            assert essence(second.whole()) == essence(first.answer)
    assert len(model.log(agent.model)) == 1


@pytest.mark.parametrize("way", EVERY)
def test_who_comes_when_it_is_over_gets_it_too(daemon, model, agent, session, way, keyed):
    said = [{"answer": "Hello there"}], [{"answer": "Something else"}]
    agent, place = prepared(daemon, model, way, agent, session, *said)
    first = way.ask(daemon, agent, "Hi", place, keyed)
    way.check_reply(first, "Hello there")
    for _ in range(2):
        assert essence(way.ask(daemon, agent, "Hi", place, keyed)) == essence(first)
    assert len(model.wait(agent.model, "attempt")) == 1
    # Without the key, or with another one, it is another message.
    for headers in ({}, {"Idempotency-Key": keyed["Idempotency-Key"] + "-2"}):
        again = way.ask(daemon, agent, "Hi", place, headers)
        assert again.header("x-stream-id") != first.header("x-stream-id")
    assert len(model.wait(agent.model, "attempt", 3)) == 3


@pytest.mark.parametrize("way", EVERY)
def test_with_another_body_it_is_422(daemon, model, agent, session, way, keyed):
    agent, place = prepared(daemon, model, way, agent, session, [{"answer": "Hello there"}])
    first = way.ask(daemon, agent, "Hi", place, keyed)
    other = way.ask(daemon, agent, "Hi!", place, keyed)
    check(other, way.api, 422, way.path)
    assert essence(way.ask(daemon, agent, "Hi", place, keyed)) == essence(first)
    model.wait(agent.model, "finished")
    assert len(model.log(agent.model)) == 1


def test_another_kind_of_answer_is_another_body(daemon, model, agent, keyed):
    model.script(agent.model, [{"answer": "Hello"}])
    assert AGENT_JSON.ask(daemon, agent, "Hi", None, keyed).status == 200
    check(AGENT_SSE.ask(daemon, agent, "Hi", None, keyed), "agents", 422)


def test_another_path_or_another_owner_is_another_request(daemon, model, agent, others, keyed):
    for one in (agent, *others):
        model.script(one.model, [{"answer": "Hello"}])
    answers = [
        AGENT_JSON.ask(daemon, agent, "Hi", None, keyed),
        AGENT_JSON.ask(daemon, agent, "Hi", None, keyed, person="bob"),
        AGENT_JSON.ask(daemon, others[0], "Hi", None, keyed),
        CREATE.ask(daemon, agent, "Hi", None, keyed),
        CREATE.ask(daemon, agent, "Hi", None, keyed, person="bob"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 201, 201]
    assert len({answer.header("x-stream-id") for answer in answers}) == 5
    assert (len(model.log(agent.model)), len(model.log(others[0].model))) == (4, 1)


def test_a_message_is_stored_once(daemon, model, agent, widget, session, keyed):
    before = asking.listed(daemon)["totalCount"]
    for way, one in ((CREATE, agent), (WIDGET_JSON, widget), (WIDGET_LINES, widget)):
        model.script(one.model, [{"answer": "Hello"}])
        for _ in range(3):
            place = None if way is CREATE else f"{session}.{way.streams}"
            way.check_reply(way.ask(daemon, one, "Hi", place, keyed), "Hello")
    assert asking.listed(daemon)["totalCount"] == before + 1
    for kind in (False, True):
        assert asking.stored(daemon, f"{session}.{kind}") == asking.turns("Hi", "Hello")


@pytest.mark.parametrize("way", ANSWERED)
def test_a_failure_is_an_answer_too(daemon, model, agent, session, way, keyed):
    failing = [{"head": {"status": 500}}], [{"answer": "Hello"}]
    agent, place = prepared(daemon, model, way, agent, session, *failing)
    first = way.ask(daemon, agent, "Hi", place, keyed)
    way.check_failure(first)
    second = way.ask(daemon, agent, "Hi", place, keyed)
    way.check_failure(second)
    assert second.header("x-stream-id") == first.header("x-stream-id")
    assert len(model.log(agent.model)) == 1


@pytest.mark.parametrize("way", [AGENT_SSE, WIDGET_LINES])
def test_a_stream_that_was_cut_is_cut_for_both(daemon, model, agent, session, way, keyed):
    cut = [{"text": "Hello there"}, {"close": True}], [{"answer": "Whole"}]
    agent, place = prepared(daemon, model, way, agent, session, *cut)
    first = way.ask(daemon, agent, "Hi", place, keyed)
    way.check_failure(first, ["Hello", " there"])
    assert essence(way.ask(daemon, agent, "Hi", place, keyed)) == essence(first)
    assert len(model.log(agent.model)) == 1


def test_who_joins_a_stream_has_it_from_its_beginning(daemon, model, agent, name, keyed):
    steps = [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}]
    model.script(agent.model, steps)
    with AGENT_SSE.open(daemon, agent, "Hi", None, keyed) as first:
        first.read_body(b"Hello")
        with AGENT_SSE.open(daemon, agent, "Hi", None, keyed) as second:
            second.read_body(b"Hello")
            model.open(name)
            assert essence(second.whole()) == essence(first.whole())


WRONG = ["", "a" * 256, "a b", "é"]


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("way", EVERY)
def test_a_key_that_is_none_is_400(daemon, model, agent, session, way, key):
    agent, place = prepared(daemon, model, way, agent, session, [{"answer": "Hello"}])
    answer = way.ask(daemon, agent, "Hi", place, {"Idempotency-Key": key})
    check(answer, way.api, 400, way.path)
    assert model.log(agent.model) == []


def test_the_longest_key_is_one(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    keyed = {"Idempotency-Key": "!" + "a" * 253 + "~"}
    one, two = (CREATE.ask(daemon, agent, "Hi", None, keyed) for _ in range(2))
    assert essence(one) == essence(two)


def check_same_completion(again, first):
    """What is stored is a stream, and its object has the model's members and not its spelling."""
    assert essence(again)[:2] == essence(first)[:2]
    one, two = read(again), read(first)
    for name in ("id", "object", "created", "model", "usage"):
        assert one[name] == two[name]
    (one,), (two,) = one["choices"], two["choices"]
    assert one["finish_reason"] == two["finish_reason"]
    assert one["message"]["content"] == two["message"]["content"]


@pytest.mark.parametrize("way", EVERY)
def test_after_a_restart_it_is_still_answered(start, model, agent, session, way, keyed):
    daemon = start()
    said = [{"answer": "Hello there"}], [{"answer": "Something else"}]
    agent, place = prepared(daemon, model, way, agent, session, *said)
    first = way.ask(daemon, agent, "Hi", place, keyed)
    way.check_reply(first, "Hello there")
    if way.api == "streams":
        assert fetch(daemon.port, "GET", first.header("location")).status == 200
    daemon.restart()
    again = way.ask(daemon, agent, "Hi", place, keyed)
    if way is COMPLETION:
        check_same_completion(again, first)
    else:
        assert essence(again) == essence(first)
    check(way.ask(daemon, agent, "Hi!", place, keyed), way.api, 422, way.path)
    assert len(model.log(agent.model)) == 1
