"""Messages of one conversation that come while its turn before is under way."""

import time

import pytest

from . import asking
from .faults import check
from .ways import AGENT_SSE, GOING_ON, RESPOND, WIDGET_JSON, history

POLICIES = {
    "wait": {"whenBusy": "wait"},
    "refuse": {"whenBusy": "refuse"},
    "one": {"whenBusy": "wait", "waiting": 1},
    "none": {"whenBusy": "wait", "waiting": 0},
    "impatient": {"whenBusy": "wait", "patience": "100ms"},
}


@pytest.fixture(scope="module")
def daemons(start):
    """A daemon for each policy."""
    return {name: start({"conversations": policy}) for name, policy in POLICIES.items()}


class Busy:
    """A conversation with an answered turn, `Hi`, and one under way, `First`, at the gate."""

    def __init__(self, daemon, model, way, agent, session, gate):
        self.daemon, self.model, self.way, self.gate = daemon, model, way, gate
        self.agent = way.agent(agent)
        later = [[{"answer": f"Reply {number}"}] for number in range(2, 6)]
        held = [{"gate": gate}, {"answer": "Reply 1"}]
        model.script(self.agent.model, [{"answer": "Hello"}], held, *later)
        self.conversation = way.begin(daemon, self.agent, session, "Hi")
        self.first = self.open("First")
        model.wait(self.agent.model, "attempt", 2)

    def open(self, text):
        """Sends a message, and lets the daemon take it up before anything else is sent."""
        exchange = self.way.open(self.daemon, self.agent, text, self.conversation)
        asking.settled(self.daemon)
        return exchange

    def ask(self, text):
        return self.way.ask(self.daemon, self.agent, text, self.conversation)

    def check_refusal(self, answer):
        check(answer, self.way.api, 429, self.way.path)

    def finish(self):
        """Lets the first turn end."""
        self.model.open(self.gate)
        with self.first:
            self.way.check_reply(self.first.whole(), "Reply 1")

    @property
    def history(self):
        return history(self.daemon, self.model, self.way, self.agent, self.conversation)


@pytest.fixture
def busy(daemons, model, agent, session, name):
    def busy(policy, way):
        return Busy(daemons[policy], model, way, agent, session, name)

    return busy


@pytest.mark.parametrize("way", GOING_ON)
def test_a_message_waits_and_then_knows_of_the_turn_before(busy, model, way):
    turn = busy("wait", way)
    with turn.open("Second") as second:
        assert len(model.log(turn.agent.model)) == 2
        turn.finish()
        way.check_reply(second.whole(), "Reply 2")
    expected = asking.turns("Hi", "Hello", "First", "Reply 1", "Second")
    assert asking.heard(model, turn.agent) == expected
    assert turn.history == [*expected, ("assistant", "Reply 2")]


@pytest.mark.parametrize("way", GOING_ON)
def test_messages_wait_in_the_order_in_which_they_came(busy, model, way):
    turn = busy("wait", way)
    waiting = [turn.open(f"Message {number}") for number in range(2, 6)]
    turn.finish()
    for number, exchange in enumerate(waiting, 2):
        with exchange:
            way.check_reply(exchange.whole(), f"Reply {number}")
    texts = ["Hi", "Hello", "First", "Reply 1"]
    for number in range(2, 6):
        texts += [f"Message {number}", f"Reply {number}"]
    assert turn.history == asking.turns(*texts)


@pytest.mark.parametrize("way", GOING_ON)
def test_who_waits_for_a_turn_that_fails_does_not_hear_of_it(
    daemons, model, agent, session, way, name
):
    daemon, agent = daemons["wait"], way.agent(agent)
    failing = [{"gate": name}, {"head": {"status": 500}}]
    model.script(agent.model, [{"answer": "Hello"}], failing, [{"answer": "Two"}])
    conversation = way.begin(daemon, agent, session, "Hi")
    with way.open(daemon, agent, "Fail", conversation) as first:
        model.wait(agent.model, "attempt", 2)
        with way.open(daemon, agent, "Second", conversation) as second:
            asking.settled(daemon)
            model.open(name)
            way.check_failure(first.whole())
            way.check_reply(second.whole(), "Two")
    failed = [("user", "Fail")] * (way.api == "widget")
    expected = [*asking.turns("Hi", "Hello"), *failed, ("user", "Second")]
    assert asking.heard(model, agent) == expected


@pytest.mark.parametrize("way", GOING_ON)
def test_where_that_is_configured_a_message_is_refused(busy, model, way):
    turn = busy("refuse", way)
    for _ in range(2):
        answer = turn.ask("Second")
        turn.check_refusal(answer)
        assert answer.header("retry-after") == "1"
    turn.finish()
    way.check_reply(turn.ask("Third"), "Reply 2")
    expected = asking.turns("Hi", "Hello", "First", "Reply 1", "Third")
    assert asking.heard(model, turn.agent) == expected


@pytest.mark.parametrize("way", GOING_ON)
def test_no_more_wait_than_may(busy, model, way):
    turn = busy("one", way)
    with turn.open("Second") as second:
        turn.check_refusal(turn.ask("Third"))
        turn.finish()
        way.check_reply(second.whole(), "Reply 2")
    texts = ["Hi", "Hello", "First", "Reply 1", "Second", "Reply 2"]
    assert turn.history == asking.turns(*texts)


@pytest.mark.parametrize("way", GOING_ON)
def test_where_none_may_wait_none_does(busy, way):
    turn = busy("none", way)
    turn.check_refusal(turn.ask("Second"))
    turn.finish()
    assert turn.history == asking.turns("Hi", "Hello", "First", "Reply 1")


@pytest.mark.parametrize("way", GOING_ON)
def test_nobody_waits_for_longer_than_is_configured(busy, way):
    turn = busy("impatient", way)
    began = time.monotonic()
    turn.check_refusal(turn.ask("Second"))
    assert time.monotonic() - began >= 0.1
    turn.finish()
    assert turn.history == asking.turns("Hi", "Hello", "First", "Reply 1")


@pytest.mark.parametrize("way", [RESPOND, AGENT_SSE, WIDGET_JSON])
def test_other_conversations_do_not_wait(busy, session, way):
    turn = busy("refuse", way)
    turn.way.begin(turn.daemon, turn.agent, session + ".other", "Me")
    turn.finish()
    assert turn.history == asking.turns("Hi", "Hello", "First", "Reply 1")
