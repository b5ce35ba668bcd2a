"""Chats: variables and agents change, and a chat ends."""

import pytest

from . import asking
from .faults import check, read

ALIASES = ["/end", "/end-session", "/end-chat"]
ENDS = [(method, alias) for alias in ALIASES for method in ("PATCH", "POST", "PUT")]
ENDS.append(("DELETE", ""))


@pytest.fixture
def chat(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    return asking.opened(daemon, agent, "Hi", dynamicVariables={"name": "Ann", "n": 1})


def end(daemon, chat, method="DELETE", alias="", body=None):
    return asking.chats(daemon, method, f"{asking.CHATS}/{chat}{alias}", body)


def failed_chat(daemon, model, agent):
    """A chat whose first turn has failed."""
    model.script(agent.model, [{"head": {"status": 500}}])
    assert asking.create(daemon, agent).status == 500
    (newest,) = asking.listed(daemon, "?size=1")["data"]
    assert newest["status"] == "error"
    return newest["chatId"]


def test_variables_are_merged_at_the_top(daemon, chat):
    asking.patch(daemon, chat, {"dynamicVariables": {"deep": {"a": 1, "b": 2}}})
    answer = asking.patch(daemon, chat, {"dynamicVariables": {"deep": {"a": 3}, "n": True}})
    assert answer.status == 200
    record = read(answer)
    assert record["dynamicVariables"] == {"name": "Ann", "n": True, "deep": {"a": 3}}
    assert record == asking.record(daemon, chat)


def test_variables_serve_later_turns(daemon, model, agent, chat):
    asking.patch(daemon, chat, {"dynamicVariables": {"name": "Bea"}})
    assert asking.respond(daemon, chat).status == 200
    assert asking.prompts(model, agent, 0) == ["You help Ann."]
    assert asking.prompts(model, agent, 1) == ["You help Bea."]


def test_a_new_agent_serves_later_turns(daemon, model, agent, others, chat):
    other = others[0]
    model.script(other.model, [{"answer": "It is me"}])
    answer = asking.patch(daemon, chat, {"agentId": other.id})
    assert answer.status == 200 and read(answer)["agent"] == other.shown
    reply = read(asking.respond(daemon, chat, "Who?"))
    assert reply["agent"] == other.shown and reply["response"][0]["content"] == ["It is me"]
    assert asking.heard(model, other) == asking.turns("Hi", "Hello", "Who?")
    assert asking.prompts(model, other) == ["You help Ann."]
    assert len(model.log(agent.model)) == 1


def test_agent_and_variables_change_together(daemon, others, chat):
    body = {"agentId": others[1].id.removeprefix("agent_"), "dynamicVariables": {"x": []}}
    record = read(asking.patch(daemon, chat, body))
    assert record["agent"] == others[1].shown
    assert record["dynamicVariables"] == {"name": "Ann", "n": 1, "x": []}


BODIES = [None, {}, b"", {"dynamicVariables": {}}, {"other": 1}]


@pytest.mark.parametrize("body", BODIES)
def test_a_change_of_nothing_answers_the_record(daemon, chat, body):
    before = asking.record(daemon, chat)
    answer = asking.patch(daemon, chat, body)
    assert (answer.status, read(answer)) == (200, before)


def test_an_unknown_agent_changes_nothing(daemon, chat):
    before = asking.record(daemon, chat)
    body = {"agentId": "agent_nobody", "dynamicVariables": {"name": "Bea"}}
    check(asking.patch(daemon, chat, body), "chats", 404, f"{asking.CHATS}/{chat}")
    assert asking.record(daemon, chat) == before


@pytest.mark.parametrize(("method", "alias"), ENDS)
def test_every_alias_ends_a_chat(daemon, chat, method, alias):
    before = asking.record(daemon, chat)
    answer = end(daemon, chat, method, alias)
    assert (answer.status, read(answer)) == (200, {**before, "status": "ended"})
    assert asking.record(daemon, chat) == read(answer)


@pytest.mark.parametrize(("method", "alias"), ENDS)
def test_an_end_again_changes_nothing(daemon, chat, method, alias):
    first = end(daemon, chat)
    again = end(daemon, chat, method, alias)
    assert (again.status, read(again)) == (200, read(first))


@pytest.mark.parametrize("body", [{}, {"reason": "over"}, b"not JSON"])
def test_an_end_needs_no_body_and_reads_none(daemon, chat, body):
    answer = end(daemon, chat, "POST", "/end", body)
    assert (answer.status, read(answer)["status"]) == (200, "ended")


def test_after_the_end_there_is_no_message_and_no_change(daemon, model, agent, chat):
    ended = read(end(daemon, chat))
    check(asking.respond(daemon, chat), "chats", 400, asking.RESPONSE)
    for body in ({}, None, {"dynamicVariables": {"name": "Bea"}}):
        check(asking.patch(daemon, chat, body), "chats", 400, f"{asking.CHATS}/{chat}")
    assert asking.record(daemon, chat) == ended
    assert len(model.log(agent.model)) == 1


def test_a_failed_chat_takes_no_message_and_no_change_but_an_end(daemon, model, agent):
    chat = failed_chat(daemon, model, agent)
    model.script(agent.model, [{"answer": "Hello"}])
    check(asking.respond(daemon, chat), "chats", 400, asking.RESPONSE)
    check(asking.patch(daemon, chat, {}), "chats", 400, f"{asking.CHATS}/{chat}")
    assert model.log(agent.model) == []
    assert read(end(daemon, chat))["status"] == "ended"


WRONG = [
    ({"agentId": "a" * 65}, {"agentId"}),
    ({"agentId": 7}, {"agentId"}),
    ({"dynamicVariables": []}, {"dynamicVariables"}),
    ({"dynamicVariables": "x"}, {"dynamicVariables"}),
    ({"agentId": [], "dynamicVariables": 1}, {"agentId", "dynamicVariables"}),
    (b"{", set()),
    (b"[]", set()),
    (b'{"dynamicVariables":{}} x', set()),
]


@pytest.mark.parametrize(("body", "fields"), WRONG)
def test_a_change_that_is_wrong_is_400(daemon, chat, body, fields):
    before = asking.record(daemon, chat)
    check(asking.patch(daemon, chat, body), "chats", 400, f"{asking.CHATS}/{chat}", fields)
    assert asking.record(daemon, chat) == before


def test_variables_do_not_grow_without_an_end(daemon, chat):
    half = {"dynamicVariables": {"one": "x" * 40_000}}
    assert asking.patch(daemon, chat, half).status == 200
    before = asking.record(daemon, chat)
    for more in ({"two": "y" * 40_000}, {"one": "z" * 70_000}):
        answer = asking.patch(daemon, chat, {"dynamicVariables": more})
        assert answer.status == 400
        assert answer.json()["validationErrors"] == {
            "dynamicVariables": "dynamicVariables must be at most 65536 bytes of JSON altogether"
        }
    assert asking.record(daemon, chat) == before
