"""Everything at once, and nothing is left behind: no slot, timer, descriptor or reader."""

import asyncio
import contextlib
import random

import pytest
from Relay import asking
from Relay.wire import HOST, Answer, fetch, request

from .weather import await_calm, gauges, size, tell

CLIENTS = size(60, 200)
ACTS = size(12, 60)
SCRIPTS = {
    "whole": [{"answer": "Hello there, how do you do", "pace": "2ms"}],
    "cut": [{"text": "Hello there"}, {"close": True}],
    "reset": [{"text": "Hello there"}, {"sleep": "2ms"}, {"reset": True}],
    "refused": [{"head": {"status": 503}}, {"json": {"error": {"message": "no"}}}],
    "throttled": [{"head": {"status": 429, "headers": {"retry-after-ms": "5"}}}],
    "stalled": [{"text": "Hello"}, {"sleep": "30s"}],
    "silent": [{"sleep": "30s"}],
    "wrong": [{"head": {"headers": {"Content-Type": "text/html"}}}, {"sse": "<p>no</p>"}],
    "error": [{"text": "Hello"}, {"event": {"error": {"message": "x", "type": "server_error"}}}],
}
GARBAGE = [
    b"GET / HTTP/9.9\r\n\r\n",
    b"\0\1\2\3",
    b"POST /v1/streams HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: text/x\r\n\r\nhi",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HT",
]


def settings(model, name):
    timeouts = {"firstEvent": "200ms", "idle": "200ms", "total": "5s"}
    upstream = {
        "kind": "openai",
        "baseURL": model.base_url,
        "timeouts": timeouts,
        "idleConnections": 0,
        "retry": {"retries": 1, "base": "5ms", "cap": "10ms"},
        "continuation": "prefill",
    }
    return {
        "loops": 2,
        "proxyProtocol": ["127.0.0.1:0"],
        "upstreams": [{"name": n, **upstream} for n in ("first", "second")],
        "models": [{"id": "*", "upstream": "first", "fallbacks": ["second"]}],
        "agents": [{"id": "agent_a", "slug": "a", "name": "A", "model": f"{name}-whole"}],
        "limits": {"generations": 30, "queuedGenerations": 20, "streamsPerClient": 20},
        "timeouts": {"queue": "300ms", "stall": "1s"},
        "rates": {"completions": {"requests": 1_000, "per": "1s"}, "agents": {"requests": 0}},
        "streams": {"whenUnread": {"grace": "10ms"}, "retention": "1s"},
        "conversations": {"waiting": 3, "patience": "200ms"},
    }


class Actor:
    """A client that does something else each time, and often leaves in the middle of it."""

    def __init__(self, daemon, name, seed):
        self.daemon, self.name = daemon, name
        self.random = random.Random(seed)
        self.statuses = {}
        self.path = None

    async def run(self):
        for _ in range(ACTS):
            with contextlib.suppress(ConnectionError, TimeoutError):
                acts = [self.complete, self.complete, self.stream, self.agent]
                await self.random.choice([*acts, self.spoil, self.proxied])()

    def model(self):
        return f"{self.name}-{self.random.choice(list(SCRIPTS))}"

    def fields(self):
        return {"X-Forwarded-For": f"10.0.0.{self.random.randrange(8)}"}

    async def complete(self):
        body = asking.body(self.model(), self.random.random() < 0.7)
        await self.ask(request("POST", asking.COMPLETIONS, body, self.fields()))

    async def stream(self):
        answer = await self.ask(
            request("POST", asking.STREAMS, asking.body(self.model()), self.fields()), False
        )
        path = answer.header("location") if answer else None
        if not path:
            return
        form = self.random.choice(["sse", "ndjson", "openai", "chunk", "json"])
        await self.ask(request("GET", asking.reading(path, form), headers=self.fields()))
        if self.random.random() < 0.5:
            await self.ask(request("DELETE", path))

    async def agent(self):
        body = {"message": "Hello", "stream": self.random.random() < 0.5}
        await self.ask(request("POST", "/v1/api/chat/a", body, self.fields()))

    async def spoil(self):
        await self.ask(self.random.choice(GARBAGE))

    async def proxied(self):
        header = self.random.choice([b"PROXY TCP4 10.1.1.1 10.1.1.2 1 2\r\n", b"PROXY x\r\n", b"P"])
        port = int(self.daemon.addresses[1].rsplit(":", 1)[1])
        post = request("POST", asking.COMPLETIONS, asking.body(self.model()))
        await self.ask(header + post, port=port)

    async def ask(self, data, may_leave=True, port=None):
        """The answer, or None when it was left before its end."""
        reader, writer = await asyncio.open_connection(HOST, port or self.daemon.port)
        leaves = may_leave and self.random.random() < 0.4
        answer = Answer()
        try:
            writer.write(data)
            async with asyncio.timeout(self.random.random() * 0.1 if leaves else 3):
                while not answer.ended:
                    part = await reader.read(65536)
                    if not part:
                        return None
                    answer.feed(part)
        finally:
            if answer.status:
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            writer.transport.abort()
        return answer


@pytest.mark.parametrize("seed", range(size(2, 5)))
def test_when_the_storm_is_over_every_gauge_is_what_it_was(start, model, name, seed):
    daemon = start(settings(model, name))
    for script, steps in SCRIPTS.items():
        model.script(f"{name}-{script}", steps)
    before = gauges(daemon)
    actors = [Actor(daemon, name, 1000 * seed + number) for number in range(CLIENTS)]

    async def storm():
        await asyncio.gather(*(actor.run() for actor in actors))

    asyncio.run(storm())
    await_calm(daemon, before)
    statuses = {}
    for actor in actors:
        for status, count in actor.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    assert {200, 202, 400, 429, 503} <= set(statuses), statuses
    # No place and no turn is held any more: the next request of each kind is served.
    assert asking.complete(daemon, f"{name}-whole").status == 200
    assert fetch(daemon.port, "POST", "/v1/api/chat/a", {"message": "Hello"}).status == 200
    tell(f"{CLIENTS * ACTS:,} acts of {CLIENTS} clients: {dict(sorted(statuses.items()))}; calm")
