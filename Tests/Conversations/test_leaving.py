"""A reader that leaves a conversation's answer, and what becomes of it."""

import pytest
from Relay.events import stream_events
from Support.processes import wait_until

from . import asking
from .ways import GOING_ON, STREAMING, follow, history

POLICY = {"chats": "cancel", "agents": "cancel", "widget": "cancel", "grace": "0s"}
CANCEL = {"streams": {"whenUnread": POLICY}}


def steps(gate):
    return [{"text": "Hello"}, {"gate": gate}, {"text": " there"}, {"done": True}]


def left(daemon, model, way, agent, session, gate):
    """A conversation whose second answer is under way when its only reader leaves."""
    model.script(agent.model, [{"answer": "One"}], steps(gate))
    conversation = way.begin(daemon, agent, session, "Hi")
    exchange = way.open(daemon, agent, "Go on", conversation)
    model.wait(agent.model, "attempt", 2)
    if way.streams:
        exchange.read_body(b"Hello")
    exchange.close()
    daemon.wait_for_log("end=clientLeft")
    return conversation


@pytest.mark.parametrize("way", GOING_ON)
def test_an_answer_that_nobody_reads_is_completed_and_stored(
    start, model, agent, session, way, name
):
    daemon, agent = start(), way.agent(agent)
    conversation = left(daemon, model, way, agent, session, name)
    model.open(name)
    model.wait(agent.model, "finished", 2)
    # The end is stored a moment after the model's last byte: a turn that begins waits for it.
    if way.api == "agents":
        model.script(agent.model, [{"answer": "Two"}])
        assert asking.message(daemon, agent, "Back", conversation).status == 200
        heard = asking.heard(model, agent)[:-1]
    else:

        def stored():
            found = history(daemon, model, way, agent, conversation)
            return found if len(found) == 4 else None

        heard = wait_until(stored, "the reply to be stored")
    assert heard == asking.turns("Hi", "One", "Go on", "Hello there")


@pytest.mark.parametrize("way", GOING_ON)
def test_where_that_is_configured_it_is_cancelled(start, model, agent, session, way, name):
    daemon, agent = start(CANCEL), way.agent(agent)
    conversation = left(daemon, model, way, agent, session, name)
    model.wait(agent.model, "gone")
    kept = [("user", "Go on")] * (way.api == "widget")
    expected = [*asking.turns("Hi", "One"), *kept]
    model.script(agent.model, [{"answer": "Two"}])
    way.check_reply(way.ask(daemon, agent, "Back", conversation), "Two")
    assert asking.heard(model, agent) == [*expected, ("user", "Back")]


@pytest.mark.parametrize("way", STREAMING)
def test_who_left_comes_back_by_the_streams_id(start, model, agent, session, way, name):
    daemon, agent = start(), way.agent(agent)
    model.script(agent.model, steps(name))
    exchange = way.open(daemon, agent, "Hi", way.first(daemon, agent, session))
    path = exchange.read_body(b"Hello").stream_path
    exchange.close()
    daemon.wait_for_log("end=clientLeft")
    model.open(name)
    events = stream_events(follow(daemon, path, after=1).body)
    assert [event.data.get("text") for event in events] == [" there", None]
