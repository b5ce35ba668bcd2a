"""The document at /openapi.json, held against the daemon that serves it."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from Relay.events import DONE, payloads, stream_events
from Relay.wire import fetch

from .daemons import SECRETS, WIDGET, slot

METHODS = ("get", "post", "put", "patch", "delete")

# What the daemon routes, with `Allow` as the document must have it (GET brings HEAD with it).
ROUTES = {
    "/": "get",
    "/chat": "post",
    "/chat/{slug}": "post",
    "/health": "get",
    "/healthz": "get",
    "/openapi.json": "get",
    "/v1/admin/conversations": "get",
    "/v1/admin/conversations/{conversationId}": "get",
    "/v1/api/chat/{slug}": "post",
    "/v1/chat": "post",
    "/v1/chat/completions": "post",
    "/v1/chat/stream": "post",
    "/v1/chats": "get post",
    "/v1/chats/response": "post",
    "/v1/chats/{chatId}": "get patch delete",
    "/v1/chats/{chatId}/end": "patch post put",
    "/v1/chats/{chatId}/end-chat": "patch post put",
    "/v1/chats/{chatId}/end-session": "patch post put",
    "/v1/models": "get",
    "/v1/models/{model}": "get",
    "/v1/streams": "post",
    "/v1/streams/{id}": "get delete",
}

KEYS = {
    "chatsKey": {"X-API-Key": SECRETS["alice"]},
    "bearer": {"Authorization": f"Bearer {SECRETS['alice']}"},
    "widgetKey": {"x-api-key": SECRETS["widget"]},
    "adminKey": {"x-admin-api-key": SECRETS["admin"]},
}


AGENT = slot(1)
# The Agents API tells of its limit where it has one.
SETTINGS = {"rates": {"agents": {"requests": 1000}, "widget": {"requests": 0}}}


class Document:
    def __init__(self, daemon):
        self.daemon = daemon
        answer = fetch(daemon.port, "GET", "/openapi.json")
        assert answer.status == 200 and answer.header("content-type") == "application/json"
        self.root = json.loads(answer.body)
        self.paths = self.root["paths"]

    def at(self, value):
        """What a reference leads to."""
        while isinstance(value, dict) and "$ref" in value:
            found = self.root
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def errors(self, schema, value):
        whole = {"components": self.root["components"], **schema}
        return [error.message for error in Draft202012Validator(whole).iter_errors(value)]

    def check(self, name, value):
        assert self.errors({"$ref": f"#/components/schemas/{name}"}, value) == []

    def check_answer(self, method, path, answer):
        """Status, fields of the head, media type and body are as the document has them."""
        responses = self.paths[path][method]["responses"]
        assert str(answer.status) in responses, (method, path, answer.status, bytes(answer.body))
        response = self.at(responses[str(answer.status)])
        for name in response.get("headers", {}):
            if name not in ("X-Stream-Id", "X-Conversation-Id", "Retry-After"):
                assert answer.header(name) is not None, (method, path, answer.status, name)
        if "content" not in response:
            assert not answer.body
            return
        kind = answer.header("content-type")
        assert kind in response["content"], (method, path, answer.status, kind)
        schema = response["content"][kind].get("schema")
        if schema:
            found = self.errors(schema, json.loads(answer.body))
            assert found == [], (method, path, answer.status, found, bytes(answer.body))

    def operations(self):
        for path, item in self.paths.items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]


@pytest.fixture(scope="module")
def document(daemon):
    return Document(daemon)


def key(operation):
    """The field that opens an operation."""
    schemes = [name for entry in operation["security"] for name in entry]
    return KEYS[schemes[0]] if schemes else {}


def test_the_document_names_every_route_and_no_other(document):
    documented = {
        path: " ".join(method for method in METHODS if method in item)
        for path, item in document.paths.items()
    }
    inverted = {path: " ".join(sorted(methods.split())) for path, methods in ROUTES.items()}
    assert {p: " ".join(sorted(m.split())) for p, m in documented.items()} == inverted


@pytest.mark.parametrize("path", ROUTES)
def test_a_path_takes_what_is_documented(daemon, path):
    answer = fetch(daemon.port, "OPTIONS", re.sub(r"\{\w+\}", "x", path))
    methods = set(ROUTES[path].upper().split())
    methods |= {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    assert set(answer.header("allow").split(", ")) == methods
    assert fetch(daemon.port, "TRACE", re.sub(r"\{\w+\}", "x", path)).status == 405


def test_every_example_is_what_its_schema_says(document):
    seen = 0
    for name, schema in document.root["components"]["schemas"].items():
        for example in schema.get("examples", []):
            document.check(name, example)
            seen += 1
    assert seen > 25


@pytest.fixture
def made(daemon, model):
    """Things to ask for: by the names of the parameters in paths."""
    model.script(AGENT.model, [{"answer": "Hello there"}])
    model.script(WIDGET.model, [{"answer": "Hello there"}])
    body = {"agentId": AGENT.id, "input": "Hi"}
    chat = fetch(daemon.port, "POST", "/v1/chats", body, KEYS["chatsKey"])
    assert chat.status == 201, bytes(chat.body)
    body = {"sessionId": "document", "message": "Hi"}
    widget = fetch(daemon.port, "POST", "/v1/chat", body, KEYS["widgetKey"])
    return {
        "slug": AGENT.slug,
        "chatId": json.loads(chat.body)["chatId"],
        "conversationId": json.loads(widget.body)["conversationId"],
        "id": chat.header("x-stream-id"),
        "model": AGENT.model,
    }


def filled(path, made):
    return re.sub(r"\{(\w+)\}", lambda match: made[match[1]], path)


def body_of(document, operation, made):
    if "requestBody" not in operation:
        return None
    schema = document.at(operation["requestBody"]["content"]["application/json"]["schema"])
    body = dict(schema["examples"][0])
    for name, value in (
        ("agentId", AGENT.id),
        ("chatId", made["chatId"]),
        ("agent", made["slug"]),
        ("model", made["model"]),
    ):
        if name in body:
            body[name] = value
    return body


def test_every_operation_answers_as_documented(document, daemon, made):
    operations = list(document.operations())
    # What ends a chat comes last.
    operations.sort(key=lambda entry: "end" in entry[1] or entry[0] == "delete")
    for method, path, operation in operations:
        answer = fetch(
            daemon.port, method.upper(), filled(path, made), body_of(document, operation, made),
            key(operation),
        )
        assert 200 <= answer.status < 300, (method, path, answer.status, bytes(answer.body))
        document.check_answer(method, path, answer)
        if "X-Stream-Id" in document.at(operation["responses"][str(answer.status)])["headers"]:
            assert answer.header("x-stream-id"), (method, path)


@pytest.mark.parametrize("status", [400, 401, 415])
def test_every_operation_refuses_as_documented(document, daemon, made, status):
    tried = 0
    for method, path, operation in document.operations():
        responses = operation["responses"]
        if str(status) not in responses or (status != 401 and "requestBody" not in operation):
            continue
        headers = {"X-Nothing": "x"} if status == 401 else key(operation)
        if status == 415:
            headers = {**headers, "Content-Type": "text/plain"}
        body = b"[]" if "requestBody" in operation else None
        if status == 401 and {} in operation["security"]:
            continue
        answer = fetch(daemon.port, method.upper(), filled(path, made), body, headers)
        assert answer.status == status, (method, path, answer.status, bytes(answer.body))
        document.check_answer(method, path, answer)
        tried += 1
    assert tried >= 9


def test_a_key_of_idempotency_with_another_body_is_refused_as_documented(document, daemon, made):
    for method, path, operation in document.operations():
        if "422" not in operation["responses"]:
            continue
        body = body_of(document, operation, made)
        other = {**body, "more": 1}
        headers = {**key(operation), "Idempotency-Key": f"document {path}".replace(" ", "-")}
        answers = [
            fetch(daemon.port, method.upper(), filled(path, made), sent, headers)
            for sent in (body, other)
        ]
        assert answers[1].status == 422, (method, path, answers[1].status)
        document.check_answer(method, path, answers[1])


@pytest.mark.parametrize("path", [path for path in ROUTES if "{" in path])
def test_what_is_not_there_is_404_as_documented(document, daemon, path):
    missing = filled(path, dict.fromkeys(re.findall(r"\{(\w+)\}", path), "agent:nobody"))
    for method in METHODS:
        operation = document.paths[path].get(method)
        if not operation:
            continue
        body = {"message": "Hi"} if path.endswith("{slug}") else None
        answer = fetch(daemon.port, method.upper(), missing, body, key(operation))
        assert answer.status == 404, (method, missing, answer.status)
        document.check_answer(method, path, answer)


def test_frames_and_lines_are_as_documented(document, daemon, made):
    agent = {"message": "Hi", "stream": True}
    answer = fetch(daemon.port, "POST", f"/chat/{made['slug']}", agent, KEYS["bearer"])
    assert answer.body.endswith(DONE)
    for frame in payloads(answer.body)[:-1]:
        document.check("AgentChunk", json.loads(frame))
    widget = {"sessionId": "document", "message": "Hi"}
    answer = fetch(daemon.port, "POST", "/chat", widget, KEYS["widgetKey"])
    lines = [json.loads(line) for line in bytes(answer.body).splitlines()]
    assert len(lines) > 2
    for line in lines:
        document.check("WidgetLine", line)
    *texts, done = stream_events(fetch(daemon.port, "GET", f"/v1/streams/{made['id']}").body)
    for event in texts:
        document.check("StreamText", event.data)
    document.check("StreamDone", done.data)
