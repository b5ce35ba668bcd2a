"""Chats: what was said in the chats before, and how much of it the model hears."""

import pytest

from . import asking
from .daemons import AGENTS, Agent, described
from .faults import check, read

SHORT = Agent("agent_short", "short", "Short", "model-short", "Brief.")
SETTINGS = {"agents": [*AGENTS, described(SHORT, SHORT.prompt, history=4)]}


def test_the_messages_of_the_chat_before_come_first(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}], [{"answer": "Two"}], [{"answer": "Three"}])
    first = asking.opened(daemon, agent, "Hi")
    asking.respond(daemon, first, "Go on")
    second = asking.opened(daemon, agent, "Again", previousChatId=first)
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "Go on", "Two", "Again")
    assert asking.said(asking.record(daemon, second)) == asking.turns("Again", "Three")
    assert asking.said(asking.record(daemon, first)) == asking.turns("Hi", "One", "Go on", "Two")


def test_chats_before_are_followed_to_the_first(daemon, model, agent):
    model.script(agent.model, [{"answer": "Yes"}])
    chat = asking.opened(daemon, agent, "0")
    for number in range(1, 5):
        chat = asking.opened(daemon, agent, str(number), previousChatId=chat)
    expected = [text for number in range(4) for text in (str(number), "Yes")] + ["4"]
    assert asking.heard(model, agent) == asking.turns(*expected)
    asking.respond(daemon, chat, "5")
    assert asking.heard(model, agent) == asking.turns(*expected, "Yes", "5")
    assert asking.said(asking.record(daemon, chat)) == asking.turns("4", "Yes", "5", "Yes")


def test_an_ended_chat_can_be_gone_back_to(daemon, model, agent, others):
    model.script(agent.model, [{"answer": "One"}])
    model.script(others[0].model, [{"answer": "Two"}])
    first = asking.opened(daemon, agent, "Hi")
    asking.chats(daemon, "DELETE", f"{asking.CHATS}/{first}")
    asking.opened(daemon, others[0], "Again", previousChatId=first)
    assert asking.heard(model, others[0]) == asking.turns("Hi", "One", "Again")


def test_an_empty_previous_chat_is_none(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}])
    answer = asking.create(daemon, agent, "Hi", previousChatId="")
    assert answer.status == 201
    assert asking.heard(model, agent) == asking.turns("Hi")


@pytest.mark.parametrize("previous", ["chat_" + "0" * 16, "x", "é" * 128])
def test_an_unknown_previous_chat_is_404(daemon, model, agent, previous):
    model.script(agent.model, [{"answer": "One"}])
    before = asking.listed(daemon)["totalCount"]
    answer = asking.create(daemon, agent, previousChatId=previous)
    check(answer, "chats", 404, asking.CHATS)
    assert asking.listed(daemon)["totalCount"] == before
    assert model.log(agent.model) == []


def test_another_keys_previous_chat_is_404(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}])
    chat = read(asking.create(daemon, agent, person="bob"))["chatId"]
    answer = asking.create(daemon, agent, previousChatId=chat)
    check(answer, "chats", 404, asking.CHATS)
    assert len(model.log(agent.model)) == 1


def test_an_agent_hears_as_much_as_is_configured(daemon, model):
    model.script(SHORT.model, [{"answer": "Yes"}])
    chat = asking.opened(daemon, SHORT, "0")
    for number in range(1, 4):
        assert asking.respond(daemon, chat, str(number)).status == 200
    expected = [("assistant", "Yes"), ("user", "2"), ("assistant", "Yes"), ("user", "3")]
    assert asking.heard(model, SHORT) == expected
    assert asking.prompts(model, SHORT) == [SHORT.prompt]
    assert len(asking.record(daemon, chat)["messages"]) == 8


def test_the_bound_holds_over_chats_before(daemon, model):
    model.script(SHORT.model, [{"answer": "Yes"}])
    first = asking.opened(daemon, SHORT, "0")
    asking.respond(daemon, first, "1")
    asking.opened(daemon, SHORT, "2", previousChatId=first)
    expected = [("assistant", "Yes"), ("user", "1"), ("assistant", "Yes"), ("user", "2")]
    assert asking.heard(model, SHORT) == expected
