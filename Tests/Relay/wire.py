"""HTTP/1.1 as a client sees it, to the byte: requests as they are sent, answers as they come.

`Answer` does no I/O and is strict: whatever is not exactly one well-framed answer fails the test.
`Exchange` drives it over a blocking socket, `AsyncConnection` over asyncio streams.
"""

import asyncio
import json
import socket

from Support.processes import PATIENCE

HOST = "127.0.0.1"


def request(method, path, body=None, headers=()):
    """The bytes of a request; a body that is not bytes is sent as JSON.

    `headers` is a dictionary, or a list of pairs, in which a name may come twice.
    """
    fields = list(headers.items()) if isinstance(headers, dict) else list(headers)
    lines = [f"{method} {path} HTTP/1.1"]
    if all(name.lower() != "host" for name, _ in fields):
        lines.append("Host: localhost")
    payload = b""
    if body is not None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        if all(name.lower() != "content-type" for name, _ in fields):
            lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(payload)}")
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode() + payload


class Answer:
    """One answer, growing with `feed`."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.body = bytearray()
        # The sizes of the chunks, in order: how the sender cut its body.
        self.chunks = []
        self.ended = False
        self._input = bytearray()
        self._remaining = 0
        self._state = self._read_head

    def feed(self, data):
        """Takes the next bytes from the connection; there must be none behind the end."""
        self._input += data
        while not self.ended and self._state():
            pass
        assert not (self.ended and self._input), f"bytes behind the answer: {self._input!r}"

    def header(self, name):
        """The value of a field that must not come twice; None without it."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, self.headers
        return values[0] if values else None

    def json(self):
        assert self.header("content-type") == "application/json", self.headers
        return json.loads(self.body)

    @property
    def stream_path(self):
        """Where Streams serves this answer."""
        return f"/v1/streams/{self.header('x-stream-id')}"

    def _part(self, end):
        """What stands before `end`, taken off the input; None as long as it is not there."""
        length = self._input.find(end)
        if length < 0:
            return None
        part = bytes(self._input[:length])
        del self._input[: length + len(end)]
        return part

    def _read_head(self):
        head = self._part(b"\r\n\r\n")
        if head is None:
            return False
        first, *lines = head.decode("ascii").split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1", first
        self.status = int(status)
        self.headers = [
            (name.lower(), value.strip())
            for name, value in (line.split(":", 1) for line in lines)
        ]
        length = self.header("content-length")
        if self.header("transfer-encoding"):
            assert length is None, self.headers
            assert self.header("transfer-encoding") == "chunked", self.headers
            self._state = self._read_chunk_size
        elif self.status == 204:
            assert length is None, self.headers
            self.ended = True
        elif length is None and self.header("content-type").startswith("text/event-stream"):
            # The end of the connection is its end (RFC 9112, section 6.3), and not to be seen here.
            assert self.header("connection") == "close", self.headers
            self._state = self._read_rest
        else:
            assert length is not None, f"an answer without an end: {head!r}"
            self._remaining = int(length)
            self._state = self._read_length
            self.ended = self._remaining == 0
        return True

    def _take(self):
        taken = self._input[: self._remaining]
        del self._input[: self._remaining]
        self.body += taken
        self._remaining -= len(taken)
        return self._remaining == 0

    def _read_length(self):
        self.ended = self._take()
        return False

    def _read_rest(self):
        self.body += self._input
        self._input.clear()
        return False

    def _read_chunk_size(self):
        line = self._part(b"\r\n")
        if line is None:
            return False
        self._remaining = int(line, 16)
        if self._remaining:
            self.chunks.append(self._remaining)
            self._state = self._read_chunk
        else:
            self._state = self._read_last_line
        return True

    def _read_chunk(self):
        if not self._take() or len(self._input) < 2:
            return False
        assert self._input[:2] == b"\r\n", f"a chunk without its end: {self._input[:20]!r}"
        del self._input[:2]
        self._state = self._read_chunk_size
        return True

    def _read_last_line(self):
        line = self._part(b"\r\n")
        if line is None:
            return False
        assert line == b"", f"a trailer: {line!r}"
        self.ended = True
        return False


class Exchange:
    """A request on a blocking connection of its own, and its answer."""

    def __init__(self, port, method, path, body=None, headers=()):
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.answer = Answer()
        self.socket.sendall(request(method, path, body, headers))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def read_until(self, condition):
        """Reads until `condition(answer)` holds; the answer must not end before."""
        while not condition(self.answer):
            assert not self.answer.ended, f"the answer ended: {bytes(self.answer.body)!r}"
            part = self.socket.recv(65536)
            assert part, f"the connection ended: {bytes(self.answer.body)!r}"
            self.answer.feed(part)
        return self.answer

    def head(self):
        return self.read_until(lambda answer: answer.status is not None)

    def read_body(self, mark):
        """Reads until the body holds `mark`."""
        return self.read_until(lambda answer: mark in answer.body)

    def whole(self):
        return self.read_until(lambda answer: answer.ended)


def fetch(port, method, path, body=None, headers=()):
    """The whole answer to one request."""
    with Exchange(port, method, path, body, headers) as exchange:
        return exchange.whole()


class AsyncConnection:
    """A kept-alive connection in asyncio: one request after the other."""

    def __init__(self, port, **limits):
        self.port = port
        self.limits = limits
        self.reader = self.writer = None

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(HOST, self.port, **self.limits)
        return self

    async def __aexit__(self, *_):
        self.abort()

    def abort(self):
        """Breaks the connection off, whatever is under way."""
        self.writer.transport.abort()

    async def ask(self, method, path, body=None, headers=()):
        """Sends a request; its answer is to be read with `read_until` or `whole`."""
        self.writer.write(request(method, path, body, headers))
        await self.writer.drain()
        return Answer()

    async def read_until(self, answer, condition, at_once=65536):
        while not condition(answer):
            assert not answer.ended, f"the answer ended: {bytes(answer.body)!r}"
            async with asyncio.timeout(PATIENCE):
                part = await self.reader.read(at_once)
            assert part, f"the connection ended: {bytes(answer.body)!r}"
            answer.feed(part)
        return answer

    async def fetch(self, method, path, body=None, headers=()):
        answer = await self.ask(method, path, body, headers)
        return await self.read_until(answer, lambda answer: answer.ended)
