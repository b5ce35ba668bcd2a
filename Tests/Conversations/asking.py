"""Requests of the conversation APIs, as tests put them, and what the model hears of them."""

import json

from Relay.wire import Exchange, fetch

from .daemons import SECRETS
from .faults import read

CHATS = "/v1/chats"
RESPONSE = "/v1/chats/response"
WIDGET_JSON = "/v1/chat"
WIDGET_LINES = "/v1/chat/stream"
CONVERSATIONS = "/v1/admin/conversations"


def key(api, person=None):
    """The header that has a person's key, where the API looks for it."""
    if person is None:
        person = {"widget": "widget", "admin": "admin"}.get(api, "alice")
    secret = SECRETS.get(person, person)
    if api == "chats":
        return {"X-API-Key": secret}
    if api == "widget":
        return {"x-api-key": secret}
    if api == "admin":
        return {"x-admin-api-key": secret}
    return {"Authorization": f"Bearer {secret}"}


# What the model hears.


def bodies(model, agent):
    """The requests that the agent's model has got, as JSON."""
    return [json.loads(record["body"]) for record in model.log(agent.model)]


def heard(model, agent, turn=-1):
    """The conversation that a request had, without the system prompt: (role, text) pairs."""
    messages = bodies(model, agent)[turn]["messages"]
    return [(m["role"], m["content"]) for m in messages if m["role"] != "system"]


def prompts(model, agent, turn=-1):
    """The system prompts that a request had."""
    messages = bodies(model, agent)[turn]["messages"]
    return [m["content"] for m in messages if m["role"] == "system"]


def turns(*texts):
    """Messages as the model hears them: the user's and the assistant's, in turn."""
    return [("assistant" if index % 2 else "user", text) for index, text in enumerate(texts)]


# Chats.


def chats(daemon, method, path, body=None, person=None, headers=()):
    return fetch(daemon.port, method, path, body, {**key("chats", person), **dict(headers)})


def create_body(agent, text="Hello", **fields):
    return {"agentId": getattr(agent, "id", agent), "input": text, **fields}


def create(daemon, agent, text="Hello", person=None, headers=(), **fields):
    """Opens a chat: the whole answer."""
    return chats(daemon, "POST", CHATS, create_body(agent, text, **fields), person, headers)


def respond(daemon, chat, text="Hello again", person=None, headers=()):
    body = {"chatId": chat, "input": text}
    return chats(daemon, "POST", RESPONSE, body, person, headers)


def opened(daemon, agent, text="Hello", **fields):
    """Opens a chat that must be answered: its id."""
    answer = create(daemon, agent, text, **fields)
    assert answer.status == 201, bytes(answer.body)
    return read(answer)["chatId"]


def record(daemon, chat):
    answer = chats(daemon, "GET", f"{CHATS}/{chat}")
    assert answer.status == 200, bytes(answer.body)
    return read(answer)


def patch(daemon, chat, body=None, person=None):
    return chats(daemon, "PATCH", f"{CHATS}/{chat}", body, person)


def listed(daemon, query="", person=None):
    answer = chats(daemon, "GET", f"{CHATS}{query}", None, person)
    assert answer.status == 200, bytes(answer.body)
    return read(answer)


def said(record):
    """The messages of a chat's record as (role, text) pairs."""
    return [(message["role"], "".join(message["content"])) for message in record["messages"]]


# Agents.


def agent_path(agent, alias=False):
    slug = getattr(agent, "slug", agent)
    return f"/chat/{slug}" if alias else f"/v1/api/chat/{slug}"


def message_body(text="Hello", conversation=None, **fields):
    body = {"message": text, **fields}
    return body if conversation is None else {**body, "conversationId": conversation}


def message(daemon, agent, text="Hello", conversation=None, person=None, headers=(), **fields):
    """Sends a message to an agent: the whole answer."""
    body = message_body(text, conversation, **fields)
    headers = {**key("agents", person), **dict(headers)}
    return fetch(daemon.port, "POST", agent_path(agent), body, headers)


def open_message(daemon, agent, text="Hello", conversation=None, **fields):
    body = message_body(text, conversation, stream=True, **fields)
    return Exchange(daemon.port, "POST", agent_path(agent), body, key("agents"))


def data(answer):
    assert answer.status == 200, bytes(answer.body)
    return read(answer)["data"]


# Widget.


def say(daemon, session, text="Hello", path=WIDGET_JSON, headers=()):
    """Sends a widget's message: the whole answer."""
    body = {"sessionId": session, "message": text}
    return fetch(daemon.port, "POST", path, body, {**key("widget"), **dict(headers)})


def open_lines(daemon, session, text="Hello", path=WIDGET_LINES):
    body = {"sessionId": session, "message": text}
    return Exchange(daemon.port, "POST", path, body, key("widget"))


def lines(answer):
    """The objects of a widget's stream; each is a whole line, compact."""
    *whole, rest = bytes(answer.body).split(b"\n")
    assert rest == b"", f"a line without its end: {rest!r}"
    objects = [json.loads(line) for line in whole]
    for line, value in zip(whole, objects, strict=True):
        assert line.decode() == spelled(value), line
    return objects


def spelled(value):
    """Compact JSON as the daemon spells it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for separator in "\u0085\u2028\u2029":
        text = text.replace(separator, f"\\u{ord(separator):04x}")
    return text


def admin(daemon, path=""):
    """An answer to an administrator that must be one."""
    answer = fetch(daemon.port, "GET", CONVERSATIONS + path, headers=key("admin"))
    assert answer.status == 200, bytes(answer.body)
    return read(answer)


def conversation(daemon, session):
    """The id of a session's conversation, as the administrator sees it; None without one."""
    found = admin(daemon, "?limit=200")["conversations"]
    ids = [entry["_id"] for entry in found if entry["sessionId"] == session]
    assert len(ids) <= 1, ids
    return ids[0] if ids else None


def stored(daemon, session):
    """The messages of a session as (role, text) pairs."""
    found = conversation(daemon, session)
    if found is None:
        return []
    return [(m["role"], m["content"]) for m in admin(daemon, f"/{found}")["messages"]]


def settled(daemon):
    """Lets the daemon's loop go once round: what was sent before this has been taken up."""
    assert fetch(daemon.port, "GET", "/healthz").status == 200
