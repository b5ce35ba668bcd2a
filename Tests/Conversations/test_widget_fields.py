"""Widget: which sessions and messages there can be."""

import json

import pytest
from Relay.wire import fetch

from . import asking
from .faults import check

EMOJI = "😀"
LONGEST = 4000
PATHS = [asking.WIDGET_JSON, asking.WIDGET_LINES, "/chat"]


def post(daemon, body, path=asking.WIDGET_JSON):
    return fetch(daemon.port, "POST", path, body, asking.key("widget"))


def spelled(fields, escaped):
    return json.dumps(fields, ensure_ascii=escaped).encode()


LENGTHS = [
    ("a" * LONGEST, True),
    ("a" * (LONGEST + 1), False),
    ("中" * LONGEST, True),
    ("中" * (LONGEST + 1), False),
    (EMOJI * (LONGEST // 2), True),
    (EMOJI * (LONGEST // 2) + "a", False),
    ("a" + EMOJI * (LONGEST // 2), False),
    (EMOJI * (LONGEST // 2 - 1) + "ab", True),
    (EMOJI * LONGEST, False),
    ("e\u0301" * (LONGEST // 2), True),
    ("e\u0301" * (LONGEST // 2) + "e", False),
]


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(("text", "fits"), LENGTHS)
def test_a_message_is_counted_in_utf16_units(daemon, model, widget, session, text, fits, escaped):
    """However it is spelled: an escaped pair of surrogates is two units, as is the character."""
    model.script(widget.model, [{"answer": "Hello"}])
    answer = post(daemon, spelled({"sessionId": session, "message": text}, escaped))
    if fits:
        assert answer.status == 200
        assert asking.heard(model, widget) == [("user", text)]
    else:
        check(answer, "widget", 400)
        assert model.log(widget.model) == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", [" ", "\n", "\t \r\n", "\u00a0", "\u200b"])
def test_a_message_of_blanks_is_one(daemon, model, widget, session, text, path):
    model.script(widget.model, [{"answer": "Hello"}])
    assert post(daemon, {"sessionId": session, "message": text}, path).status == 200
    assert asking.stored(daemon, session)[0] == ("user", text)


SESSIONS = ["a", "0", "AZaz09._:-", "a" * 128, ":", "-", ".", "..", "__proto__"]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_may_be_called_so(daemon, model, widget, session):
    model.script(widget.model, [{"answer": "Hello"}])
    assert asking.say(daemon, session).status == 200
    assert asking.conversation(daemon, session)


BAD_SESSIONS = [
    "",
    "a" * 129,
    "a\n",
    "\na",
    "a\r\n",
    "a b",
    " a",
    "a/b",
    "a\u0000",
    "é",
    "e\u0301",
    "\uff21",
    "\u0661",
    EMOJI,
    "a+b",
    "a@b",
    "{a}",
    None,
    5,
    ["a"],
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("session", BAD_SESSIONS)
def test_a_session_may_not_be_called_so(daemon, model, widget, session, path):
    model.script(widget.model, [{"answer": "Hello"}])
    check(post(daemon, {"sessionId": session, "message": "Hello"}, path), "widget", 400)
    assert model.log(widget.model) == []


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"Hello"',
    b'{"sessionId":"a","message":"Hello"} x',
    b'{"sessionId":"a","message":"\xff"}',
    {},
    {"sessionId": "a"},
    {"message": "Hello"},
    {"sessionId": "a", "message": ""},
    {"sessionId": "a", "message": None},
    {"sessionId": "a", "message": 5},
    {"sessionId": "a", "message": ["Hello"]},
    {"sessionid": "a", "message": "Hello"},
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", BODIES)
def test_another_payload_is_400(daemon, model, widget, body, path):
    model.script(widget.model, [{"answer": "Hello"}])
    check(post(daemon, body, path), "widget", 400)
    assert model.log(widget.model) == []


def test_unknown_fields_are_ignored(daemon, model, widget, session):
    model.script(widget.model, [{"answer": "Hello"}])
    body = {"sessionId": session, "message": "Hi", "stream": True, "conversationId": 5}
    answer = post(daemon, body)
    assert json.loads(answer.body)["message"] == "Hello"
