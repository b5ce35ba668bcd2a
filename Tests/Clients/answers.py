"""Pieces of a model's answer: as a script's steps, and as bytes on the wire."""

import json


def chunk(delta=None, finish=None, **more):
    """A `chat.completion.chunk` as a script's event; `more` are further members of it."""
    return {
        "event": {
            "id": "chatcmpl-test",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": "test",
            "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
            **more,
        }
    }


def frame(event):
    """The bytes of a script's event on the wire."""
    text = json.dumps(event["event"], separators=(",", ":"), ensure_ascii=False)
    return f"data: {text}\n\n".encode()


DONE = b"data: [DONE]\n\n"
