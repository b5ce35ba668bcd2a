"""A client that claims to be a million: by the word of a proxy of ours, and by its own."""

import asyncio
import multiprocessing
import socket
import time

import pytest
from Relay import asking
from Relay.wire import HOST, request

from .weather import Prober, await_calm, gauges, memory, size, tell

COUNT = size(60_000, 1_000_000)
# Known at one time: fewer than there are.
KNOWN = size(10_000, 100_000)
SETTINGS = {
    "loops": 2,
    "rates": {
        "addresses": KNOWN,
        "subscriptions": {"requests": 10, "per": "1h"},
        "completions": {"requests": 100_000, "per": "1h"},
    },
}
UPSTREAM = {"idleConnections": 0}
# A million a minute, in batches.
RATE = 1_000_000 / 60
BATCH = 100


def address(number):
    return f"{number >> 24 & 127 | 1}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Flood:
    """Requests of many addresses, in batches on one connection; how many answers there were of each
    status."""

    def __init__(self, port, count):
        self.port, self.count = port, count
        self.statuses = {}

    @classmethod
    def begin(cls, port, count):
        """In a process of its own, beside which clients measure; its `recv` gives the statuses."""
        here, there = multiprocessing.Pipe()

        def flood():
            flood = cls(port, count)
            flood.run()
            there.send(flood.statuses)

        process = multiprocessing.get_context("fork").Process(target=flood)
        process.start()
        return process, here

    def run(self):
        get = request("GET", "/v1/streams/strm_none", headers={"X-Forwarded-For": "#"})
        head, tail = get.split(b"#")
        with socket.create_connection((HOST, self.port), timeout=30) as connection:
            began = time.monotonic()
            for start in range(0, self.count, BATCH):
                # Neither faster, nor later than it can.
                time.sleep(max(0, began + start / RATE - time.monotonic()))
                numbers = range(start, min(start + BATCH, self.count))
                connection.sendall(
                    b"".join(head + address(n).encode() + tail for n in numbers)
                )
                self._read(connection, len(numbers))

    def _read(self, connection, count):
        rest = b""
        while count:
            data = connection.recv(1 << 18)
            assert data, "the daemon left"
            lines = (rest + data).split(b"HTTP/1.1 ")
            # A status that is cut belongs to the next read.
            whole = lines[:-1] if len(lines[-1]) < 3 else lines
            rest = b"" if whole is lines else b"HTTP/1.1 " + lines[-1]
            if whole is lines:
                cut = data[-8:]
                tail = next((n for n in range(8, 0, -1) if b"HTTP/1.1 ".startswith(cut[-n:])), 0)
                rest = data[-tail:] if tail else b""
            for line in whole[1:]:
                self.statuses[line[:3]] = self.statuses.get(line[:3], 0) + 1
                count -= 1


def test_a_million_addresses_take_no_more_room_than_was_set(daemon, model, name):
    model.script(name, [{"answer": "Hello there"}])
    prober = Prober(daemon, name)
    asyncio.run(prober.run(size(30, 500), 0.01))
    quiet = prober.take()
    before, resident = gauges(daemon), memory(daemon)
    started = time.monotonic()
    process, pipe = Flood.begin(daemon.port, COUNT)
    while process.is_alive():
        asyncio.run(prober.run(10, 0.01))
    process.join()
    duration = time.monotonic() - started
    statuses, busy = pipe.recv(), prober.take()
    assert sum(statuses.values()) == COUNT and set(statuses) <= {b"404", b"429"}
    # Each of those that are known is let in, the others as if there were 1,024 of them.
    assert KNOWN <= statuses[b"404"] <= KNOWN + 1024 * 10
    metrics = daemon.metrics()
    assert KNOWN <= metrics["deltad_rate_addresses"] <= KNOWN + 5
    grown = metrics["process_resident_memory_bytes"] - resident
    # 100 bytes for each that is known, twice while a table grows, and the heap's own ways.
    assert grown < KNOWN * 300 + (16 << 20), f"{grown >> 20} MiB more"
    await_calm(daemon, before)
    tell(
        f"{COUNT:,} addresses in {duration:.1f} s: resident {resident >> 20} -> "
        f"{(resident + grown) >> 20} MiB, {metrics['deltad_rate_addresses']:,} known; "
        f"first event {quiet:.1f} ms before, {busy:.1f} ms meanwhile (medians)"
    )


def test_who_was_known_before_keeps_what_is_left(daemon, model, name):
    """A flood cannot make the daemon forget what an address has used."""
    fields = {"X-Forwarded-For": "203.0.113.200"}

    def status():
        return asking.read(daemon, "/v1/streams/strm_none", headers=fields).status

    while status() == 404:
        pass
    Flood(daemon.port, size(3_000, 50_000)).run()
    assert status() == 429


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_who_is_no_proxy_is_one_address_whatever_it_claims(start, model, name, header):
    daemon = start({**SETTINGS, "trustedProxies": [], "clientField": header}, UPSTREAM)
    statuses = []
    for number in range(30):
        claim = f"for={address(number)}" if header == "Forwarded" else address(number)
        path = "/v1/streams/strm_none"
        statuses.append(asking.read(daemon, path, headers={header: claim}).status)
    assert statuses == [404] * 10 + [429] * 20
    assert daemon.metrics()["deltad_rate_addresses"] == 1
