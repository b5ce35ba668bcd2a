"""Widget: which of its two headers has the key, and how short a key may be."""

import pytest
from Relay.wire import fetch

from . import asking
from .daemons import KEYS, SECRETS, configured, refusal
from .faults import check

GOOD = SECRETS["widget"]
FIRST, SECOND = "x-api-key", "x-widget-api-key"
PATHS = [asking.WIDGET_JSON, asking.WIDGET_LINES, "/chat"]

HEADERS = {
    "none": ([], False),
    "the first": ([(FIRST, GOOD)], True),
    "the second": ([(SECOND, GOOD)], True),
    "in capitals": ([("X-Widget-API-Key", GOOD)], True),
    "both": ([(FIRST, GOOD), (SECOND, GOOD)], True),
    "both, the second one first": ([(SECOND, "wrong"), (FIRST, GOOD)], True),
    "a wrong first": ([(FIRST, "wrong")], False),
    "a wrong second": ([(SECOND, "wrong")], False),
    "a wrong first before a good second": ([(FIRST, "wrong"), (SECOND, GOOD)], False),
    "a good first before a wrong second": ([(FIRST, GOOD), (SECOND, "wrong")], True),
    "an empty first": ([(FIRST, "")], False),
    "an empty first before a good second": ([(FIRST, ""), (SECOND, GOOD)], False),
    "an empty second": ([(SECOND, "")], False),
    "the first twice": ([(FIRST, GOOD), (FIRST, GOOD)], False),
    "the first twice, one of them wrong": ([(FIRST, GOOD), (FIRST, "wrong")], False),
    "the second twice": ([(SECOND, GOOD), (SECOND, GOOD)], False),
    "longer": ([(FIRST, GOOD + "0")], False),
    "shorter": ([(FIRST, GOOD[:-1])], False),
    "capitals": ([(FIRST, GOOD.upper())], False),
    "another API's": ([(FIRST, SECRETS["alice"])], False),
    "the administrator's": ([(FIRST, SECRETS["admin"])], False),
    "the administrator's header": ([("x-admin-api-key", GOOD)], False),
    "a bearer": ([("Authorization", f"Bearer {GOOD}")], False),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", HEADERS)
def test_who_may_ask(daemon, model, widget, session, case, path):
    headers, is_welcome = HEADERS[case]
    model.script(widget.model, [{"answer": "Hello"}])
    body = {"sessionId": session, "message": "Hi"}
    answer = fetch(daemon.port, "POST", path, body, headers)
    if is_welcome:
        assert answer.status == 200
    else:
        check(answer, "widget", 401)
        assert model.log(widget.model) == []
    assert bool(asking.stored(daemon, session)) == is_welcome


def test_the_widgets_key_opens_nothing_else(daemon, agent):
    check(asking.create(daemon, agent, person="widget"), "chats", 401, asking.CHATS)
    check(asking.message(daemon, agent, person="widget"), "agents", 401)
    answer = fetch(daemon.port, "GET", asking.CONVERSATIONS, headers=asking.key("admin", "widget"))
    check(answer, "widget", 401)


@pytest.mark.parametrize("key", ["z", "short-key-of-23-bytes-0"])
def test_with_a_short_key_the_daemon_does_not_start(tmp_path, key):
    keys = [{"name": "page", "environment": "DELTAD_KEY_PAGE", "apis": ["widget"]}]
    settings = configured({"keys": keys}, "http://127.0.0.1:9/v1")
    status, log = refusal(settings, tmp_path, {"DELTAD_KEY_PAGE": key})
    assert status == 1
    assert "24" in log and "short-key" not in log


def test_without_keys_everybody_may_ask(start, model, agent, widget, session):
    daemon = start({"keys": []})
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    body = {"sessionId": session, "message": "Hi"}
    assert fetch(daemon.port, "POST", asking.WIDGET_JSON, body).status == 200
    assert fetch(daemon.port, "POST", asking.CHATS, asking.create_body(agent)).status == 201
    path, body = asking.agent_path(agent), asking.message_body()
    assert fetch(daemon.port, "POST", path, body).status == 200


def test_an_api_that_no_key_names_is_closed(start, agent, session):
    daemon = start({"keys": [entry for entry in KEYS if entry["name"] == "admin"]})
    check(asking.say(daemon, session), "widget", 401)
    check(asking.create(daemon, agent), "chats", 401, asking.CHATS)
    check(asking.message(daemon, agent), "agents", 401)


# For the other APIs: the headers of a request, and whether they are a key.
OTHERS = [
    ("chats", [("X-API-Key", SECRETS["alice"])], True),
    ("chats", [("x-api-key", SECRETS["bob"])], True),
    ("chats", [], False),
    ("chats", [("X-API-Key", "")], False),
    ("chats", [("X-API-Key", SECRETS["alice"])] * 2, False),
    ("chats", [("Authorization", f"Bearer {SECRETS['alice']}")], False),
    ("chats", [("x-widget-api-key", SECRETS["alice"])], False),
    ("agents", [("Authorization", f"Bearer {SECRETS['alice']}")], True),
    ("agents", [("Authorization", f"bearer {SECRETS['alice']}")], True),
    ("agents", [], False),
    ("agents", [("Authorization", "Bearer ")], False),
    ("agents", [("Authorization", SECRETS["alice"])], False),
    ("agents", [("Authorization", f"Basic {SECRETS['alice']}")], False),
    ("agents", [("Authorization", f"Bearer {SECRETS['alice']}")] * 2, False),
    ("agents", [("X-API-Key", SECRETS["alice"])], False),
]


@pytest.mark.parametrize(("api", "headers", "is_welcome"), OTHERS)
def test_where_the_other_apis_look_for_a_key(daemon, model, agent, api, headers, is_welcome):
    model.script(agent.model, [{"answer": "Hello"}])
    if api == "chats":
        path, body = asking.CHATS, asking.create_body(agent)
    else:
        path, body = asking.agent_path(agent), asking.message_body()
    answer = fetch(daemon.port, "POST", path, body, headers)
    if is_welcome:
        assert answer.status in (200, 201)
    else:
        check(answer, api, 401, path)
        assert model.log(agent.model) == []
