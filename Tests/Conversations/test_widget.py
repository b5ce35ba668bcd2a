"""Widget: a session's message, answered whole or line by line."""

import json
import re
import socket

import pytest
from Relay.wire import Exchange, fetch

from . import asking
from .daemons import AGENTS, WIDGET, described, slot
from .faults import check
from .ways import LINE_ERROR

CONVERSATION = re.compile(r"[a-z0-9]{32}")
EMPTY = "I could not generate a response right now."
JSON = asking.WIDGET_JSON
LINES = [asking.WIDGET_LINES, "/chat"]
PATHS = [JSON, *LINES]


def message(answer):
    """What an answer says in the end."""
    if answer.header("content-type") == "application/json; charset=utf-8":
        return json.loads(answer.body)["message"]
    return asking.lines(answer)[-1]["message"]


def test_an_answer_is_this_to_the_byte(daemon, model, widget, session):
    model.script(widget.model, [{"answer": 'Hello "there" / 😀'}])
    answer = asking.say(daemon, session)
    assert answer.status == 200
    assert answer.header("content-type") == "application/json; charset=utf-8"
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    identifier = json.loads(answer.body)["conversationId"]
    assert CONVERSATION.fullmatch(identifier)
    assert answer.body.decode() == (
        '{"conversationId":"' + identifier + '","message":"Hello \\"there\\" / 😀"}'
    )


@pytest.mark.parametrize("path", LINES)
def test_a_stream_is_this_to_the_byte(daemon, model, widget, session, path):
    model.script(widget.model, [{"answer": '  Hello "there" / 😀\n '}])
    answer = asking.say(daemon, session, path=path)
    assert answer.status == 200
    assert answer.header("content-type") == "application/x-ndjson; charset=utf-8"
    assert answer.header("cache-control") == "no-store, no-transform"
    assert answer.header("x-accel-buffering") == "no"
    assert answer.header("x-request-id") and answer.header("x-stream-id")
    first, *tokens, last = answer.body.decode().splitlines(keepends=True)
    identifier = json.loads(first)["conversationId"]
    assert CONVERSATION.fullmatch(identifier)
    assert first == f'{{"type":"start","conversationId":"{identifier}"}}\n'
    for token in tokens:
        assert re.fullmatch(r'\{"type":"token","token":".+"\}\n', token), token
    joined = "".join(json.loads(token)["token"] for token in tokens)
    assert joined == '  Hello "there" / 😀\n '
    assert last == (
        '{"type":"done","message":"Hello \\"there\\" / 😀","conversationId":"' + identifier
        + '"}\n'
    )


def test_each_delta_is_a_line_and_none_is_empty(daemon, model, widget, session):
    deltas = ["", " a", "\n", "", "b ", "😀"]
    chunks = [{"event": {"choices": [{"index": 0, "delta": {"content": d}}]}} for d in deltas]
    model.script(widget.model, [{"role": True}, *chunks, {"finish": "stop"}, {"done": True}])
    answer = asking.say(daemon, session, path=LINES[0])
    _, *tokens, last = asking.lines(answer)
    assert tokens == [{"type": "token", "token": delta} for delta in deltas if delta]
    assert list(last) == ["type", "message", "conversationId"]
    assert last["message"] == "a\nb 😀"


def test_each_line_leaves_at_once(daemon, model, widget, session, name):
    steps = [{"text": "Hello"}, {"gate": name}, {"text": " there"}, {"done": True}]
    model.script(widget.model, steps)
    with asking.open_lines(daemon, session) as exchange:
        exchange.read_body(b'{"type":"token","token":"Hello"}\n')
        model.open(name)
        assert message(exchange.whole()) == "Hello there"


def test_the_start_comes_while_the_model_is_silent(daemon, model, widget, session, name):
    model.script(widget.model, [{"gate": name}, {"answer": "Hello"}])
    with asking.open_lines(daemon, session) as exchange:
        exchange.read_body(b"\n")
        assert exchange.answer.body.startswith(b'{"type":"start","conversationId":"')
        model.open(name)
        assert message(exchange.whole()) == "Hello"


@pytest.mark.parametrize("path", LINES)
def test_the_start_comes_before_a_model_that_is_not_there(start, session, path):
    with socket.socket() as unused:
        # Bound but not listening: nobody else gets the port while the test runs.
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        daemon = start({}, {"baseURL": url})
        answer = asking.say(daemon, session, path=path)
        assert answer.status == 200
        begun, error = asking.lines(answer)
        assert begun == {"type": "start", "conversationId": asking.conversation(daemon, session)}
        assert error == LINE_ERROR
        check(asking.say(daemon, session), "widget", 500)
        assert asking.stored(daemon, session) == [("user", "Hello")] * 2


