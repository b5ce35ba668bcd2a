"""The error answers of the APIs, each in its own shape, to the member and its place."""

import datetime
import json
import re

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NAMES = {
    400: {"Bad Request"},
    401: {"Unauthorized"},
    403: {"Forbidden"},
    404: {"Not Found"},
    405: {"Method Not Allowed"},
    413: {"Payload Too Large", "Content Too Large"},
    415: {"Unsupported Media Type"},
    422: {"Unprocessable Entity", "Unprocessable Content"},
    429: {"Too Many Requests"},
    500: {"Internal Server Error"},
    503: {"Service Unavailable"},
}
CHATS_MESSAGES = {
    400: "Invalid request parameters",
    401: "X-API-Key is missing or invalid",
    403: "Access denied for this resource",
    404: "The requested resource was not found",
    500: "Unexpected server error",
}
AGENTS_NAMES = {
    400: "ValidationError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    413: "PayloadTooLargeError",
    429: "RateLimitError",
    500: "InternalServerError",
}
AGENTS_MESSAGES = {
    401: "Invalid or missing API token",
    500: "The agent could not answer",
}
WIDGET_ERRORS = {
    400: "Invalid request payload",
    401: "Unauthorized",
    403: "Blocked by CORS policy",
    404: "Not found",
    413: "Payload too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}


def is_recent(text):
    """Whether a time in ISO 8601 is now, give or take a minute."""
    now = datetime.datetime.now(datetime.UTC)
    return abs(datetime.datetime.fromisoformat(text) - now) < datetime.timedelta(minutes=1)


def read(answer):
    """The JSON of an answer, whatever parameters its media type has."""
    assert (answer.header("content-type") or "").startswith("application/json"), answer.headers
    return json.loads(answer.body)


def check_chats(answer, path, fields):
    error = read(answer)
    expected = ["timestamp", "status", "error", "message", "path"]
    assert list(error) == expected + (["validationErrors"] if fields else []), error
    assert INSTANT.fullmatch(error["timestamp"]) and is_recent(error["timestamp"])
    assert error["status"] == answer.status
    assert error["error"] in NAMES[answer.status]
    assert error["message"] == CHATS_MESSAGES.get(answer.status, error["message"]) != ""
    assert error["path"] == path.partition("?")[0]
    if fields:
        assert set(error["validationErrors"]) == set(fields), error
        assert all(isinstance(text, str) and text for text in error["validationErrors"].values())


def check_agents(answer, message):
    envelope = read(answer)
    assert list(envelope) == ["data", "error"] and envelope["data"] is None, envelope
    error = envelope["error"]
    assert list(error) == ["name", "message", "details"], error
    assert error["name"] == AGENTS_NAMES.get(answer.status, error["name"]) != ""
    assert error["message"] == AGENTS_MESSAGES.get(answer.status, error["message"]) != ""
    assert error["details"] == {}
    assert message in (None, error["message"])


def check_widget(answer, message):
    assert answer.header("content-type") == "application/json; charset=utf-8"
    error = json.loads(answer.body)
    message = message or WIDGET_ERRORS.get(answer.status, error.get("error"))
    assert isinstance(message, str) and message
    assert bytes(answer.body) == json.dumps({"error": message}, separators=(",", ":")).encode()


def check_completions(answer):
    assert set(read(answer)["error"]) == {"message", "type", "param", "code"}


def check_streams(answer):
    assert list(read(answer)["error"]) == ["code", "message", "retryable"]


def check(answer, api, status, path=None, fields=(), message=None):
    """Asserts that this is the API's answer with that status.

    `path` is the request's and `fields` those with `validationErrors` (Chats); `message` is one
    that the contract gives for this case beyond those of the tables above.
    """
    assert answer.status == status, (answer.status, bytes(answer.body))
    assert answer.header("x-request-id")
    if status == 405:
        assert answer.header("allow")
    if status == 429:
        assert int(answer.header("retry-after")) >= 1
    if api == "chats":
        check_chats(answer, path, fields)
    elif api == "agents":
        check_agents(answer, message)
    elif api == "widget":
        check_widget(answer, message)
    elif api == "completions":
        check_completions(answer)
    else:
        check_streams(answer)
