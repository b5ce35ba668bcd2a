"""The document at /openapi.json, held against the daemon that serves it.

Both ways: what is documented is what comes, and what comes (every path, method, status, media type,
field of the head and member of an object) is documented.
"""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from Relay.events import DONE, PING, payloads, stream_events
from Relay.wire import Exchange

from .daemons import AGENTS, SECRETS, WIDGET, Agent, described, slot

METHODS = ("get", "post", "put", "patch", "delete")

# What the daemon routes (GET brings HEAD with it, and every path has OPTIONS).
ROUTES = {
    "/": "get",
    "/chat": "post",
    "/chat/{slug}": "post",
    "/dashboard": "get",
    "/dashboard/events": "get",
    "/health": "get",
    "/healthz": "get",
    "/metrics": "get",
    "/openapi.json": "get",
    "/readyz": "get",
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
OPERATIONS = [(method, path) for path in ROUTES for method in ROUTES[path].split()]
# Those that ask a model, and so are answered 422 to a key of idempotency that had another body.
GENERATING = [
    ("post", "/v1/chats"),
    ("post", "/v1/chats/response"),
    ("post", "/v1/api/chat/{slug}"),
    ("post", "/chat/{slug}"),
    ("post", "/v1/chat"),
    ("post", "/v1/chat/stream"),
    ("post", "/chat"),
    ("post", "/v1/chat/completions"),
    ("post", "/v1/streams"),
]
TAKING_BODIES = [*GENERATING, ("patch", "/v1/chats/{chatId}")]

KEYS = {
    "chatsKey": {"X-API-Key": SECRETS["alice"]},
    "bearer": {"Authorization": f"Bearer {SECRETS['alice']}"},
    "widgetKey": {"x-api-key": SECRETS["widget"]},
    "adminKey": {"x-admin-api-key": SECRETS["admin"]},
}


def fetch(port, method, path, body=None, headers=()):
    """The whole answer, or the beginning of one that has no end."""
    with Exchange(port, method, path, body, headers) as exchange:
        return exchange.read_until(lambda answer: answer.ended or (
            path == "/dashboard/events" and b"\n\ndata: " in answer.body))


# Fields of the head of which nothing is said with each answer: HTTP's own, and CORS's.
COMMON = {
    *["date", "content-type", "content-length", "transfer-encoding", "connection"],
    *["cache-control", "x-accel-buffering", "content-security-policy", "vary"],
    *["x-content-type-options", "referrer-policy"],
    *["access-control-allow-origin", "access-control-expose-headers"],
}

AGENT = slot(1)
DISABLED = Agent("agent_off", "off", "Off", "model-off", "")
SITE = "https://site.example"
SETTINGS = {
    "agents": [*AGENTS, described(DISABLED, "", status="Disabled")],
    # The Agents API tells of its limit where it has one.
    "rates": {"agents": {"requests": 1000}, "widget": {"requests": 0}},
    "cors": {"origins": [SITE]},
    "limits": {"body": "16KiB"},
}


class Document:
    def __init__(self, daemon):
        answer = fetch(daemon.port, "GET", "/openapi.json")
        assert answer.status == 200 and answer.header("content-type") == "application/json"
        self.daemon = daemon
        self.root = json.loads(answer.body)
        self.paths = self.root["paths"]
        self.components = self.root["components"]

    def at(self, value):
        """What a reference leads to."""
        while isinstance(value, dict) and "$ref" in value:
            found = self.root
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def errors(self, schema, value):
        whole = {"components": self.components, **schema}
        return [error.message for error in Draft202012Validator(whole).iter_errors(value)]

    def check(self, name, value):
        assert self.errors({"$ref": f"#/components/schemas/{name}"}, value) == []

    def check_answer(self, method, path, answer):
        """Status, fields of the head, media type and body are as the document has them."""
        responses = self.paths[path][method]["responses"]
        assert str(answer.status) in responses, (method, path, answer.status, bytes(answer.body))
        self.check_response(responses[str(answer.status)], answer)

    def check_response(self, response, answer):
        response = self.at(response)
        for name, header in response["headers"].items():
            self.check_header(name, self.at(header), answer)
        documented = {name.lower() for name in response["headers"]}
        assert {name for name, _ in answer.headers} <= documented | COMMON, answer.headers
        if "content" not in response:
            assert not answer.body
            return
        kind = answer.header("content-type")
        assert kind in response["content"], (answer.status, kind)
        text = bytes(answer.body).decode()
        value = json.loads(text) if kind.startswith("application/json") else text
        # Events have none: OpenAPI 3.1 cannot say of what a stream of them consists.
        found = self.errors(response["content"][kind].get("schema", {}), value)
        assert found == [], (answer.status, bytes(answer.body))

    def check_header(self, name, header, answer):
        value = answer.header(name)
        if value is None:
            assert not header.get("required"), (name, answer.headers)
            return
        is_number = header["schema"].get("type") == "integer"
        found = self.errors(header["schema"], int(value) if is_number else value)
        assert found == [], (name, value)

    def examples(self):
        """Every example of every answer: the place it is at, its schema and itself."""
        for method, path in OPERATIONS:
            for status, response in self.paths[path][method]["responses"].items():
                for kind, media in self.at(response).get("content", {}).items():
                    place = (method, path, status, kind)
                    values = [named["value"] for named in media.get("examples", {}).values()]
                    for value in [media["example"]] if "example" in media else values:
                        yield place, media.get("schema"), value


@pytest.fixture(scope="module")
def document(daemon):
    return Document(daemon)


@pytest.fixture
def made(daemon, model):
    """Things to ask for, by the names of the parameters in paths."""
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


def nowhere(path):
    """The path with names of nothing in it."""
    return filled(path, dict.fromkeys(re.findall(r"\{(\w+)\}", path), "agent:nobody"))


class Asker:
    """Asks for the document's operations, in the ways in which tests vary them."""

    def __init__(self, document, made):
        self.document = document
        self.made = made

    def operation(self, method, path):
        return self.document.paths[path][method]

    def key(self, method, path):
        """The field that opens an operation."""
        schemes = [n for entry in self.operation(method, path)["security"] for n in entry]
        return KEYS[schemes[0]] if schemes else {}

    def body(self, method, path):
        """The documented example, about the things that are there."""
        operation = self.operation(method, path)
        if "requestBody" not in operation:
            return None
        content = operation["requestBody"]["content"]["application/json"]
        body = dict(self.document.at(content["schema"])["examples"][0])
        there = {"agentId": AGENT.id, "agent": AGENT.slug}
        there |= {name: self.made[name] for name in ("chatId", "model")}
        return {name: there.get(name, value) for name, value in body.items()}

    def ask(self, method, path, body=None, headers=(), at=None):
        at = at or filled(path, self.made)
        headers = {**self.key(method, path), **dict(headers)}
        return fetch(self.document.daemon.port, method.upper(), at, body, headers)

    def check(self, status, method, path, *how, **more):
        answer = self.ask(method, path, *how, **more)
        assert answer.status == status, (method, path, answer.status, bytes(answer.body))
        self.document.check_answer(method, path, answer)
        return answer


@pytest.fixture
def asker(document, made):
    return Asker(document, made)


# The document by itself.


def test_the_document_is_openapi(document):
    assert document.root["openapi"].startswith("3.1.")
    validate(document.root)


def test_every_schema_has_examples_and_they_are_what_it_says(document):
    for name, schema in document.components["schemas"].items():
        assert schema.get("examples"), name
        for example in schema["examples"]:
            document.check(name, example)


def test_every_answer_has_an_example_and_it_is_what_its_schema_says(document):
    places = set()
    for place, schema, example in document.examples():
        places.add(place)
        assert schema is None or document.errors(schema, example) == [], place
    for method, path in OPERATIONS:
        for status, response in document.paths[path][method]["responses"].items():
            for kind in document.at(response).get("content", {}):
                assert (method, path, status, kind) in places


# What no answer refers to: other methods, and the frames and lines of streams.
SPOKEN_OF = re.compile(
    r"\w+405|Operations404|\w+Stream|\w+Chunk|WidgetLine|AgentStreamError|StreamText|StreamDone"
    r"|DashboardEvent"
)


def test_every_component_is_there_for_something(document):
    text = json.dumps(document.root)
    for kind in ("parameters", "headers", "schemas", "responses"):
        for name in document.components[kind]:
            assert f'"#/components/{kind}/{name}"' in text or SPOKEN_OF.fullmatch(name), name


def test_every_answer_has_a_request_id(document):
    responses = [r for m, p in OPERATIONS for r in document.paths[p][m]["responses"].values()]
    for response in responses:
        assert document.at(document.at(response)["headers"]["X-Request-Id"])["required"]


# The document and the daemon: routes.


def test_the_document_names_every_route_and_no_other(document):
    documented = {
        path: {method for method in METHODS if method in item}
        for path, item in document.paths.items()
    }
    assert documented == {path: set(methods.split()) for path, methods in ROUTES.items()}


@pytest.mark.parametrize("path", ROUTES)
def test_a_path_takes_what_is_documented(document, daemon, path):
    answer = fetch(daemon.port, "OPTIONS", nowhere(path))
    documented = {method.upper() for method in METHODS if method in document.paths[path]}
    documented |= {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
    assert answer.status == 204
    assert set(answer.header("allow").split(", ")) == documented


@pytest.mark.parametrize("path", ROUTES)
def test_another_method_is_405_as_documented(document, daemon, path):
    tag = next(document.paths[path][m]["tags"][0] for m in METHODS if m in document.paths[path])
    for method in {*METHODS, "trace"} - set(document.paths[path]):
        answer = fetch(daemon.port, method.upper(), nowhere(path))
        assert answer.status == 405, (method, path, answer.status)
        document.check_response(document.components["responses"][f"{tag}405"], answer)


# What succeeds.


def test_every_operation_answers_as_documented(document, asker):
    # What ends a chat or a stream comes last.
    for method, path in sorted(OPERATIONS, key=lambda o: "/end" in o[1] or o[0] == "delete"):
        answer = asker.ask(method, path, asker.body(method, path))
        documented = [s for s in asker.operation(method, path)["responses"] if s[0] == "2"]
        assert str(answer.status) == documented[0], (method, path, bytes(answer.body))
        document.check_answer(method, path, answer)


@pytest.mark.parametrize("form", ["sse", "openai", "chunk", "ndjson", "json"])
def test_a_stream_is_read_as_documented_in_every_format(asker, made, form):
    path = "/v1/streams/{id}"
    where = f"{filled(path, made)}?format={form}"
    asker.check(200, "get", path, at=where)
    if form != "json":
        last = json.loads(asker.ask("get", path, at=f"{filled(path, made)}?format=json").body)
        asker.check(204, "get", path, at=f"{where}&after={last['lastEventId']}")


@pytest.mark.parametrize("query", ["", "?status=in-progress&page=1&size=1", "?status=ended"])
def test_pages_are_as_documented(asker, query):
    asker.check(200, "get", "/v1/chats", at=f"/v1/chats{query}")


def streams_of(asker, made):
    """Whole bodies by the name of their schema, of an answer and of its other formats."""
    message, widget = {"message": "Hi", "stream": True}, {"sessionId": "lines", "message": "Hi"}
    chat = {"model": made["model"], "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    answers = {
        "AgentStream": asker.check(200, "post", "/v1/api/chat/{slug}", message),
        "WidgetStream": asker.check(200, "post", "/v1/chat/stream", widget),
        "CompletionStream": asker.check(200, "post", "/v1/chat/completions", chat),
    }
    found = {name: bytes(answer.body) for name, answer in answers.items()}
    path = answers["AgentStream"].stream_path
    found["EventStream"] = bytes(asker.check(200, "get", "/v1/streams/{id}", at=path).body)
    return found


def frames(body):
    return [json.loads(frame) for frame in payloads(body.replace(PING, b"")) if frame != b"[DONE]"]


def test_events_and_lines_are_as_documented(document, asker, made):
    found = streams_of(asker, made)
    for name, body in found.items():
        document.check(name, body.decode())
    assert found["AgentStream"].endswith(DONE) and found["CompletionStream"].endswith(DONE)
    for frame in frames(found["AgentStream"]):
        document.check("AgentChunk", frame)
    for frame in frames(found["CompletionStream"]):
        document.check("CompletionChunk", frame)
    lines = [json.loads(line) for line in found["WidgetStream"].splitlines()]
    assert [line["type"] for line in lines] == ["start", "token", "token", "done"]
    for line in lines:
        document.check("WidgetLine", line)
    *texts, done = stream_events(found["EventStream"])
    assert done.name == "done" and texts
    for event in texts:
        document.check("StreamText", event.data)
    document.check("StreamDone", done.data)


def test_the_examples_of_streams_are_written_as_streams_are(document):
    schemas = document.components["schemas"]
    for body in schemas["AgentStream"]["examples"]:
        for frame in frames(body.encode()):
            document.check("AgentStreamError" if "error" in frame else "AgentChunk", frame)
    for body in schemas["CompletionStream"]["examples"]:
        for frame in frames(body.encode()):
            document.check("CompletionsError" if "error" in frame else "CompletionChunk", frame)
    for body in schemas["WidgetStream"]["examples"]:
        for line in body.splitlines():
            document.check("WidgetLine", json.loads(line))
    for body in schemas["EventStream"]["examples"]:
        *texts, done = stream_events(body.encode())
        document.check("StreamDone", done.data)
        for event in texts:
            document.check("StreamText", event.data)


# What fails.


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_key_it_is_401_as_documented(document, daemon, method, path):
    security = document.paths[path][method]["security"]
    if security and {} not in security:
        answer = fetch(daemon.port, method.upper(), nowhere(path))
        assert answer.status == 401
        document.check_answer(method, path, answer)
    else:
        assert fetch(daemon.port, method.upper(), nowhere(path)).status in (200, 404)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_page_of_another_origin_is_403_as_documented(asker, method, path):
    answer = asker.check(403, method, path, headers={"Origin": "https://evil.example"})
    assert answer.header("access-control-allow-origin") is None
    answer = asker.ask(method, path, None, {"Origin": SITE}, nowhere(path))
    figures = ("/metrics", "/readyz", "/dashboard/events")
    assert answer.header("access-control-allow-origin") == (None if path in figures else SITE)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_body_beyond_the_limit_is_413_as_documented(asker, method, path):
    asker.check(413, method, path, b"{" + b" " * (16 << 10) + b"}")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_too_large_a_head_is_as_documented(asker, method, path):
    asker.check(414, method, path, at=nowhere(path) + "?" + "x" * (8 << 10))
    asker.check(431, method, path, headers={"X-Long": "x" * (16 << 10)})


@pytest.mark.parametrize(("method", "path"), TAKING_BODIES)
def test_a_body_that_is_not_what_it_must_be_is_refused_as_documented(asker, method, path):
    for body in (b"{", b"[]", b"\xff", b'{"agentId":5,"message":5,"messages":5}'):
        asker.check(400, method, path, body)
    asker.check(415, method, path, b"{}", {"Content-Type": "text/plain"})


QUERIES = [
    ("/v1/chats", "?status=done"),
    ("/v1/chats", "?page=-1"),
    ("/v1/chats", "?size=101"),
    ("/v1/admin/conversations", "?limit=201"),
    ("/v1/admin/conversations/{conversationId}", "x" * 129),
    ("/v1/streams/{id}", "?format=xml"),
    ("/v1/streams/{id}", "?after=x"),
    ("/v1/streams/{id}", "?after=99999"),
]


@pytest.mark.parametrize(("path", "query"), QUERIES)
def test_what_is_wrong_in_the_target_is_400_as_documented(asker, made, path, query):
    asker.check(400, "get", path, at=filled(path, made) + query)


@pytest.mark.parametrize(("method", "path"), [o for o in OPERATIONS if "{" in o[1]])
def test_what_is_not_there_is_404_as_documented(asker, method, path):
    body = {"message": "Hi"} if path.endswith("{slug}") else None
    asker.check(404, method, path, body, at=nowhere(path))


LOOKED_UP = [
    ("/v1/chats", {"agentId": "nobody", "input": "Hi"}, 404),
    ("/v1/chats", {"agentId": AGENT.id, "input": "Hi", "previousChatId": "x"}, 404),
    ("/v1/chats", {"agentId": DISABLED.id, "input": "Hi"}, 403),
    ("/v1/chats/response", {"chatId": "x", "input": "Hi"}, 404),
    ("/chat/{slug}", {"message": "Hi", "conversationId": "x"}, 404),
    ("/v1/chat/completions", {"model": "agent:nobody", "messages": [{}]}, 404),
    ("/v1/streams", {"model": "agent:nobody", "messages": [{}]}, 404),
    ("/v1/streams", {"agent": "nobody", "message": "Hi"}, 404),
    ("/v1/streams", {"agent": AGENT.slug, "message": "Hi", "conversationId": "x"}, 404),
    ("/v1/streams", {"agent": DISABLED.slug, "message": "Hi"}, 403),
]


@pytest.mark.parametrize(("path", "body", "status"), LOOKED_UP)
def test_what_a_body_asks_for_in_vain_is_as_documented(asker, path, body, status):
    asker.check(status, "post", path, body)


def test_a_disabled_agent_is_403_as_documented(asker):
    asker.check(403, "post", "/v1/api/chat/{slug}", {"message": "Hi"}, at="/v1/api/chat/off")


def test_a_path_that_is_not_there_is_404_in_the_documented_shape(document, daemon):
    for path in ("/nothing", "/health/x", "/v2/chats"):
        answer = fetch(daemon.port, "GET", path)
        assert answer.status == 404
        document.check_response(document.components["responses"]["Operations404"], answer)


@pytest.mark.parametrize(("method", "path"), GENERATING)
def test_a_key_of_idempotency_with_another_body_is_422_as_documented(asker, method, path):
    headers = {"Idempotency-Key": "document" + path}
    body = asker.body(method, path)
    assert asker.ask(method, path, body, headers).status < 300
    asker.check(422, method, path, {**body, "more": 1}, headers)
    asker.check(400, method, path, body, {"Idempotency-Key": "two words"})


def refusal(status):
    """What a model says that refuses."""
    return [{"head": {"status": status}}, {"json": {"error": {"message": "no", "type": "sorry"}}}]


@pytest.mark.parametrize(("method", "path"), GENERATING[:5])
def test_a_model_that_fails_is_500_as_documented(asker, model, method, path):
    for name in (AGENT.model, WIDGET.model):
        model.script(name, refusal(500))
    answer = asker.check(500, method, path, asker.body(method, path))
    assert answer.header("x-stream-id")


def test_an_upstreams_error_is_passed_on_as_documented(asker, model):
    path = "/v1/chat/completions"
    for status in (402, 418, 507):
        model.script(AGENT.model, refusal(status))
        answer = asker.ask("post", path, asker.body("post", path))
        assert answer.status == status
        described = asker.operation("post", path)["responses"]
        assert str(status) in described or f"{status // 100}XX" in described


def test_a_failure_in_a_stream_is_as_documented(document, asker, model, made):
    for name in (AGENT.model, WIDGET.model):
        model.script(name, [{"text": "Hello"}, {"close": True}])
    found = streams_of(asker, made)
    *_, failure = frames(found["AgentStream"])
    document.check("AgentStreamError", failure)
    *_, failure = frames(found["CompletionStream"])
    document.check("CompletionsError", failure)
    *_, last = found["WidgetStream"].splitlines()
    document.check("WidgetLine", json.loads(last))
    *_, failure = stream_events(found["EventStream"])
    assert failure.name == "error"
    document.check("StreamFailure", failure.data)


def test_without_keys_and_a_widget_and_with_rates_it_answers_as_documented(document, start):
    rate = {"requests": 1, "per": "24h"}
    daemon = start(
        {
            "agents": [described(AGENT, "", apis=["chats", "agents"])],
            "widget": {},
            "keys": [],
            "rates": {"chats": rate, "agents": rate, "widget": rate},
        }
    )

    def check(status, method, path, body=None):
        answer = fetch(daemon.port, method.upper(), nowhere(path), body)
        assert answer.status == status, (method, path, answer.status)
        document.check_answer(method, path, answer)

    for path in ("/v1/admin/conversations", "/v1/admin/conversations/{conversationId}"):
        check(503, "get", path)
    check(404, "post", "/v1/chat", {"sessionId": "s", "message": "Hi"})
    check(400, "post", "/v1/chats", {})
    check(400, "post", "/chat/{slug}", {})
    for method, path in GENERATING[:7]:
        check(429, method, path, {})
