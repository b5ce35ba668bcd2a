"""Widget: what an administrator sees of its conversations."""

import time
import urllib.parse

import pytest
from Relay.wire import fetch

from . import asking
from .daemons import KEYS, WIDGET
from .faults import check

ENTRY = ["_id", "_creationTime", "sessionId", "createdAt", "updatedAt", "lastMessage"]
MESSAGE = ["_id", "role", "content", "createdAt", "_creationTime", "conversationId"]
PATHS = [asking.CONVERSATIONS, f"{asking.CONVERSATIONS}/{'0' * 32}"]


def get(daemon, path="", headers=None):
    headers = asking.key("admin") if headers is None else headers
    return fetch(daemon.port, "GET", asking.CONVERSATIONS + path, headers=headers)


@pytest.fixture(scope="module")
def sessions(start, model):
    """A daemon with four sessions, and their names in the order in which they were last used."""
    daemon = start()
    model.script(WIDGET.model, [{"answer": "Hello there"}])
    for session in ("first", "second", "third", "fourth", "second", "first"):
        assert asking.say(daemon, session, f"I am {session}").status == 200
        # Times are in milliseconds, and no two of ours may be the same.
        began = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 <= began + 1:
            time.sleep(0.001)
    return daemon, ["first", "second", "fourth", "third"]


def is_recent(milliseconds):
    return type(milliseconds) is int and abs(milliseconds / 1000 - time.time()) < 60


def test_the_list_has_what_was_used_last_first(sessions):
    daemon, names = sessions
    answer = get(daemon)
    assert answer.status == 200
    assert answer.header("content-type") == "application/json; charset=utf-8"
    found = asking.admin(daemon)
    assert list(found) == ["conversations", "total"] and found["total"] == len(names)
    assert [entry["sessionId"] for entry in found["conversations"]] == names
    for entry in found["conversations"]:
        assert list(entry) == ENTRY
        assert is_recent(entry["createdAt"]) and is_recent(entry["updatedAt"])
        assert abs(entry["_creationTime"] - entry["createdAt"]) <= 1
        assert entry["updatedAt"] >= entry["createdAt"]
        assert entry["lastMessage"] == "Hello there"
    times = [entry["updatedAt"] for entry in found["conversations"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 200])
def test_a_limit_bounds_the_list_and_not_the_total(sessions, limit):
    daemon, names = sessions
    found = asking.admin(daemon, f"?limit={limit}")
    assert [entry["sessionId"] for entry in found["conversations"]] == names[:limit]
    assert found["total"] == len(names)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "1e9", "9" * 30, "1%202"])
def test_another_limit_is_400(sessions, limit):
    answer = get(sessions[0], f"?limit={limit}")
    check(answer, "widget", 400, message="Invalid query parameters")


def test_a_conversation_has_its_messages_oldest_first(sessions):
    daemon, _ = sessions
    identifier = asking.conversation(daemon, "second")
    answer = get(daemon, f"/{identifier}")
    assert answer.header("content-type") == "application/json; charset=utf-8"
    found = asking.admin(daemon, f"/{identifier}")
    assert list(found) == ["conversation", "messages"]
    (entry,) = [e for e in asking.admin(daemon)["conversations"] if e["sessionId"] == "second"]
    for name in ("_id", "_creationTime", "sessionId", "createdAt", "updatedAt"):
        assert found["conversation"][name] == entry[name]
    for message in found["messages"]:
        assert list(message) == MESSAGE
        assert message["conversationId"] == identifier
        assert is_recent(message["createdAt"])
        assert abs(message["_creationTime"] - message["createdAt"]) <= 1
    said = [(message["role"], message["content"]) for message in found["messages"]]
    assert said == asking.turns("I am second", "Hello there", "I am second", "Hello there")
    assert len({message["_id"] for message in found["messages"]}) == 4
    times = [message["createdAt"] for message in found["messages"]]
    assert times == sorted(times)


LAST = [
    ("x" * 499, "x" * 499),
    ("x" * 500, "x" * 500),
    ("x" * 501, "x" * 500),
    ("é" * 501, "é" * 500),
    ("😀" * 250, "😀" * 250),
    ("😀" * 251, "😀" * 250),
    # Half a character is none.
    ("x" * 499 + "😀", "x" * 499),
]


@pytest.mark.parametrize(("text", "shown"), LAST)
def test_the_last_message_is_cut_at_five_hundred_units(daemon, model, widget, session, text, shown):
    model.script(widget.model, [{"text": text, "tokens": 1}, {"done": True}])
    assert asking.say(daemon, session).status == 200
    assert asking.stored(daemon, session)[-1] == ("assistant", text)
    assert asking.admin(daemon)["conversations"][0]["lastMessage"] == shown


def test_after_a_failure_the_last_message_is_the_users(daemon, model, widget, session):
    model.script(widget.model, [{"head": {"status": 500}}])
    assert asking.say(daemon, session, "Are you there?").status == 500
    assert asking.admin(daemon)["conversations"][0]["lastMessage"] == "Are you there?"


@pytest.mark.parametrize("identifier", ["0" * 32, "x", "a" * 128, "conv_1", "😀"])
def test_an_unknown_conversation_is_404(sessions, identifier):
    answer = get(sessions[0], f"/{urllib.parse.quote(identifier)}")
    check(answer, "widget", 404, message="Conversation not found")


@pytest.mark.parametrize("identifier", ["a" * 129, "a" * 4000])
def test_an_id_that_is_too_long_is_400(sessions, identifier):
    answer = get(sessions[0], f"/{identifier}")
    check(answer, "widget", 400, message="Invalid conversationId")


HEADERS = [
    {},
    asking.key("admin", "wrong"),
    asking.key("admin", ""),
    asking.key("admin", "widget"),
    asking.key("admin", "alice"),
    {"x-api-key": asking.key("admin")["x-admin-api-key"]},
    [*asking.key("admin").items()] * 2,
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", HEADERS)
def test_without_the_administrators_key_it_is_401(sessions, path, headers):
    check(fetch(sessions[0].port, "GET", path, headers=headers), "widget", 401)
    check(fetch(sessions[0].port, "GET", path + "?limit=0", headers=headers), "widget", 401)


NOT_CONFIGURED = "ADMIN_API_KEY is not configured on this deployment"


@pytest.mark.parametrize("keys", [[], [entry for entry in KEYS if entry["name"] != "admin"]])
def test_where_no_key_is_configured_it_is_503(start, keys):
    daemon = start({"keys": keys})
    for path in PATHS:
        for headers in ({}, asking.key("admin")):
            answer = fetch(daemon.port, "GET", path, headers=headers)
            check(answer, "widget", 503, message=NOT_CONFIGURED)


def test_a_hundred_are_listed_by_default(start, model, widget):
    daemon = start()
    model.script(widget.model, [{"answer": "Hello"}])
    for number in range(101):
        assert asking.say(daemon, f"session-{number}").status == 200
    found = asking.admin(daemon)
    assert (len(found["conversations"]), found["total"]) == (100, 101)
    assert len(asking.admin(daemon, "?limit=200")["conversations"]) == 101
