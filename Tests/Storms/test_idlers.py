"""Clients that cost room and give nothing: idle connections, slow requests, readers that never
read. Others are served as before meanwhile."""

import asyncio
import contextlib
import socket

import pytest
from Relay import asking
from Relay.wire import HOST, request

from .weather import Prober, await_calm, gauges, memory, size, tell

COUNT = size(800, 10_000)
READERS = size(200, 2_000)
SETTINGS = {
    "loops": 2,
    "limits": {"connections": COUNT + 3_000},
    "timeouts": {"head": "10m", "body": "10m", "keepAlive": "10m", "stall": "10m"},
}
UPSTREAM = {"idleConnections": 0}
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: relay.test\r\nX-Slow: "
BODY = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: relay.test\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{"
)
KINDS = {"idle": b"", "slow heads": HEAD, "slow bodies": BODY}


def connect(port):
    connection = socket.create_connection((HOST, port), timeout=30)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return connection


async def dribble(connections):
    """A byte on each now and then, as long as it is not cancelled."""
    while True:
        for connection in connections:
            connection.send(b"x")
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_connections_that_ask_nothing_cost_little(daemon, model, name, kind):
    model.script(name, [{"answer": "Hello there"}])
    prober = Prober(daemon, name)
    asyncio.run(prober.run(size(30, 300)))
    quiet = prober.take()
    before, resident = gauges(daemon), memory(daemon)
    connections = []
    for number in range(COUNT):
        # Of several addresses: each has only so many ports.
        connections.append(connect(daemon.port))
        if KINDS[kind]:
            connections[-1].sendall(KINDS[kind])
    asking.wait_until(
        lambda: daemon.metrics()["deltad_connections"] >= COUNT, "all of them", patience=30
    )

    async def meanwhile():
        slow = asyncio.create_task(dribble(connections if KINDS[kind] else []))
        await prober.run(size(30, 300))
        slow.cancel()

    asyncio.run(meanwhile())
    busy, grown = prober.take(), memory(daemon) - resident
    # A connection is an object of a kilobyte or so, and a request as far as it has come.
    assert grown < COUNT * 8192 + (16 << 20), f"{grown / COUNT:.0f} bytes each"
    for connection in connections:
        connection.close()
    await_calm(daemon, before)
    tell(
        f"{COUNT:,} {kind}: resident {resident >> 20} -> {(resident + grown) >> 20} MiB, "
        f"first event {quiet:.1f} ms before, {busy:.1f} ms meanwhile (medians)"
    )


def test_one_more_connection_than_there_may_be_is_told_so(start, model, name):
    daemon = start({**SETTINGS, "limits": {"connections": 50}}, UPSTREAM)
    model.script(name, [{"answer": "Hello"}])
    with contextlib.ExitStack() as stack:
        def status(connection):
            connection.sendall(request("GET", "/healthz"))
            return connection.recv(65536).split()[1]

        # Each is in when it has been answered: another might take its place until then.
        held = [stack.enter_context(connect(daemon.port)) for _ in range(50)]
        assert {status(connection) for connection in held} == {b"200"}
        for _ in range(20):
            with connect(daemon.port) as one_more:
                assert status(one_more) == b"503"
    assert asking.wait_until(
        lambda: asking.complete(daemon, name).status == 200, "room for an ordinary client"
    )
    assert daemon.metrics()['deltad_refused_connections_total{reason="limit"}'] >= 20


def test_readers_that_never_read_cost_an_offset_each(daemon, model, name):
    """Their lag is in the log, once for all of them, and in a short kernel buffer."""
    words = 3_000
    model.script(name, [{"text": ("x" * 400 + " ") * words}, {"done": True}])
    quick = name + "-quick"
    model.script(quick, [{"answer": "Hello there"}])
    prober = Prober(daemon, quick)
    asyncio.run(prober.run(size(30, 300)))
    quiet = prober.take()
    before, resident = gauges(daemon), memory(daemon)
    path = asking.start_stream(daemon, name)
    readers = [connect(daemon.port) for _ in range(READERS)]
    for reader in readers:
        reader.sendall(request("GET", asking.reading(path)))
    assert asking.read(daemon, path).body.count(b"data: ") == words + 2
    asyncio.run(prober.run(size(30, 300)))
    busy, grown = prober.take(), memory(daemon) - resident
    # The log in two formats, and the connections: not a copy for each.
    assert grown < 3 * words * 600 + READERS * 8192 + (16 << 20), f"{grown >> 20} MiB more"
    for reader in readers:
        reader.close()
    await_calm(daemon, before)
    tell(
        f"{READERS:,} readers that never read 1.2 MB: resident {resident >> 20} -> "
        f"{(resident + grown) >> 20} MiB, "
        f"first event {quiet:.1f} ms before, {busy:.1f} ms meanwhile (medians)"
    )
