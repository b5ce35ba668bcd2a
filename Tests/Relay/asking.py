"""Requests of the two APIs, as tests put them."""

from Support.processes import wait_until

from .wire import Exchange, fetch

__all__ = ["wait_until"]
COMPLETIONS = "/v1/chat/completions"
STREAMS = "/v1/streams"
MESSAGES = [{"role": "user", "content": "Hello"}]


def body(model, stream=True, **fields):
    return {"model": model, "stream": stream, "messages": MESSAGES, **fields}


def complete(daemon, model, stream=True, **fields):
    """The whole answer to a chat completion request."""
    return fetch(daemon.port, "POST", COMPLETIONS, body(model, stream, **fields))


def open_completion(daemon, model, stream=True, **fields):
    return Exchange(daemon.port, "POST", COMPLETIONS, body(model, stream, **fields))


def start_stream(daemon, model, **fields):
    """Starts a generation in the background; the path under which it is read."""
    answer = fetch(daemon.port, "POST", STREAMS, body(model, **fields))
    assert answer.status == 202, bytes(answer.body)
    return answer.header("location")


def read(daemon, path, form="sse", headers=(), after=None):
    """The whole of a stream in one wire format."""
    return fetch(daemon.port, "GET", reading(path, form, after), headers=headers)


def open_read(daemon, path, form="sse", headers=(), after=None):
    return Exchange(daemon.port, "GET", reading(path, form, after), headers=headers)


def reading(path, form="sse", after=None):
    return f"{path}?format={form}" + ("" if after is None else f"&after={after}")


def snapshot(daemon, path):
    answer = read(daemon, path, "json")
    assert answer.status == 200, bytes(answer.body)
    return answer.json()