def test_the_start_comes_before_a_model_that_does_not_accept(start, session):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        daemon = start({}, {"baseURL": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"})
        with asking.open_lines(daemon, session) as exchange:
            exchange.read_body(b"\n")
            assert b'"type":"start"' in exchange.answer.body


BLANKS = ["", " ", "\n\t", "\u00a0\u2003\ufeff"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", BLANKS)
def test_an_empty_reply_becomes_a_sentence(daemon, model, widget, session, text, path):
    said = [{"event": {"choices": [{"index": 0, "delta": {"content": text}}]}}] if text else []
    model.script(widget.model, [*said, {"finish": "stop"}, {"done": True}])
    assert message(asking.say(daemon, session, path=path)) == EMPTY
    assert asking.stored(daemon, session) == [("user", "Hello"), ("assistant", EMPTY)]


@pytest.mark.parametrize("path", PATHS)
def test_a_reply_is_trimmed_and_a_message_is_not(daemon, model, widget, session, path):
    model.script(widget.model, [{"text": "\n Hello  you\t"}, {"done": True}])
    assert message(asking.say(daemon, session, "  Hi \n", path)) == "Hello  you"
    assert asking.stored(daemon, session) == [("user", "  Hi \n"), ("assistant", "Hello  you")]
    assert asking.heard(model, widget) == [("user", "  Hi \n")]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_said_to_be_done_is_stored(daemon, model, widget, session, path):
    """Looked up on another connection as soon as the last byte is here."""
    model.script(widget.model, [{"answer": "Hello there"}])
    for number in range(1, 4):
        asking.say(daemon, session, f"Message {number}", path)
        assert len(asking.stored(daemon, session)) == 2 * number


def test_a_session_has_one_conversation(daemon, model, widget, session):
    model.script(widget.model, [{"answer": "Yes"}])
    ids = set()
    for number in range(6):
        answer = asking.say(daemon, session, str(number), PATHS[number % 3])
        ids.add(json.loads(answer.body.splitlines()[0])["conversationId"])
    assert ids == {asking.conversation(daemon, session)}
    other = json.loads(asking.say(daemon, session + ":other").body)["conversationId"]
    assert other not in ids
    assert asking.heard(model, widget) == [("user", "Hello")]


def test_the_model_hears_the_prompt_and_the_history(daemon, model, widget, session):
    model.script(widget.model, [{"answer": "One"}], [{"answer": "Two"}], [{"answer": "Three"}])
    for text in ("Hi", "And you?", "Bye"):
        asking.say(daemon, session, text)
    assert asking.heard(model, widget) == asking.turns("Hi", "One", "And you?", "Two", "Bye")
    for turn in range(3):
        assert asking.prompts(model, widget, turn) == [widget.prompt]


def test_the_model_hears_the_last_thirty_messages(daemon, model, widget, session):
    model.script(widget.model, *[[{"answer": f"Reply {number}"}] for number in range(17)])
    texts = []
    for number in range(17):
        asking.say(daemon, session, f"Message {number}")
        expected = asking.turns(*texts, f"Message {number}")[-30:]
        assert asking.heard(model, widget) == expected, number
        texts += [f"Message {number}", f"Reply {number}"]
    assert len(asking.heard(model, widget)) == 30
    assert len(asking.stored(daemon, session)) == 34


def test_the_message_is_stored_before_the_model_is_called(daemon, model, widget, session, name):
    model.script(widget.model, [{"gate": name}, {"answer": "Hello"}])
    body = {"sessionId": session, "message": "Hi"}
    with Exchange(daemon.port, "POST", JSON, body, asking.key("widget")) as exchange:
        model.wait(widget.model, "attempt")
        assert asking.stored(daemon, session) == [("user", "Hi")]
        model.open(name)
        assert message(exchange.whole()) == "Hello"
    assert asking.stored(daemon, session) == asking.turns("Hi", "Hello")


@pytest.mark.parametrize("path", PATHS)
def test_where_no_agent_serves_the_widget_there_is_none(start, session, path):
    agents = [{**entry, "apis": ["chats", "agents"]} for entry in AGENTS[:2]]
    daemon = start({"agents": agents, "widget": {}})
    check(asking.say(daemon, session, path=path), "widget", 404)


@pytest.mark.parametrize("path", PATHS)
def test_a_disabled_agent_is_503(start, session, path):
    daemon = start({"agents": [described(WIDGET, "", status="Disabled")]})
    check(asking.say(daemon, session, path=path), "widget", 503)


def test_by_default_the_first_agent_that_serves_it_answers(start, model, session):
    agents = [{**AGENTS[0], "apis": ["chats"]}, AGENTS[1], AGENTS[2]]
    daemon = start({"agents": agents, "widget": {}})
    model.script(slot(1).model, [{"answer": "It is me"}])
    assert message(asking.say(daemon, session)) == "It is me"


def test_health_needs_no_key(daemon):
    answer = fetch(daemon.port, "GET", "/health")
    assert (answer.status, bytes(answer.body)) == (200, b'{"status":"ok"}')
    assert answer.header("cache-control") == "no-store"
