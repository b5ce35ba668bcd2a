"""Streams and Completions with agents: a turn in the background, and an agent as a model."""

import json

import pytest
from Relay.events import DONE, payloads, stream_events
from Relay.wire import fetch

from . import asking
from .daemons import AGENTS, Agent, described
from .faults import INSTANT, check, read
from .ways import follow

STREAMS, COMPLETIONS = "/v1/streams", "/v1/chat/completions"
TUNED = Agent("agent_tuned", "tuned", "Tuned", "model-tuned", "You are tuned.")
OFF = Agent("agent_off", "off", "Off", "model-off", "")
AWAY = Agent("agent_away", "away", "Away", "model-away", "")
PARAMETERS = {"temperature": 0.5, "max_tokens": 7}
SETTINGS = {
    "agents": [
        *AGENTS,
        described(TUNED, TUNED.prompt, parameters=PARAMETERS),
        described(OFF, "", status="Disabled"),
        described(AWAY, "", apis=["chats", "agents"]),
    ]
}


def begin(daemon, agent, text="Hello", conversation=None, person=None):
    """Starts a turn in the background: the 202."""
    body = {"agent": getattr(agent, "slug", agent), **asking.message_body(text, conversation)}
    return fetch(daemon.port, "POST", STREAMS, body, asking.key("streams", person))


def complete(daemon, model, messages=None, stream=False, **fields):
    messages = messages or [{"role": "user", "content": "Hello"}]
    body = {"model": model, "messages": messages, "stream": stream, **fields}
    return fetch(daemon.port, "POST", COMPLETIONS, body, asking.key("completions"))


def test_a_turn_is_begun_in_the_background(daemon, model, agent, name):
    model.script(agent.model, [{"text": "Hello"}, {"gate": name}, {"text": " you"}, {"done": True}])
    answer = begin(daemon, agent, "Hi")
    assert answer.status == 202
    said = read(answer)
    assert list(said) == ["id", "status", "createdAt", "url", "conversationId"]
    assert (said["status"], said["url"]) == ("streaming", answer.header("location"))
    assert INSTANT.fullmatch(said["createdAt"])
    assert said["conversationId"].startswith("conv_")
    assert answer.header("x-stream-id") == said["id"]
    model.open(name)
    events = stream_events(follow(daemon, said["url"]).body)
    assert [event.data.get("text") for event in events] == ["Hello", " you", None]
    first, *_ = asking.lines(follow(daemon, said["url"], "ndjson"))
    assert first == {"type": "start", "conversationId": said["conversationId"]}
    assert asking.heard(model, agent) == asking.turns("Hi")
    assert asking.prompts(model, agent) == [agent.prompt]


def test_its_conversation_is_one_of_the_agents(daemon, model, agent):
    model.script(agent.model, *[[{"answer": text}] for text in ("One", "Two", "Three")])
    conversation = read(first := begin(daemon, agent, "Hi"))["conversationId"]
    follow(daemon, first.header("location"))
    assert asking.message(daemon, agent, "And you?", conversation).status == 200
    second = begin(daemon, agent, "Bye", conversation)
    assert read(second)["conversationId"] == conversation
    follow(daemon, second.header("location"))
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "And you?", "Two", "Bye")


def test_an_end_is_told_when_it_is_stored(daemon, model, agent):
    model.script(agent.model, [{"answer": "Yes"}])
    conversation, texts = None, []
    for number in range(5):
        answer = begin(daemon, agent, str(number), conversation)
        conversation = read(answer)["conversationId"]
        assert b"event: done" in follow(daemon, answer.header("location")).body
        assert asking.heard(model, agent) == asking.turns(*texts, str(number))
        texts += [str(number), "Yes"]


@pytest.mark.parametrize("agent", ["nobody", "away", "agent_tuned", ""])
def test_an_unknown_agent_is_404(daemon, agent):
    check(begin(daemon, agent), "streams", 404)


def test_a_disabled_agent_does_not_answer(daemon, model):
    answer = begin(daemon, OFF)
    assert answer.status in (403, 404)
    check(answer, "streams", answer.status)
    assert model.log(OFF.model) == []


def test_an_unknown_or_foreign_conversation_is_404(daemon, model, agent, others):
    model.script(agent.model, [{"answer": "Hello"}])
    conversation = asking.data(asking.message(daemon, agent))["conversationId"]
    for answer in (
        begin(daemon, agent, conversation="conv_x"),
        begin(daemon, others[0], conversation=conversation),
        begin(daemon, agent, conversation=conversation, person="bob"),
    ):
        check(answer, "streams", 404)
    assert len(model.log(agent.model)) == 1


