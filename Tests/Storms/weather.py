"""What storms have in common: their size, clients that go on meanwhile, and calm afterwards."""

import asyncio
import os
import statistics
import time

from Relay import asking
from Relay.wire import HOST, Answer, AsyncConnection, request

FULL = os.environ.get("STORM") == "full"


def size(suite, full):
    return full if FULL else suite


def tell(text):
    """What was measured, where it is asked for."""
    if FULL:
        print(f"\n  {text}", end="", flush=True)


# What must be as before when a storm is over. Each is a number of things that are under way.
GAUGES = [
    "deltad_connections",
    "deltad_generations_running",
    "deltad_generations_queued",
    "deltad_subscribers",
    "deltad_upstream_transfers",
    "deltad_expectations",
    "deltad_address_slots",
    "deltad_key_slots",
    "deltad_timers",
    "deltad_watched_descriptors",
    "process_open_fds",
]


def gauges(daemon):
    metrics = daemon.metrics()
    return {name: metrics[name] for name in GAUGES}


def await_calm(daemon, before):
    """Waits until every gauge is what it was."""
    last = {}

    def is_calm():
        last.clear()
        last.update(gauges(daemon))
        return last == before

    try:
        asking.wait_until(is_calm, "calm")
    except AssertionError:
        assert last == before, "something was left behind"


def memory(daemon):
    """Resident bytes."""
    return daemon.metrics()["process_resident_memory_bytes"]


class Prober:
    """An ordinary client, from an address of its own, that asks again and again: how long it takes
    until the first event, in milliseconds."""

    def __init__(self, daemon, model_name, address="198.51.100.7"):
        self.daemon, self.model = daemon, model_name
        self.fields = {"X-Forwarded-For": address}
        self.times = []

    async def ask(self):
        post = request("POST", asking.COMPLETIONS, asking.body(self.model), self.fields)
        started = time.monotonic()
        reader, writer = await asyncio.open_connection(HOST, self.daemon.port)
        try:
            writer.write(post)
            answer = Answer()
            while not answer.ended:
                async with asyncio.timeout(20):
                    part = await reader.read(65536)
                assert part, "the connection ended"
                answer.feed(part)
                if len(answer.chunks) and self._isFirst:
                    self._isFirst = False
                    self.times.append(1000 * (time.monotonic() - started))
        finally:
            writer.transport.abort()
        assert answer.status == 200, bytes(answer.body)

    async def run(self, count, pause=0.0):
        for _ in range(count):
            self._isFirst = True
            await self.ask()
            await asyncio.sleep(pause)

    def take(self):
        """The median of the times since the last time."""
        times, self.times = self.times, []
        return statistics.median(times)


async def fetch(daemon, *args):
    async with AsyncConnection(daemon.port) as connection:
        return await connection.fetch(*args)
