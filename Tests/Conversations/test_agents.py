"""Agents: a message by slug, answered whole or in pieces."""

import json
import re

import pytest
from Relay.events import DONE
from Relay.wire import fetch

from . import asking
from .daemons import AGENTS, Agent, described
from .faults import check

CONVERSATION = re.compile(r"conv_[A-Za-z0-9]+")
PLAIN = Agent("agent_plain", "plain", "Plain", "model-plain", "You are plain.")
TESTING = Agent("agent_testing", "testing", "Testing", "model-testing", "")
SETTINGS = {
    "agents": [
        *AGENTS,
        described(PLAIN, PLAIN.prompt, parameters={"temperature": 0.5}),
        described(TESTING, "", status="Testing"),
        described(Agent("agent_off", "off", "Off", "model-off", ""), "", status="Disabled"),
        described(Agent("agent_away", "away", "Away", "model-away", ""), "", apis=["chats"]),
    ]
}


def test_an_answer_is_this_to_the_byte(daemon, model, agent):
    model.script(agent.model, [{"answer": 'Hello "there"/😀'}])
    answer = asking.message(daemon, agent, "Hi")
    assert answer.status == 200
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    identifier = json.loads(answer.body)["data"]["conversationId"]
    assert CONVERSATION.fullmatch(identifier)
    assert answer.body.decode() == (
        '{"data":{"response":"Hello \\"there\\"/😀","conversationId":"' + identifier + '",'
        '"metadata":{"model":"' + agent.model + '","tokens":12}},"error":null}'
    )


def test_without_a_usage_the_tokens_are_zero(daemon, model, agent):
    model.script(agent.model, [{"text": "Hello"}, {"finish": "stop"}, {"done": True}])
    found = asking.data(asking.message(daemon, agent))
    assert (found["response"], found["metadata"]["tokens"]) == ("Hello", 0)


def test_a_stream_is_this_to_the_byte(daemon, model, agent):
    model.script(agent.model, [{"answer": 'Hello "there" / 😀'}])
    answer = asking.message(daemon, agent, "Hi", stream=True)
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.header("cache-control") == "no-cache, no-transform"
    assert answer.header("x-accel-buffering") == "no"
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    assert CONVERSATION.fullmatch(answer.header("x-conversation-id"))
    assert answer.body.decode() == (
        'data: {"chunk": "Hello"}\n\ndata: {"chunk": " \\"there\\""}\n\n'
        'data: {"chunk": " /"}\n\ndata: {"chunk": " 😀"}\n\ndata: [DONE]\n\n'
    )


def test_no_frame_is_empty(daemon, model, agent):
    empty = {"event": {"choices": [{"index": 0, "delta": {"content": ""}}]}}
    other = {"event": {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}}
    steps = [{"role": True}, empty, {"text": "Hello"}, other, empty, {"text": " "}, empty]
    model.script(agent.model, [*steps, {"finish": "stop"}, {"done": True}])
    answer = asking.message(daemon, agent, stream=True)
    assert bytes(answer.body) == b'data: {"chunk": "Hello"}\n\ndata: {"chunk": " "}\n\n' + DONE


def test_an_empty_reply_is_the_marker_alone(daemon, model, agent):
    model.script(agent.model, [{"finish": "stop"}, {"done": True}])
    answer = asking.message(daemon, agent, stream=True)
    assert (answer.status, bytes(answer.body)) == (200, DONE)
    assert asking.data(asking.message(daemon, agent))["response"] == ""


def test_each_chunk_leaves_at_once(daemon, model, agent, name):
    steps = [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}]
    model.script(agent.model, steps)
    with asking.open_message(daemon, agent) as exchange:
        exchange.read_body(b'data: {"chunk": "Hello"}\n\n')
        model.open(name)
        assert exchange.whole().body.endswith(DONE)


@pytest.mark.parametrize("kinds", [(False, False), (True, False), (False, True), (True, True)])
def test_a_conversation_goes_on(daemon, model, agent, kinds):
    model.script(agent.model, [{"answer": "One"}], [{"answer": "Two"}], [{"answer": "Three"}])
    first = asking.message(daemon, agent, "Hi", stream=kinds[0])
    if kinds[0]:
        conversation = first.header("x-conversation-id")
    else:
        conversation = asking.data(first)["conversationId"]
    for text in ("And you?", " Bye \n"):
        answer = asking.message(daemon, agent, text, conversation, stream=kinds[1])
        assert answer.status == 200
        if kinds[1]:
            assert answer.header("x-conversation-id") == conversation
        else:
            assert asking.data(answer)["conversationId"] == conversation
    expected = asking.turns("Hi", "One", "And you?", "Two", " Bye \n")
    assert asking.heard(model, agent) == expected


