"""Requests that are refused while their head is read: each in the shape of its path's API."""

import json
import socket

import pytest
from Relay.wire import HOST, Answer
from Support.processes import PATIENCE

PATHS = {
    "/v1/chats": "chats",
    "/v1/chats/response": "chats",
    "/v1/api/chat/help": "agents",
    "/chat/help": "agents",
    "/chat": "widget",
    "/v1/chat/stream": "widget",
    "/v1/chat/completions": "completions",
    "/v1/streams": "streams",
    "/healthz": "streams",
}

# What stands behind the method and the path, and the status that it gets.
HEADS = {
    "a version": (" HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    "no host": (" HTTP/1.1\r\n\r\n", 400),
    "a blank before a colon": (" HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "two lengths": (" HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a coding": (" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "a long field": (f" HTTP/1.1\r\nHost: a\r\nX: {'x' * 20_000}\r\n\r\n", 431),
    "many fields": (" HTTP/1.1\r\nHost: a\r\n" + "X: x\r\n" * 120 + "\r\n", 431),
    "a long query": (f"?{'x' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a long path": (f"/{'x' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
}


def refused(daemon, text):
    with socket.create_connection((HOST, daemon.port), timeout=PATIENCE) as connection:
        connection.sendall(text.encode())
        answer = Answer()
        while not answer.ended:
            answer.feed(connection.recv(65536))
        return answer


def shape(answer):
    body = json.loads(answer.body)
    if list(body) == ["timestamp", "status", "error", "message", "path"]:
        assert body["status"] == answer.status
        return "chats"
    if list(body) == ["data", "error"]:
        return "agents"
    if isinstance(body["error"], str):
        return "widget"
    return "completions" if "param" in body["error"] else "streams"


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("path", PATHS)
def test_a_head_is_refused_in_the_shape_of_its_path(daemon, path, head):
    rest, status = HEADS[head]
    if head == "a long path" and path in ("/chat", "/v1/chat/stream"):
        # Another path, of which the API is another's.
        return
    answer = refused(daemon, f"POST {path}{rest}")
    assert (answer.status, shape(answer)) == (status, PATHS[path])
    assert answer.header("connection") == "close" and answer.header("x-request-id")
    if shape(answer) == "chats":
        assert json.loads(answer.body)["path"].startswith(path)


@pytest.mark.parametrize("text", ["GE T", "\0\0\0\0\r\n\r\n", "POST chat HTTP/1.1\r\n\r\n"])
def test_what_has_no_path_has_the_shape_of_streams(daemon, text):
    answer = refused(daemon, text + "\r\n\r\n")
    assert (answer.status, shape(answer)) == (400, "streams")
