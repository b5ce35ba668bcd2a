"""Whatever requests do, their descriptors come back."""

import asyncio
import contextlib
import os
import pathlib
import random

from Support.processes import wait_until

from . import asking
from .events import DONE
from .wire import AsyncConnection

SETTINGS = {
    "loops": 2,
    "streams": {"whenUnread": {"completions": "cancel", "streams": "finish", "grace": "0s"}},
}
# No connection to the model is kept: those would be open, and rightly so.
UPSTREAM = {"idleConnections": 0}
# In /proc/net/tcp.
LISTENING = "0A"
REQUESTS = 500
AT_ONCE = 25
SLOW = {"text": "a b c d e f g h", "pace": "5ms"}
SCRIPTS = {
    "whole": [{"answer": "Hello there"}],
    "slow": [SLOW, {"done": True}],
    "cut": [{"text": "Hello"}, {"close": True}],
    "reset": [{"text": "Hello"}, {"reset": True}],
    "refused": [{"head": {"status": 429}}, {"json": {"error": {"message": "no"}}}],
    "garbage": [{"raw": "garbage\r\n\r\n"}],
    "silent": [{"gate": "never"}],
    "stuck": [SLOW, {"gate": "never"}],
}
# With these the answer never comes, or never ends, unless somebody leaves.
ENDLESS = {"silent", "stuck"}


def descriptors(daemon):
    """What the daemon has open, once it has no connection any more."""
    folder = f"/proc/{daemon.process.pid}/fd"

    def unconnected():
        # First: a connection that is closed between the two looks does not count.
        connected = connections()
        found = []
        for number in os.listdir(folder):
            # What was listed may have been closed by now.
            with contextlib.suppress(FileNotFoundError):
                found.append(os.readlink(f"{folder}/{number}"))
        return None if connected.intersection(found) else found

    return wait_until(unconnected, "all connections to be closed")


def connections():
    """The TCP sockets of this machine that do not listen, as /proc/PID/fd names them."""
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {f"socket:[{line[9]}]" for line in lines if line[3] != LISTENING}


class Storm:
    """Requests of all kinds, drawn from a seeded generator."""

    def __init__(self, daemon, name, seed):
        self.daemon = daemon
        self.name = name
        self.generator = random.Random(seed)

    async def run(self):
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(kind, script):
            async with gate, AsyncConnection(self.daemon.port) as connection:
                await kind(connection, script)

        kinds = [self.whole, self.broken, self.background, self.half_a_request, self.bad]
        async with asyncio.TaskGroup() as group:
            for _ in range(REQUESTS):
                [kind] = self.generator.choices(kinds, weights=[3, 3, 3, 1, 1])
                scripts = [key for key in SCRIPTS if kind != self.whole or key not in ENDLESS]
                group.create_task(one(kind, self.generator.choice(scripts)))

    def happens(self, chance):
        return self.generator.random() < chance

    def body(self, script, stream=True):
        return asking.body(f"{self.name}-{script}", stream)

    async def whole(self, connection, script):
        """Reads an answer to its end."""
        body = self.body(script, stream=self.happens(0.7))
        await connection.fetch("POST", asking.COMPLETIONS, body)

    async def broken(self, connection, script):
        """Leaves at some moment of the answer."""
        answer = await connection.ask("POST", asking.COMPLETIONS, self.body(script))
        if script != "silent" and self.happens(0.7):
            await connection.read_until(answer, lambda answer: answer.status, at_once=64)
        connection.abort()

    async def background(self, connection, script):
        """Starts a stream, reads all or some of it, and stops it or lets it be."""
        answer = await connection.fetch("POST", asking.STREAMS, self.body(script))
        path = answer.header("location")
        reading = asking.reading(path, self.generator.choice(["sse", "openai", "ndjson", "chunk"]))
        if script not in ENDLESS and self.happens(0.7):
            await connection.fetch("GET", reading)
            return
        if self.happens(0.7):
            async with AsyncConnection(connection.port) as reader:
                answer = await reader.ask("GET", reading)
                await reader.read_until(answer, lambda answer: answer.status)
        assert (await connection.fetch("DELETE", path)).status == 200

    async def half_a_request(self, connection, _):
        """Breaks off inside the request."""
        head = b"POST /v1/streams HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
        connection.writer.write(head + b"{")
        await connection.writer.drain()
        connection.abort()

    async def bad(self, connection, _):
        """Asks for what there is not."""
        assert (await connection.fetch("POST", asking.COMPLETIONS, b"{}")).status == 400
        unknown = "/v1/streams/strm_1" + "0" * 22
        assert (await connection.fetch("GET", unknown)).status == 404


def test_after_a_storm_of_requests_all_descriptors_are_back(daemon, model, name):
    for script, steps in SCRIPTS.items():
        model.script(f"{name}-{script}", steps)
    for _ in range(10):
        assert asking.complete(daemon, f"{name}-whole").status == 200
    before = descriptors(daemon)
    asyncio.run(Storm(daemon, name, seed=20).run())
    assert len(descriptors(daemon)) == len(before)
    assert asking.complete(daemon, f"{name}-whole").body.endswith(DONE)
