"""The event streams that the daemon writes, read strictly: as they must be, not as they may be."""

import json
from typing import NamedTuple

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"
RETRY = b"retry: 1000\n\n"


class Event(NamedTuple):
    """An event of the Streams format."""

    id: int
    name: str | None
    data: dict


def blocks(body):
    """What stands between blank lines; the last one must be whole."""
    *whole, rest = bytes(body).split(b"\n\n")
    assert rest == b"", f"an event without its end: {rest!r}"
    return whole


def payloads(body):
    """The JSON texts of a Completions stream, `[DONE]` included; several lines are joined."""
    found = []
    for block in blocks(body):
        lines = block.split(b"\n")
        assert all(line.startswith(b"data: ") for line in lines), block
        found.append(b"\n".join(line[len(b"data: ") :] for line in lines))
    return found


def stream_events(body):
    """The events of a Streams answer, heartbeats left out."""
    body = bytes(body)
    assert body.startswith(RETRY), body[:100]
    found = []
    for block in blocks(body[len(RETRY) :]):
        if block + b"\n\n" == PING:
            continue
        lines = block.decode().split("\n")
        identifier, data = lines[0], lines[-1]
        assert identifier.startswith("id: ") and data.startswith("data: "), block
        name = None
        if len(lines) == 3:
            assert lines[1].startswith("event: "), block
            name = lines[1][len("event: ") :]
        else:
            assert len(lines) == 2, block
        found.append(Event(int(identifier[4:]), name, json.loads(data[len("data: ") :])))
    return found


def error_of(body):
    """The terminal error of a Completions stream: the last event, an error in OpenAI's shape."""
    error = json.loads(payloads(body)[-1])["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    return error
