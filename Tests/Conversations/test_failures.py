"""A model that fails, at each of the places where it can: what is said, and what is stored."""

import pytest

from . import asking
from .ways import AGENT_JSON, AGENT_SSE, CREATE, GOING_ON, RESPOND, WAYS, history

REFUSAL = {"error": {"message": "secret words", "type": "t", "param": None, "code": "c"}}
HALF = [{"role": True}, {"text": "Hello there"}]
# What the model does, and the texts that had come by then.
FAILURES = {
    "it refuses": ([{"head": {"status": 500}}, {"json": REFUSAL}], []),
    "it is busy": ([{"head": {"status": 429, "headers": {"Retry-After": "7"}}}], []),
    "it forbids": ([{"head": {"status": 401}}, {"json": REFUSAL}], []),
    "it finds nothing": ([{"head": {"status": 404}}, {"json": REFUSAL}], []),
    "it says nothing": ([{"raw": ""}, {"close": True}], []),
    "it resets": ([{"reset": True}], []),
    "it is no HTTP": ([{"raw": "garbage\r\n\r\n"}, {"close": True}], []),
    "it is no JSON": ([{"sse": "data: x\n\n"}], []),
    "it fails at once": ([{"event": REFUSAL}], []),
    "it is cut before a token": ([{"role": True}, {"close": True}], []),
    "it ends before a token": ([{"role": True}], []),
    "it is cut after a token": ([*HALF, {"close": True}], ["Hello", " there"]),
    "it ends after a token": ([*HALF], ["Hello", " there"]),
    "it fails after a token": ([*HALF, {"event": REFUSAL}, {"done": True}], ["Hello", " there"]),
}


@pytest.fixture(params=FAILURES)
def failure(request):
    return FAILURES[request.param]


def check_secrecy(answer, model):
    """The provider's words and address are not for the client."""
    for secret in (b"secret words", str(model.port).encode()):
        assert secret not in bytes(answer.body)


@pytest.mark.parametrize("way", [RESPOND, AGENT_JSON, AGENT_SSE])
def test_a_later_turn_that_fails_is_told_and_not_stored(daemon, model, agent, way, failure):
    steps, texts = failure
    model.script(agent.model, [{"answer": "One"}], steps)
    conversation = way.begin(daemon, agent, None, "Hi")
    answer = way.ask(daemon, agent, "Fail", conversation)
    way.check_failure(answer, texts)
    check_secrecy(answer, model)
    if way is RESPOND:
        assert answer.header("x-stream-id")
        assert asking.record(daemon, conversation)["status"] == "in_progress"
    assert history(daemon, model, way, agent, conversation) == asking.turns("Hi", "One")
    model.script(agent.model, [{"answer": "Two"}])
    way.check_reply(way.ask(daemon, agent, "Better?", conversation), "Two")
    assert ("user", "Fail") not in asking.heard(model, agent)


@pytest.mark.parametrize("way", [way for way in WAYS if way.api == "widget"])
def test_the_widgets_message_is_stored_though_its_reply_is_not(
    daemon, model, widget, session, way, failure
):
    steps, texts = failure
    model.script(widget.model, [{"answer": "One"}], steps)
    way.begin(daemon, widget, session, "Hi")
    answer = way.ask(daemon, widget, "Fail", session)
    way.check_failure(answer, texts)
    check_secrecy(answer, model)
    kept = [*asking.turns("Hi", "One"), ("user", "Fail")]
    assert asking.stored(daemon, session) == kept
    model.script(widget.model, [{"answer": "Two"}])
    way.check_reply(way.ask(daemon, widget, "Better?", session), "Two")
    assert asking.heard(model, widget) == [*kept, ("user", "Better?")]


def test_a_chats_first_turn_that_fails_leaves_an_error(daemon, model, agent, failure):
    steps, _ = failure
    model.script(agent.model, steps)
    answer = asking.create(daemon, agent, "Hi", dynamicVariables={"a": 1})
    CREATE.check_failure(answer)
    check_secrecy(answer, model)
    assert answer.header("x-stream-id")
    (newest,) = asking.listed(daemon, "?size=1")["data"]
    assert newest["status"] == "error"
    assert asking.said(newest) == [("user", "Hi")]
    assert (newest["response"], newest["transcript"]) == ([], "User: Hi")
    assert (newest["agent"], newest["dynamicVariables"]) == (agent.shown, {"a": 1})


@pytest.mark.parametrize("way", [AGENT_JSON, AGENT_SSE])
def test_an_agents_first_turn_that_fails_leaves_nothing(daemon, model, agent, way, failure):
    """But for a conversation whose id was told: that one is there, and empty."""
    steps, texts = failure
    model.script(agent.model, steps)
    answer = way.ask(daemon, agent, "Hi")
    way.check_failure(answer, texts)
    conversation = answer.header("x-conversation-id")
    if answer.status == 200:
        model.script(agent.model, [{"answer": "Hello"}])
        way.check_reply(way.ask(daemon, agent, "Again", conversation), "Hello")
        assert asking.heard(model, agent) == asking.turns("Again")


# Behind the last token and before [DONE]: a finish reason certifies the answer, nothing else does.
ENDINGS = {
    "finished and cut": ([{"finish": "stop"}, {"close": True}], True),
    "finished and ended": ([{"finish": "stop"}], True),
    "finished by its length and cut": ([{"finish": "length"}, {"close": True}], True),
    "marked and cut": ([{"done": True}, {"close": True}], True),
    "cut": ([{"close": True}], False),
    "ended": ([], False),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("way", GOING_ON)
def test_a_cut_behind_the_last_token(daemon, model, agent, session, way, ending):
    steps, is_whole = ENDINGS[ending]
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "One"}], [*HALF, *steps])
    conversation = way.begin(daemon, agent, session, "Hi")
    answer = way.ask(daemon, agent, "Go on", conversation)
    expected = asking.turns("Hi", "One")
    if is_whole:
        way.check_reply(answer, "Hello there")
        expected += asking.turns("Go on", "Hello there")
    else:
        way.check_failure(answer, ["Hello", " there"])
        expected += [("user", "Go on")] * (way.api == "widget")
    assert history(daemon, model, way, agent, conversation) == expected


@pytest.fixture(scope="module")
def impatient(start):
    """A daemon that does not wait for its model."""
    return start({}, {"timeouts": {"firstEvent": "400ms"}})


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_is_too_slow_is_a_failure(impatient, model, agent, session, way, name):
    daemon, agent = impatient, way.agent(agent)
    model.script(agent.model, [{"answer": "Hello"}])
    conversation = way.first(daemon, agent, session)
    model.script(agent.model, [{"gate": name}, {"answer": "late"}])
    way.check_failure(way.ask(daemon, agent, "Hi", conversation))
    model.open(name)


def test_what_the_widget_was_told_in_part_is_not_stored(daemon, model, widget, session, name):
    model.script(widget.model, [*HALF, {"gate": name}, {"reset": True}])
    with asking.open_lines(daemon, session) as exchange:
        exchange.read_body(b" there")
        assert asking.stored(daemon, session) == [("user", "Hello")]
        model.open(name)
        assert asking.lines(exchange.whole())[-1]["type"] == "error"
    assert asking.stored(daemon, session) == [("user", "Hello")]
