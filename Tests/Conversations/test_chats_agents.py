"""Chats: which agent answers, and what its prompt makes of the chat's variables."""

import pytest

from . import asking
from .daemons import AGENTS, Agent, described
from .faults import check, read

SPELLINGS = "{{a}}|{{ a }}|{{  a}}|{{a  }}|{{ b }}|{ a }|{{ missing }}|"
SPELT = "A|A|A|A|B|{ a }||"


def extra(identifier, prompt="", **settings):
    slug = identifier.replace("_", "-")
    agent = Agent(identifier, slug, identifier, "m-" + identifier, "")
    return described(agent, prompt, **settings)


SETTINGS = {
    "agents": [
        *AGENTS,
        extra("agent_live", status="Live"),
        extra("agent_testing", status="Testing"),
        extra("agent_disabled", status="Disabled"),
        extra("agent_widgets_only", apis=["widget", "agents"]),
        extra("bare"),
        extra("agent_spelled", SPELLINGS),
        extra("agent_quiet"),
        extra("agent_tuned", parameters={"temperature": 0.5, "stop": ["x"], "max_tokens": 7}),
        # Whoever asks for `twin` means the first, which has that very name.
        extra("twin"),
        extra("agent_twin"),
    ]
}


def answers(model, identifier):
    model.script("m-" + identifier, [{"answer": "Hello"}])


LOOKUPS = [
    ("agent_live", "agent_live"),
    ("live", "agent_live"),
    ("bare", "bare"),
    ("agent_bare", "bare"),
    ("twin", "twin"),
    ("agent_twin", "agent_twin"),
]


@pytest.mark.parametrize(("asked", "found"), LOOKUPS)
def test_an_agent_is_found_with_and_without_its_prefix(daemon, model, asked, found):
    answers(model, found)
    answer = asking.create(daemon, asked)
    assert answer.status == 201
    assert read(answer)["agent"] == {"name": found, "agentId": found, "status": "Live"}


UNKNOWN = ["nobody", "agent_nobody", "Live", "LIVE", "agent_", "agent_live "]


@pytest.mark.parametrize("asked", [*UNKNOWN, "slot-1", "agent_widgets_only", "widgets_only"])
def test_an_agent_that_is_unknown_or_serves_no_chats_is_404(daemon, asked):
    check(asking.create(daemon, asked), "chats", 404, asking.CHATS)


@pytest.mark.parametrize("status", ["Live", "Testing"])
def test_live_and_testing_agents_answer(daemon, model, status):
    answers(model, f"agent_{status.lower()}")
    chat = read(asking.create(daemon, f"agent_{status.lower()}"))
    assert chat["agent"]["status"] == status
    assert read(asking.respond(daemon, chat["chatId"]))["agent"]["status"] == status


@pytest.mark.parametrize("asked", ["agent_disabled", "disabled"])
def test_a_disabled_agent_is_403(daemon, model, asked):
    before = asking.listed(daemon)["totalCount"]
    check(asking.create(daemon, asked), "chats", 403, asking.CHATS)
    assert asking.listed(daemon)["totalCount"] == before
    assert model.log("m-agent_disabled") == []


def test_a_chat_cannot_go_to_an_agent_that_would_not_answer(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    path = f"{asking.CHATS}/{chat}"
    check(asking.patch(daemon, chat, {"agentId": "disabled"}), "chats", 403, path)
    check(asking.patch(daemon, chat, {"agentId": "agent_widgets_only"}), "chats", 404, path)
    assert asking.record(daemon, chat)["agent"] == agent.shown


VARIABLES = [
    ("Ann", "Ann"),
    ("", ""),
    ('say "hi" \\ / é 😀\n', 'say "hi" \\ / é 😀\n'),
    ("{{ n }} {{ name }}", "{{ n }} {{ name }}"),
    (5, "5"),
    (-1.5, "-1.5"),
    (0, "0"),
    (True, "true"),
    (False, "false"),
    ({}, "{}"),
    ([], "[]"),
    ({"a": [1, "x", None, True, {"é": "/"}]}, '{"a":[1,"x",null,true,{"é":"/"}]}'),
    ([1, [2, "three"]], '[1,[2,"three"]]'),
]


@pytest.mark.parametrize(("value", "text"), VARIABLES)
def test_a_variable_of_each_type_is_in_the_prompt(daemon, model, agent, value, text):
    model.script(agent.model, [{"answer": "Hello"}])
    variables = {"name": value, "n": 1}
    answer = asking.create(daemon, agent, dynamicVariables=variables)
    assert answer.status == 201
    assert asking.prompts(model, agent) == [f"You help {text}."]
    assert asking.record(daemon, read(answer)["chatId"])["dynamicVariables"] == variables


def test_placeholders_may_have_blanks_or_none(daemon, model):
    answers(model, "agent_spelled")
    asking.opened(daemon, "agent_spelled", dynamicVariables={"a": "A", "b": "B", "c": "C"})
    spelled = Agent("agent_spelled", "", "", "m-agent_spelled", "")
    assert asking.prompts(model, spelled) == [SPELT]


def test_without_variables_placeholders_are_empty(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    asking.opened(daemon, agent)
    assert asking.prompts(model, agent) == ["You help ."]


def test_without_a_prompt_there_is_no_system_message(daemon, model):
    answers(model, "agent_quiet")
    asking.opened(daemon, "agent_quiet", "Hi")
    quiet = Agent("agent_quiet", "", "", "m-agent_quiet", "")
    messages = asking.bodies(model, quiet)[0]["messages"]
    assert messages == [{"role": "user", "content": "Hi"}]


def test_parameters_go_to_the_model(daemon, model):
    answers(model, "agent_tuned")
    asking.opened(daemon, "agent_tuned")
    tuned = Agent("agent_tuned", "", "", "m-agent_tuned", "")
    body = asking.bodies(model, tuned)[0]
    assert (body["temperature"], body["stop"], body["max_tokens"]) == (0.5, ["x"], 7)