WRONG = [
    {},
    {"message": ""},
    {"message": " "},
    {"message": 5},
    {"message": "a", "conversationId": 5},
]


@pytest.mark.parametrize("fields", WRONG)
def test_a_wrong_field_is_400(daemon, fields):
    body = {"agent": "slot-1", **fields}
    check(fetch(daemon.port, "POST", STREAMS, body, asking.key("streams")), "streams", 400)


def test_a_failure_is_told_in_the_stream_and_not_stored(daemon, model, agent):
    failing = [{"text": "Hel"}, {"close": True}]
    model.script(agent.model, [{"answer": "One"}], failing, [{"answer": "Two"}])
    conversation = asking.data(asking.message(daemon, agent, "Hi"))["conversationId"]
    answer = begin(daemon, agent, "Fail", conversation)
    last = stream_events(follow(daemon, answer.header("location")).body)[-1]
    assert (last.name, last.data["code"]) == ("error", "upstream_error")
    assert asking.message(daemon, agent, "Again", conversation).status == 200
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "Again")


@pytest.mark.parametrize("stream", [True, False])
def test_an_agent_is_a_model_with_a_prompt(daemon, model, stream):
    model.script(TUNED.model, [{"answer": "Hello there"}])
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": "And you?"}]},
    ]
    answer = complete(daemon, "agent:tuned", messages, stream, temperature=1, user="me")
    assert answer.status == 200
    if stream:
        assert answer.body.endswith(DONE) and len(payloads(answer.body)) >= 4
    else:
        assert read(answer)["choices"][0]["message"]["content"] == "Hello there"
    body = asking.bodies(model, TUNED)[0]
    assert body["model"] == TUNED.model
    assert body["messages"] == [{"role": "system", "content": TUNED.prompt}, *messages]
    # What the client says counts more.
    assert (body["temperature"], body["max_tokens"], body["user"]) == (1, 7, "me")


def test_an_agent_is_a_model_for_streams_too(daemon, model):
    model.script(TUNED.model, [{"answer": "Hello"}])
    body = {"model": "agent:tuned", "messages": [{"role": "user", "content": "Hi"}]}
    answer = fetch(daemon.port, "POST", STREAMS, body, asking.key("streams"))
    assert answer.status == 202
    follow(daemon, answer.header("location"))
    assert asking.prompts(model, TUNED) == [TUNED.prompt]


@pytest.mark.parametrize("slug", ["off", "away", "nobody", "agent_tuned", "TUNED", ""])
def test_an_agent_that_does_not_answer_here_is_no_model(daemon, slug):
    for stream in (True, False):
        answer = complete(daemon, f"agent:{slug}", stream=stream)
        check(answer, "completions", 404)
        assert read(answer)["error"]["code"] == "model_not_found"
    path, key = f"/v1/models/agent:{slug}", asking.key("completions")
    check(fetch(daemon.port, "GET", path, headers=key), "completions", 404)


def test_the_models_have_the_agents(start):
    upstream = {"id": "large", "upstream": "scripted"}
    daemon = start({**SETTINGS, "models": [upstream, {"id": "*", "upstream": "scripted"}]})
    answer = fetch(daemon.port, "GET", "/v1/models", headers=asking.key("completions"))
    listed = [entry["id"] for entry in read(answer)["data"]]
    agents = [f"agent:{entry['slug']}" for entry in AGENTS] + ["agent:tuned"]
    assert "large" in listed and [name for name in listed if name in agents] == agents
    assert not {"agent:off", "agent:away"} & set(listed)
    assert {entry["object"] for entry in read(answer)["data"]} == {"model"}
    answer = fetch(daemon.port, "GET", "/v1/models/agent:tuned", headers=asking.key("completions"))
    assert (answer.status, read(answer)["id"]) == (200, "agent:tuned")


def test_a_completion_of_an_agent_is_no_conversation(daemon, model):
    model.script(TUNED.model, [{"answer": "Hello"}])
    before = asking.listed(daemon)["totalCount"]
    for _ in range(2):
        assert complete(daemon, "agent:tuned").status == 200
    last = json.loads(model.log(TUNED.model)[-1]["body"])["messages"]
    assert [message["role"] for message in last] == ["system", "user"]
    assert asking.listed(daemon)["totalCount"] == before
