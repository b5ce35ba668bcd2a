"""Chats: a chat is opened, gone on with, and read."""

import re

import pytest

from . import asking
from .faults import INSTANT, check, is_recent, read

CHAT = re.compile(r"chat_[A-Za-z0-9]{16}")
ITEM = re.compile(r"item_[A-Za-z0-9]{16}")
COMPLETION = ["chatId", "createdAt", "status", "response", "agent"]
RECORD = [
    "chatId",
    "agent",
    "createdAt",
    "status",
    "transcript",
    "response",
    "messages",
    "dynamicVariables",
]


def check_message(message, role, text):
    assert list(message) == ["id", "role", "type", "content"], message
    assert ITEM.fullmatch(message["id"])
    assert (message["role"], message["type"]) == (role, "message")
    assert message["content"] == [text]


def test_a_chat_is_created_with_the_first_reply(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello there"}])
    answer = asking.create(daemon, agent, "Hi")
    assert answer.status == 201
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    chat = read(answer)
    assert list(chat) == COMPLETION
    assert CHAT.fullmatch(chat["chatId"])
    assert INSTANT.fullmatch(chat["createdAt"]) and is_recent(chat["createdAt"])
    assert chat["status"] == "in_progress"
    assert list(chat["agent"]) == ["name", "agentId", "status"]
    assert chat["agent"] == agent.shown
    (reply,) = chat["response"]
    check_message(reply, "assistant", "Hello there")


def test_a_later_message_gets_the_reply_to_it_alone(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}], [{"answer": "Two"}])
    first = read(asking.create(daemon, agent))
    answer = asking.respond(daemon, first["chatId"])
    assert answer.status == 200 and answer.header("x-stream-id")
    second = read(answer)
    assert list(second) == COMPLETION
    assert {**second, "response": first["response"]} == first
    (reply,) = second["response"]
    check_message(reply, "assistant", "Two")


def test_the_record_has_the_whole_history(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}], [{"answer": "Two"}])
    first = read(asking.create(daemon, agent, "Hi"))
    second = read(asking.respond(daemon, first["chatId"], "And you?"))
    record = asking.record(daemon, first["chatId"])
    assert list(record) == RECORD
    assert {name: record[name] for name in COMPLETION} == second
    assert record["transcript"] == "User: Hi\nAgent: One\nUser: And you?\nAgent: Two"
    assert record["dynamicVariables"] == {}
    texts = ["Hi", "One", "And you?", "Two"]
    for message, (role, text) in zip(record["messages"], asking.turns(*texts), strict=True):
        check_message(message, role, text)
    assert record["messages"][1] == first["response"][0]
    assert record["messages"][3] == record["response"][0] == second["response"][0]
    assert len({message["id"] for message in record["messages"]}) == len(texts)


def test_the_model_hears_the_prompt_and_the_whole_history(daemon, model, agent):
    model.script(agent.model, [{"answer": "One"}], [{"answer": "Two"}], [{"answer": "Three"}])
    chat = asking.opened(daemon, agent, "Hi")
    asking.respond(daemon, chat, "And you?")
    asking.respond(daemon, chat, "  Bye\n")
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "And you?", "Two", "  Bye\n")
    for turn in range(3):
        assert asking.prompts(model, agent, turn) == [agent.prompt]
        body = asking.bodies(model, agent)[turn]
        assert body["model"] == agent.model and body["messages"][0]["role"] == "system"


def test_created_at_is_constant_over_turns_and_changes(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    first = read(asking.create(daemon, agent))
    chat, created = first["chatId"], first["createdAt"]
    assert read(asking.respond(daemon, chat))["createdAt"] == created
    assert read(asking.patch(daemon, chat, {"dynamicVariables": {"a": 1}}))["createdAt"] == created
    assert read(asking.chats(daemon, "DELETE", f"{asking.CHATS}/{chat}"))["createdAt"] == created
    assert asking.record(daemon, chat)["createdAt"] == created


def test_ids_are_never_the_same(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chats = [read(asking.create(daemon, agent)) for _ in range(10)]
    assert len({chat["chatId"] for chat in chats}) == 10
    assert len({chat["response"][0]["id"] for chat in chats}) == 10


def test_chats_do_not_hear_each_other(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chats = [asking.opened(daemon, agent, f"I am {number}") for number in range(3)]
    asking.respond(daemon, chats[1], "Who?")
    assert asking.heard(model, agent) == asking.turns("I am 1", "Hello", "Who?")


TEXTS = [" ", "\n", "é中😀", 'a "b" \\ /', "\u0000\u001f\u007f", "\u2028\u2029\u0085"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_through_as_they_are(daemon, model, agent, text):
    model.script(agent.model, [chunk(text), {"finish": "stop"}, {"done": True}])
    chat = read(asking.create(daemon, agent, text))
    assert chat["response"][0]["content"] == [text]
    assert asking.said(asking.record(daemon, chat["chatId"])) == asking.turns(text, text)
    assert asking.heard(model, agent) == asking.turns(text)


def chunk(text):
    return {"event": {"choices": [{"index": 0, "delta": {"content": text}}]}}


UNKNOWN = ["chat_" + "0" * 16, "chat_", "x", "agent_1"]


@pytest.mark.parametrize("chat", UNKNOWN)
def test_an_unknown_chat_is_404(daemon, chat):
    path = f"{asking.CHATS}/{chat}"
    for method in ("GET", "PATCH", "DELETE"):
        check(asking.chats(daemon, method, path), "chats", 404, path)
    for end in ("end", "end-session", "end-chat"):
        check(asking.chats(daemon, "PATCH", f"{path}/{end}"), "chats", 404, f"{path}/{end}")


def test_a_message_to_an_unknown_chat_is_404(daemon):
    for chat in ("chat_" + "0" * 16, "x", "😀" * 128):
        check(asking.respond(daemon, chat), "chats", 404, asking.RESPONSE)


def test_another_keys_chat_is_404(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    path = f"{asking.CHATS}/{chat}"
    for method in ("GET", "PATCH", "DELETE"):
        check(asking.chats(daemon, method, path, None, "bob"), "chats", 404, path)
    check(asking.chats(daemon, "POST", f"{path}/end", None, "bob"), "chats", 404, f"{path}/end")
    check(asking.respond(daemon, chat, person="bob"), "chats", 404, asking.RESPONSE)
    assert asking.record(daemon, chat)["status"] == "in_progress"
    assert len(model.log(agent.model)) == 1


def test_unknown_fields_are_ignored(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    answer = asking.create(daemon, agent, metadata={"a": [1]}, input2=None)
    assert answer.status == 201
    body = {"chatId": read(answer)["chatId"], "input": "Hi", "agentId": 7}
    assert asking.chats(daemon, "POST", asking.RESPONSE, body).status == 200


def test_the_original_pages_request_works_unchanged(daemon, model, agent):
    """Spaces, line ends and the order of members as in the published example."""
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    body = f'\n{{\n  "chatId": "{chat}",\n  "input": "Where is my order?"\n}}\n'.encode()
    assert asking.chats(daemon, "POST", asking.RESPONSE, body).status == 200
    assert asking.heard(model, agent)[-1] == ("user", "Where is my order?")
