"""Every API refuses in its own shape, and in the order in which the contract has the checks."""

import json

import pytest
from Relay.wire import fetch

from . import asking
from .faults import check, read

SETTINGS = {"limits": {"body": "1KiB"}}
BIG = json.dumps({"x": "x" * 2000}).encode()
AGENT = asking.agent_path("slot-1")
CHAT = f"{asking.CHATS}/chat_{'0' * 16}"

# The paths that take a body, and their API.
POSTS = [
    ("chats", asking.CHATS),
    ("chats", asking.RESPONSE),
    ("agents", AGENT),
    ("agents", asking.agent_path("slot-1", alias=True)),
    ("widget", asking.WIDGET_JSON),
    ("widget", asking.WIDGET_LINES),
    ("widget", "/chat"),
]


@pytest.mark.parametrize(("api", "path"), POSTS)
def test_without_a_key_it_is_401(daemon, api, path):
    for headers in ({}, asking.key(api, "wrong")):
        check(fetch(daemon.port, "POST", path, {}, headers), api, 401, path)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("path", [CHAT, CHAT + "/end", asking.CHATS])
def test_without_a_key_no_chat_is_read_or_changed(daemon, method, path):
    answer = fetch(daemon.port, method, path, None, asking.key("chats", "wrong"))
    check(answer, "chats", answer.status, path)
    assert answer.status in (401, 405)


TYPES = ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize(("api", "path"), POSTS)
def test_a_body_that_does_not_say_json_is_415(daemon, api, path, media_type):
    headers = {**asking.key(api), "Content-Type": media_type}
    check(fetch(daemon.port, "POST", path, b"{}", headers), api, 415, path)


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_have_parameters(daemon, model, agent, media_type):
    model.script(agent.model, [{"answer": "Hello"}])
    headers = {"Content-Type": media_type}
    assert asking.create(daemon, agent, headers=headers).status == 201
    assert asking.message(daemon, agent, headers=headers).status == 200


@pytest.mark.parametrize(("api", "path"), POSTS)
def test_a_body_beyond_the_limit_is_413(daemon, api, path):
    check(fetch(daemon.port, "POST", path, BIG, asking.key(api)), api, 413, path)


def test_a_change_beyond_the_limit_is_413(daemon):
    check(asking.chats(daemon, "PATCH", CHAT, BIG), "chats", 413, CHAT)


@pytest.mark.parametrize(("api", "path"), POSTS)
def test_a_body_that_is_no_json_is_400(daemon, api, path):
    check(fetch(daemon.port, "POST", path, b"{", asking.key(api)), api, 400, path)


# The methods that a path has; all others are 405.
METHODS = [
    ("chats", asking.CHATS, {"GET", "POST"}),
    ("chats", asking.RESPONSE, {"POST"}),
    ("chats", CHAT, {"GET", "PATCH", "DELETE"}),
    ("chats", CHAT + "/end", {"PATCH", "POST", "PUT"}),
    ("chats", CHAT + "/end-session", {"PATCH", "POST", "PUT"}),
    ("chats", CHAT + "/end-chat", {"PATCH", "POST", "PUT"}),
    ("agents", AGENT, {"POST"}),
    ("agents", asking.agent_path("slot-1", alias=True), {"POST"}),
    ("widget", asking.WIDGET_JSON, {"POST"}),
    ("widget", asking.WIDGET_LINES, {"POST"}),
    ("widget", "/chat", {"POST"}),
    ("widget", asking.CONVERSATIONS, {"GET"}),
    ("widget", asking.CONVERSATIONS + "/x", {"GET"}),
]


@pytest.mark.parametrize(("api", "path", "methods"), METHODS)
def test_a_method_that_a_path_does_not_have_is_405(daemon, api, path, methods):
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
        answer = fetch(daemon.port, method, path, None, asking.key(api))
        check(answer, api, 405, path)
        allowed = {name.strip() for name in answer.header("allow").split(",")}
        assert methods <= allowed and method not in allowed


