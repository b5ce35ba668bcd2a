"""Conversations and stored streams are kept for their time, and not longer."""

import time

import pytest
from Support.processes import wait_until

from . import asking
from .faults import check
from .ways import WAYS, follow

KEPT = 1.0
SHORT = {"archive": {"file": "conversations.db", "retention": "1s"}}


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


def test_a_conversation_is_forgotten_after_its_last_message(start, model, agent, widget, session):
    daemon = start(SHORT)
    began = time.monotonic()
    chat, conversation = begun(daemon, model, agent, widget, session)
    wait_until(lambda: status(daemon, chat) == 404, "the chat to be forgotten")
    assert time.monotonic() - began >= KEPT
    wait_until(lambda: not asking.stored(daemon, session), "the session to be forgotten")
    check(asking.message(daemon, agent, "Hi", conversation), "agents", 404)
    assert asking.listed(daemon)["totalCount"] == 0
    # A session begins anew.
    assert asking.say(daemon, session, "Again").status == 200
    assert asking.heard(model, widget) == asking.turns("Again")


def test_a_conversation_in_use_is_kept(start, model, agent):
    daemon = start({"archive": {"file": "conversations.db", "retention": "2s"}})
    model.script(agent.model, [{"answer": "Hello"}])
    used, unused = asking.opened(daemon, agent), asking.opened(daemon, agent)

    def unused_is_gone():
        assert asking.respond(daemon, used).status == 200
        return status(daemon, unused) == 404

    wait_until(unused_is_gone, "the other chat to be forgotten")
    assert status(daemon, used) == 200


def test_by_default_a_conversation_is_kept(start, model, agent, widget, session):
    short, daemon = start(SHORT), start()
    chat, conversation = begun(daemon, model, agent, widget, session)
    other, _ = begun(short, model, agent, widget, session)
    wait_until(lambda: status(short, other) == 404, "the other daemon to forget")
    assert status(daemon, chat) == 200
    assert asking.message(daemon, agent, "Hi", conversation).status == 200
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
