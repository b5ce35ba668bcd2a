"""Conversations and stored streams are kept for their time, and not longer."""

import time

import pytest
from Support.processes import wait_until

from . import asking
from .faults import check
from .ways import WAYS, follow

KEPT = 4.0
SHORT = {"archive": {"file": "conversations.db", "retention": f"{KEPT}s"}}


def is_gone(daemon, path):
    return follow(daemon, path, "json").status == 404


def begun(daemon, model, agent, widget, session):
    """A conversation of each API: a chat, an agent's, and the widget's session."""
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    assert asking.say(daemon, session).status == 200
    conversation = asking.data(asking.message(daemon, agent))["conversationId"]
    return asking.opened(daemon, agent), conversation


def status(daemon, chat):
    return asking.chats(daemon, "GET", f"{asking.CHATS}/{chat}").status


def pass_time(began, share=1):
    """Until conversations of the moment `began` have this share of the age that they may have."""
    wait_until(lambda: time.monotonic() > began + share * KEPT, "time to pass")


def test_conversations_are_kept_after_their_last_message_and_no_longer(
    start, model, agent, widget, session
):
    """The store is swept now and then, and when a daemon starts."""
    short, daemon = start(SHORT), start()
    kept = begun(daemon, model, agent, widget, session)
    lost = begun(short, model, agent, widget, session)
    used, began = asking.opened(short, agent), time.monotonic()
    pass_time(began, 0.5)
    assert asking.respond(short, used).status == 200
    pass_time(began)
    for each in (short, daemon):
        each.restart()
    wait_until(lambda: status(short, lost[0]) == 404, "the chat to be forgotten")
    check(asking.message(short, agent, "Hi", lost[1]), "agents", 404)
    assert asking.stored(short, session) == []
    # What was used in the meantime is there, whole.
    assert [chat["chatId"] for chat in asking.listed(short)["data"]] == [used]
    assert len(asking.record(short, used)["messages"]) == 4
    # A session begins anew.
    assert asking.say(short, session, "Again").status == 200
    assert asking.heard(model, widget) == asking.turns("Again")
    # By default nothing is forgotten.
    assert status(daemon, kept[0]) == 200
    assert asking.message(daemon, agent, "Hi", kept[1]).status == 200
    assert asking.stored(daemon, session) == asking.turns("Hello", "Hello")


@pytest.mark.parametrize("way", WAYS)
def test_a_stored_stream_is_forgotten_and_its_conversation_is_not(
    forgetful, model, agent, session, way
):
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "Hello"}])
    answer = way.ask(forgetful, agent, "Hi", way.first(forgetful, agent, session))
    wait_until(lambda: is_gone(forgetful, answer.stream_path), "the stream to be forgotten")
    for form in ("sse", "openai", "ndjson", "chunk"):
        assert follow(forgetful, answer.stream_path, form).status == 404
    conversation = session if way.api == "widget" else way.conversation(answer)
    if way.name != "chats create":
        way.check_reply(way.ask(forgetful, agent, "Again", conversation), "Hello")
        assert ("user", "Hi") in asking.heard(model, agent)


@pytest.fixture(scope="module")
def forgetful(start):
    return start({"streams": {"retention": "300ms"}})


def test_a_forgotten_stream_does_not_come_back(start, model, agent):
    daemon = start({"streams": {"retention": "300ms"}})
    model.script(agent.model, [{"answer": "Hello"}])
    paths = [asking.message(daemon, agent).stream_path for _ in range(3)]
    for path in paths:
        wait_until(lambda path=path: is_gone(daemon, path), "the stream to be forgotten")
    daemon.restart()
    assert all(is_gone(daemon, path) for path in paths)


def test_a_stream_that_left_memory_is_read_from_the_store(start, model, agent):
    """Ours have a megabyte of memory together, and are larger."""
    daemon = start({"streams": {"memory": "1MiB", "stream": "1MiB", "retention": "1h"}})
    text = "0123456789abcdef" * (1 << 14)
    model.script(agent.model, [{"text": text, "tokens": 16}, {"finish": "stop"}, {"done": True}])
    answers = [asking.message(daemon, agent, stream=True) for _ in range(8)]
    assert {answer.status for answer in answers} == {200}
    for answer in answers:
        found = follow(daemon, answer.stream_path, "chunk")
        assert (found.status, found.body) == (200, answer.body)


def test_after_a_restart_a_stream_has_the_rest_of_its_time(start, model, agent):
    daemon = start({"streams": {"retention": "2s"}})
    model.script(agent.model, [{"answer": "Hello"}])
    began = time.monotonic()
    path = asking.message(daemon, agent).stream_path
    daemon.restart()
    wait_until(lambda: is_gone(daemon, path), "the stream to be forgotten")
    assert time.monotonic() - began >= 2
