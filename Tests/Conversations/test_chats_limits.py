"""Chats: which requests are refused for their fields, and what is said of which field."""

import json

import pytest

from . import asking
from .faults import check

EMOJI = "😀"
LONGEST = 20480
OMIT = object()


def raw(**fields):
    """JSON whose characters are not escaped, so that bytes, units and code points differ."""
    return json.dumps(fields, ensure_ascii=False).encode()


@pytest.mark.parametrize("character", ["a", "é", "中", EMOJI, "\u0301", "\n", "\U0010ffff"])
@pytest.mark.parametrize("escaped", [True, False])
def test_the_longest_input_is_counted_in_code_points(daemon, model, agent, character, escaped):
    model.script(agent.model, [{"answer": "Hello"}])
    text = character * LONGEST
    fields = {"agentId": agent.id, "input": text}
    body = json.dumps(fields).encode() if escaped else raw(**fields)
    assert asking.chats(daemon, "POST", asking.CHATS, body).status == 201
    assert asking.heard(model, agent) == asking.turns(text)
    fields["input"] += "a"
    body = json.dumps(fields).encode() if escaped else raw(**fields)
    answer = asking.chats(daemon, "POST", asking.CHATS, body)
    check(answer, "chats", 400, asking.CHATS, {"input"})
    assert len(model.log(agent.model)) == 1


# A field and a value that it must not have; `OMIT` leaves it out.
CREATE = [
    ("agentId", OMIT),
    ("agentId", ""),
    ("agentId", "a" * 65),
    ("agentId", EMOJI * 65),
    ("agentId", 5),
    ("agentId", None),
    ("agentId", ["agent_slot1"]),
    ("input", OMIT),
    ("input", ""),
    ("input", EMOJI * (LONGEST + 1)),
    ("input", 5),
    ("input", None),
    ("input", ["Hello"]),
    ("dynamicVariables", []),
    ("dynamicVariables", "name"),
    ("dynamicVariables", 5),
    ("dynamicVariables", True),
    ("previousChatId", "a" * 129),
    ("previousChatId", EMOJI * 129),
    ("previousChatId", 5),
    ("previousChatId", {}),
]


def without(fields, **changes):
    return {name: value for name, value in {**fields, **changes}.items() if value is not OMIT}


@pytest.mark.parametrize(("field", "value"), CREATE)
def test_a_wrong_field_of_a_new_chat_is_named(daemon, model, agent, field, value):
    model.script(agent.model, [{"answer": "Hello"}])
    body = without(asking.create_body(agent), **{field: value})
    answer = asking.chats(daemon, "POST", asking.CHATS, body)
    check(answer, "chats", 400, asking.CHATS, {field})
    assert model.log(agent.model) == []


RESPOND = [
    ("chatId", OMIT),
    ("chatId", ""),
    ("chatId", "a" * 129),
    ("chatId", EMOJI * 129),
    ("chatId", 5),
    ("chatId", None),
    ("input", OMIT),
    ("input", ""),
    ("input", EMOJI * (LONGEST + 1)),
    ("input", False),
    ("input", None),
]


@pytest.mark.parametrize(("field", "value"), RESPOND)
def test_a_wrong_field_of_a_later_message_is_named(daemon, model, agent, field, value):
    model.script(agent.model, [{"answer": "Hello"}])
    body = {"chatId": asking.opened(daemon, agent), "input": "Hi"}
    answer = asking.chats(daemon, "POST", asking.RESPONSE, without(body, **{field: value}))
    check(answer, "chats", 400, asking.RESPONSE, {field})
    assert len(model.log(agent.model)) == 1


def test_every_wrong_field_is_named(daemon):
    body = {"agentId": "", "dynamicVariables": [], "previousChatId": "a" * 129}
    answer = asking.chats(daemon, "POST", asking.CHATS, body)
    check(answer, "chats", 400, asking.CHATS, {"input", *body})
    answer = asking.chats(daemon, "POST", asking.RESPONSE, {})
    check(answer, "chats", 400, asking.RESPONSE, {"chatId", "input"})


def test_the_longest_ids_are_looked_up(daemon, agent):
    for identifier in ("a" * 64, EMOJI * 64):
        check(asking.create(daemon, identifier), "chats", 404, asking.CHATS)
    for identifier in ("a" * 128, EMOJI * 128):
        check(asking.respond(daemon, identifier), "chats", 404, asking.RESPONSE)
        answer = asking.create(daemon, agent, previousChatId=identifier)
        check(answer, "chats", 404, asking.CHATS)


NOT_JSON = [
    b"{",
    b"",
    b"agentId=agent_1&input=Hello",
    b'{"agentId":"agent_slot1","input":"Hello"',
    b'{"agentId":"agent_slot1","input":"Hello",}',
    b"{'agentId':'agent_slot1','input':'Hello'}",
    b'{"agentId":"agent_slot1","input":"\xff"}',
    b'{"agentId":"agent_slot1","input":"Hello"} {}',
    b'{"agentId":"agent_slot1","input":"a\nb"}',
    b"[]",
    b'"Hello"',
    b"null",
]


@pytest.mark.parametrize("path", [asking.CHATS, asking.RESPONSE])
@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_no_json_object_is_400_without_field_errors(daemon, path, body):
    check(asking.chats(daemon, "POST", path, body), "chats", 400, path)