@pytest.mark.parametrize("fields", [{}, {"conversationId": None}])
def test_without_a_conversation_each_message_opens_one(daemon, model, agent, fields):
    model.script(agent.model, [{"answer": "Hello"}])
    bodies = [{"message": "Hi", **fields} for _ in range(5)]
    path, headers = asking.agent_path(agent), asking.key("agents")
    found = [asking.data(fetch(daemon.port, "POST", path, body, headers)) for body in bodies]
    assert len({answer["conversationId"] for answer in found}) == 5
    assert asking.heard(model, agent) == asking.turns("Hi")


@pytest.mark.parametrize("stream", [True, False])
def test_the_alias_is_the_same(daemon, model, agent, stream):
    model.script(agent.model, [{"answer": "Hello"}])
    body = asking.message_body(stream=stream)
    headers = asking.key("agents")
    one = fetch(daemon.port, "POST", asking.agent_path(agent), body, headers)
    two = fetch(daemon.port, "POST", asking.agent_path(agent, alias=True), body, headers)
    assert (one.status, two.status) == (200, 200)
    if stream:
        assert one.body == two.body == b'data: {"chunk": "Hello"}\n\n' + DONE
    else:
        assert asking.data(two)["response"] == "Hello"


def test_the_prompt_and_the_parameters_go_to_the_model(daemon, model):
    model.script(PLAIN.model, [{"answer": "Hello"}])
    assert asking.message(daemon, PLAIN).status == 200
    body = asking.bodies(model, PLAIN)[0]
    prompt = {"role": "system", "content": PLAIN.prompt}
    assert body["messages"] == [prompt, {"role": "user", "content": "Hello"}]
    assert (body["model"], body["temperature"]) == (PLAIN.model, 0.5)


def test_a_testing_agent_answers(daemon, model):
    model.script(TESTING.model, [{"answer": "Hello"}])
    assert asking.message(daemon, TESTING).status == 200


@pytest.mark.parametrize("slug", ["nobody", "away", "agent_plain", "PLAIN", "plain-", "5"])
def test_an_unknown_slug_is_404(daemon, slug):
    for stream in (True, False):
        answer = asking.message(daemon, slug, stream=stream)
        check(answer, "agents", 404, message=f"Agent with slug '{slug}' not found")


def test_a_disabled_agent_is_403(daemon, model):
    for stream in (True, False):
        check(asking.message(daemon, "off", stream=stream), "agents", 403)
    assert model.log("model-off") == []


OMIT = object()
WRONG = [
    ("message", OMIT),
    ("message", ""),
    ("message", " \n\t"),
    ("message", None),
    ("message", 5),
    ("message", ["Hello"]),
    ("stream", "yes"),
    ("stream", 1),
    ("conversationId", 5),
    ("conversationId", ["conv_1"]),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_400(daemon, model, agent, field, value):
    model.script(agent.model, [{"answer": "Hello"}])
    fields = {"message": "Hello", field: value}
    body = {name: value for name, value in fields.items() if value is not OMIT}
    answer = fetch(daemon.port, "POST", asking.agent_path(agent), body, asking.key("agents"))
    message = "Message field is required" if field == "message" else None
    check(answer, "agents", 400, message=message)
    assert model.log(agent.model) == []


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"Hello"', b'{"message":"\xff"}', b"{} {}"])
def test_what_is_no_json_object_is_400(daemon, agent, body):
    answer = fetch(daemon.port, "POST", asking.agent_path(agent), body, asking.key("agents"))
    check(answer, "agents", 400)


def test_unknown_fields_are_ignored(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    answer = asking.message(daemon, agent, **{"async": True}, temperature=2, messages=[])
    assert asking.data(answer)["response"] == "Hello"
    body = asking.bodies(model, agent)[0]
    assert "temperature" not in body and "async" not in body
    assert asking.heard(model, agent) == asking.turns("Hello")


def not_found(answer, conversation):
    check(answer, "agents", 404, message=f"Conversation with id '{conversation}' not found")


@pytest.mark.parametrize("conversation", ["conv_" + "0" * 16, "conv_", "", "x", "chat_1", "é😀"])
def test_an_unknown_conversation_is_404(daemon, model, agent, conversation):
    model.script(agent.model, [{"answer": "Hello"}])
    for stream in (True, False):
        answer = asking.message(daemon, agent, "Hi", conversation, stream=stream)
        not_found(answer, conversation)
    assert model.log(agent.model) == []


def test_a_conversation_of_another_slug_key_or_api_is_404(daemon, model, agent, others):
    for each in (agent, *others):
        model.script(each.model, [{"answer": "Hello"}])
    conversation = asking.data(asking.message(daemon, agent))["conversationId"]
    not_found(asking.message(daemon, others[0], "Hi", conversation), conversation)
    not_found(asking.message(daemon, agent, "Hi", conversation, "bob"), conversation)
    chat = asking.opened(daemon, agent)
    not_found(asking.message(daemon, agent, "Hi", chat), chat)
    check(asking.respond(daemon, conversation), "chats", 404, asking.RESPONSE)
    assert model.log(others[0].model) == [] and len(model.log(agent.model)) == 2
