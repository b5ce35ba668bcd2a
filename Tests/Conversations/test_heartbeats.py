"""A stream that is silent: comments for the agents' readers, nothing for the widget's."""

import json

from Relay.events import DONE, PING, payloads
from Relay.wire import Exchange

from . import asking
from .ways import AGENT_SSE, CHUNK_ERROR

# The least that can be set.
SETTINGS = {"timeouts": {"heartbeat": "1s"}}


def pinged(answer):
    return answer.body.count(PING) >= 1


def test_comments_come_while_the_model_is_silent(daemon, model, agent, widget, session, name):
    """The widget's reader waits as long as the others, and gets lines alone."""
    steps = [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}]
    model.script(agent.model, steps)
    model.script(widget.model, steps)
    with (
        asking.open_lines(daemon, session) as rows,
        asking.open_message(daemon, agent) as frames,
    ):
        rows.read_body(b"Hello")
        frames.read_body(b"Hello")
        frames.read_until(lambda answer: answer.body.count(PING) >= 2)
        model.open(name)
        body = bytes(frames.whole().body)
        assert body.replace(PING, b"") == (
            b'data: {"chunk": "Hello"}\n\ndata: {"chunk": " there"}\n\n' + DONE
        )
        types = [line["type"] for line in asking.lines(rows.whole())]
        assert types == ["start", "token", "token", "done"]


def test_a_comment_begins_an_answer_that_is_late(daemon, model, agent, name):
    model.script(agent.model, [{"gate": name}, {"answer": "Hello"}])
    with asking.open_message(daemon, agent) as exchange:
        head = exchange.read_until(pinged)
        assert head.status == 200 and head.body.startswith(PING)
        conversation = head.header("x-conversation-id")
        assert conversation and head.header("x-stream-id")
        model.open(name)
        assert AGENT_SSE.reply(exchange.whole()) == "Hello"
    model.script(agent.model, [{"answer": "Two"}])
    assert asking.message(daemon, agent, "Hi", conversation).status == 200
    assert asking.heard(model, agent) == asking.turns("Hello", "Hello", "Hi")


def test_a_failure_behind_a_comment_is_told_in_the_stream(daemon, model, agent, name):
    model.script(agent.model, [{"gate": name}, {"head": {"status": 500}}])
    with asking.open_message(daemon, agent) as exchange:
        exchange.read_until(pinged)
        model.open(name)
        answer = exchange.whole()
    assert answer.status == 200 and DONE not in answer.body
    (error,) = payloads(answer.body.replace(PING, b""))
    assert json.loads(error) == CHUNK_ERROR
    # Its id was told, so that it is there: empty.
    conversation = answer.header("x-conversation-id")
    model.script(agent.model, [{"answer": "Hello"}])
    assert asking.message(daemon, agent, "Hi", conversation).status == 200
    assert asking.heard(model, agent) == asking.turns("Hi")


def test_whole_answers_have_no_comments(daemon, model, agent, widget, session, name):
    """Another reader of the same daemon tells when a comment would have come."""
    for one in (agent, widget):
        model.script(one.model, [{"gate": name}, {"answer": "Hello"}])
    headers = {"Accept": "text/event-stream"}
    with asking.open_message(daemon, agent) as clock:
        path, body = asking.agent_path(agent), asking.message_body()
        whole = Exchange(daemon.port, "POST", path, body, {**asking.key("agents"), **headers})
        body = {"sessionId": session, "message": "Hi"}
        widgets = Exchange(daemon.port, "POST", asking.WIDGET_JSON, body, asking.key("widget"))
        clock.read_until(lambda answer: answer.body.count(PING) >= 2)
        model.open(name)
        with whole, widgets:
            assert asking.data(whole.whole())["response"] == "Hello"
            assert json.loads(widgets.whole().body)["message"] == "Hello"