UNKNOWN = [
    ("chats", f"{CHAT}/start"),
    ("chats", f"{CHAT}/end/x"),
    ("chats", f"{CHAT}/END"),
    ("agents", "/v1/api/chat/slot-1/x"),
    ("agents", "/chat/slot-1/x"),
    ("widget", asking.CONVERSATIONS + "/x/y"),
]


@pytest.mark.parametrize(("api", "path"), UNKNOWN)
def test_an_unknown_path_is_404_in_its_apis_shape(daemon, api, path):
    for method in ("GET", "POST"):
        answer = fetch(daemon.port, method, path, None, asking.key(api))
        check(answer, api, 404, path)


def test_the_literal_response_comes_before_a_chat_of_that_name(daemon, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    for method in ("GET", "PATCH", "DELETE"):
        answer = asking.chats(daemon, method, asking.RESPONSE)
        check(answer, "chats", 405, asking.RESPONSE)
        assert "POST" in answer.header("allow")
    assert asking.respond(daemon, asking.opened(daemon, agent)).status == 200
    check(asking.respond(daemon, "response"), "chats", 404, asking.RESPONSE)
    # Only the whole name is it.
    for chat in ("response2", "Response", "responses"):
        path = f"{asking.CHATS}/{chat}"
        check(asking.chats(daemon, "GET", path), "chats", 404, path)


WRONG_KEY, WRONG_TYPE = "wrong", "text/plain"
# Method, key, media type and body, most of them wrong, and the status that counts.
ORDER = [
    ("PUT", WRONG_KEY, WRONG_TYPE, BIG, 405),
    ("POST", WRONG_KEY, WRONG_TYPE, BIG, 401),
    ("POST", WRONG_KEY, None, BIG, 401),
    ("POST", WRONG_KEY, None, b"{", 401),
    ("POST", None, WRONG_TYPE, b"{", 415),
    ("POST", None, None, BIG[:-1], 413),
    ("POST", None, None, b"{", 400),
]


@pytest.mark.parametrize(("method", "person", "media_type", "body", "status"), ORDER)
@pytest.mark.parametrize(("api", "path"), POSTS)
def test_the_fault_that_is_checked_first_counts(
    daemon, api, path, method, person, media_type, body, status
):
    headers = asking.key(api, person)
    if media_type:
        headers["Content-Type"] = media_type
    check(fetch(daemon.port, method, path, body, headers), api, status, path)


def test_fields_are_checked_before_anything_is_looked_up(daemon):
    answer = asking.create(daemon, "agent_nobody", "", previousChatId="x")
    check(answer, "chats", 400, asking.CHATS, {"input"})
    check(asking.respond(daemon, "chat_nobody", ""), "chats", 400, asking.RESPONSE, {"input"})
    check(asking.message(daemon, "nobody", " ", "conv_x"), "agents", 400)
    unknown = asking.message(daemon, "nobody", "Hi", "conv_x")
    check(unknown, "agents", 404, message="Agent with slug 'nobody' not found")


@pytest.mark.parametrize("query", ["?x=1", "?x=%2F", "?"])
def test_the_path_of_an_error_has_no_query(daemon, query):
    path = asking.CHATS + query
    answer = fetch(daemon.port, "POST", path, {}, asking.key("chats"))
    assert read(answer)["path"] == asking.CHATS


def test_a_given_request_id_is_told_back(daemon):
    for api, path in POSTS:
        headers = {**asking.key(api), "X-Request-Id": "mine-1"}
        assert fetch(daemon.port, "POST", path, {}, headers).header("x-request-id") == "mine-1"


def test_streams_are_never_compressed(daemon, model, agent, widget, session):
    headers = {"Accept-Encoding": "gzip, br, zstd"}
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello " * 300}])
    answer = asking.message(daemon, agent, headers=headers, stream=True)
    assert answer.status == 200 and answer.header("content-encoding") is None
    rows = asking.say(daemon, session, path=asking.WIDGET_LINES, headers=headers)
    assert rows.status == 200 and rows.header("content-encoding") is None
