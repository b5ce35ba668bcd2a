"""An upstream that is cut, at every byte of its answer: what came is kept, and nobody takes it for
the whole."""

import asyncio
import base64
import json
import socket
from typing import NamedTuple

import pytest

from . import asking
from .events import DONE, blocks, error_of, stream_events
from .wire import AsyncConnection, request

WORKERS = 16
STEPS = [
    {"role": True},
    {"text": "Hé 😀", "tokens": 2},
    {"finish": "stop"},
    {"usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}},
    {"done": True},
]


def recorded(model, name, framing):
    """Every byte of the model's answer, head and framing included."""
    model.script(name, [{"head": {"framing": framing}}, *STEPS])
    bytes_sent = request("POST", asking.COMPLETIONS, asking.body(name), {"Connection": "close"})
    whole = b""
    with socket.create_connection(("127.0.0.1", model.port), timeout=10) as connection:
        connection.sendall(bytes_sent)
        while part := connection.recv(65536):
            whole += part
    assert whole.startswith(b"HTTP/1.1 200 ") and DONE in whole
    return whole


def content(answer):
    """The body bytes in a piece of an answer, without the framing; None inside the head."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return None
    if b"chunked" not in head.lower():
        return body
    text = b""
    while body:
        size, found, body = body.partition(b"\r\n")
        if not found or not int(size, 16):
            break
        text += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return text


class Delivered(NamedTuple):
    """What is complete in a piece of an answer."""

    chunks: list
    texts: list
    # None, or with the reason of the finish and the usage as far as it came.
    finish: dict | None


def delivered(answer):
    chunks, texts, finish = [], [], None
    *whole, _ = (content(answer) or b"").split(b"\n\n")
    for block in whole:
        if block + b"\n\n" == DONE:
            break
        chunks.append(block)
        chunk = json.loads(block.removeprefix(b"data: "))
        if usage := chunk.get("usage"):
            kinds = ("prompt", "completion", "total")
            finish["usage"] = {f"{kind}Tokens": usage[f"{kind}_tokens"] for kind in kinds}
        for choice in chunk["choices"]:
            if text := choice["delta"].get("content"):
                texts.append(text)
            if reason := choice["finish_reason"]:
                finish = {"finishReason": reason, "usage": None}
    return Delivered(chunks, texts, finish)


def check_completion(answer, expected):
    if not expected.chunks:
        assert answer.status == 502
        assert answer.json()["error"]["code"] == "upstream_error"
        return
    assert answer.status == 200
    got = blocks(answer.body)
    assert got[: len(expected.chunks)] == expected.chunks
    (terminal,) = got[len(expected.chunks) :]
    if expected.finish:
        assert terminal + b"\n\n" == DONE
    else:
        assert error_of(answer.body)["code"] == "upstream_error"


def check_stream(answer, expected):
    *events, terminal = stream_events(answer.body)
    assert [event.data for event in events] == [{"text": text} for text in expected.texts]
    assert all(event.name is None for event in events)
    assert terminal.id == len(expected.chunks) + 1
    if expected.finish:
        assert (terminal.name, terminal.data) == ("done", expected.finish)
    else:
        assert (terminal.name, terminal.data["code"]) == ("error", "upstream_error")


async def cut_at(position, whole, name, model, client):
    """Asks for the first bytes of an answer, and reads it in both wire formats."""
    piece = whole[:position]
    script = {"steps": [{"base64": base64.b64encode(piece).decode()}, {"close": True}]}
    path = f"/control/scripts/{name}-{position}"
    assert (await model.fetch("PUT", path, {"attempts": [script]})).status == 200
    expected = delivered(piece)
    body = asking.body(f"{name}-{position}", stream_options={"include_usage": True})
    try:
        answer = await client.fetch("POST", asking.COMPLETIONS, body)
        check_completion(answer, expected)
        check_stream(await client.fetch("GET", asking.reading(answer.stream_path)), expected)
    except AssertionError as error:
        raise AssertionError(f"cut at {position}, behind {piece[-60:]!r}: {error}") from error


async def cut_everywhere(whole, name, model, daemon):
    positions = iter(range(len(whole) + 1))

    async def work():
        async with AsyncConnection(model.port) as control, AsyncConnection(daemon.port) as client:
            for position in positions:
                await cut_at(position, whole, name, control, client)

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work())


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_what_came_is_kept_and_an_error_ends_it(daemon, model, name, framing):
    whole = recorded(model, name, framing)
    complete = delivered(whole)
    assert (len(complete.chunks), "".join(complete.texts)) == (5, "Hé 😀")
    asyncio.run(cut_everywhere(whole, name, model, daemon))
