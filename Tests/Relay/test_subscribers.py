"""A thousand subscribers of one stream: each that reads gets every event exactly once, in order."""

import asyncio
import random
import resource
import socket

from . import asking
from .events import RETRY, Event, stream_events
from .wire import HOST, Answer, fetch, request

SETTINGS = {"loops": 2, "timeouts": {"stall": "3s"}}
EVENTS = 300
# The last events wait until the reader that is stuck has been closed.
BEFORE_GATE = 250
FROM_THE_START, LATE, BREAKING = 400, 200, 400
BREAKS = 3
# An event is large enough for all of them to be more than a small socket's buffers take.
PADDING = "." * 400
PATIENCE = 40


def numbered(number):
    choice = {"index": 0, "delta": {"content": f"n={number:04} {PADDING}"}}
    return [{"event": {"choices": [choice]}}, {"sleep": "10ms"}]


def script(name):
    steps = [step for number in range(EVENTS) for step in numbered(number)]
    end = [{"finish": "stop"}, {"done": True}]
    start, rest = steps[: 2 * BEFORE_GATE], steps[2 * BEFORE_GATE :]
    return [{"gate": f"{name}-start"}, *start, {"gate": f"{name}-rest"}, *rest, *end]


EXPECTED = [Event(n + 1, None, {"text": f"n={n:04} {PADDING}"}) for n in range(EVENTS)]
EXPECTED.append(Event(EVENTS + 2, "done", {"finishReason": "stop", "usage": None}))


class Reading(asyncio.Protocol):
    """One connection that reads; `ended` is set when the answer or the connection has ended."""

    def __init__(self, limit=None, whenever=None):
        self.answer = Answer()
        # With so many events the reader breaks off; what may have come behind them is lost.
        self.limit = limit
        # Called when something has come, with how many chunks there are.
        self.whenever = whenever
        self.ended = asyncio.get_running_loop().create_future()
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        try:
            self.answer.feed(data)
        except AssertionError as error:
            self._end(error)
            return
        if self.whenever:
            self.whenever(len(self.answer.chunks))
        if self.limit is not None and len(self.answer.chunks) > self.limit:
            self.transport.abort()
            self._end()
        elif self.answer.ended:
            self._end()

    def connection_lost(self, error):
        self._end()

    def _end(self, error=None):
        if not self.ended.done():
            self.ended.set_exception(error) if error else self.ended.set_result(None)

    def events(self):
        """The events that have come whole."""
        body = bytes(self.answer.body)
        events = stream_events(body[: body.rfind(b"\n\n") + 2]) if body else []
        return events[: self.limit]


class Subscriber:
    """A reader of the stream, over as many connections as it takes."""

    def __init__(self, daemon, path):
        self.port = daemon.port
        self.path = path
        self.events = []
        self.connections = 0

    @property
    def last(self):
        return self.events[-1].id if self.events else 0

    @property
    def has_all(self):
        return bool(self.events) and self.events[-1].name == "done"

    async def read(self, limit=None):
        """Reads from where it is, to the end or until `limit` events have come."""
        reading = await self.connect(limit)
        await reading.ended
        reading.transport.abort()
        self.take(reading)

    async def connect(self, limit=None, whenever=None):
        loop = asyncio.get_running_loop()
        _, reading = await loop.create_connection(
            lambda: Reading(limit, whenever), HOST, self.port
        )
        headers = {"Last-Event-ID": self.last} if self.events else {}
        reading.transport.write(request("GET", asking.reading(self.path), headers=headers))
        self.connections += 1
        return reading

    def take(self, reading):
        assert reading.answer.status in (None, 200), reading.answer.status
        self.events += reading.events()


async def from_the_start(subscriber):
    await subscriber.read()


async def late(subscriber, leader, after):
    """Comes when the leader has had so many events."""
    await leader.reached(after)
    await subscriber.read()


async def breaking(subscriber, generator):
    """Breaks off some times, at whatever place, and comes back."""
    for _ in range(BREAKS):
        await subscriber.read(limit=generator.randrange(1, EVENTS // BREAKS))
    await subscriber.read()


async def byte_by_byte(subscriber):
    """Takes a byte a second for a while, and then all."""
    reading = await subscriber.connect()
    reading.transport.pause_reading()
    with reading.transport.get_extra_info("socket").dup() as raw:
        for _ in range(3):
            await asyncio.sleep(1)
            reading.data_received(await asyncio.get_running_loop().sock_recv(raw, 1))
    reading.transport.resume_reading()
    await reading.ended
    reading.transport.abort()
    subscriber.take(reading)
    # Who is too slow may be closed, and comes back.
    while not subscriber.has_all:
        await subscriber.read()


class Leader:
    """Reads from the start, so that others can come when it has had so many events."""

    def __init__(self, subscriber):
        self.subscriber = subscriber
        self.had = 0
        self.waiting = {}

    async def run(self):
        reading = await self.subscriber.connect(whenever=self._wake)
        await reading.ended
        reading.transport.abort()
        self.subscriber.take(reading)

    def _wake(self, had):
        self.had = had
        for after in [after for after in self.waiting if after <= had]:
            self.waiting.pop(after).set()

    async def reached(self, count):
        if self.had < count:
            await self.waiting.setdefault(count, asyncio.Event()).wait()


def never_reading(daemon, path):
    """A connection whose buffers are small and which nobody reads."""
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect((HOST, daemon.port))
    stuck.sendall(request("GET", asking.reading(path)))
    return stuck


async def crowd(daemon, model, name, path):
    generator = random.Random(7)
    subscribers = [Subscriber(daemon, path) for _ in range(FROM_THE_START + LATE + BREAKING + 2)]
    unused = iter(subscribers)
    leader = Leader(next(unused))
    slow = next(unused)
    work = [leader.run(), byte_by_byte(slow)]
    work += [from_the_start(next(unused)) for _ in range(FROM_THE_START)]
    work += [late(next(unused), leader, 1 + n % (BEFORE_GATE - 1)) for n in range(LATE)]
    work += [breaking(next(unused), generator) for _ in range(BREAKING)]

    async def conduct():
        while readers(daemon, path) < FROM_THE_START:
            await asyncio.sleep(0.01)
        model.open(f"{name}-start")
        await asyncio.to_thread(daemon.wait_for_log, "api=streams .*end=stalled")
        # The others have gone on to the gate.
        await leader.reached(BEFORE_GATE)
        model.open(f"{name}-rest")

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for task in [*work, conduct()]:
            group.create_task(task)
    return subscribers


def readers(daemon, path):
    return asking.snapshot(daemon, path)["subscribers"]


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def test_each_that_reads_gets_every_event_once_and_the_stuck_one_is_closed(daemon, model, name):
    raise_descriptor_limit()
    model.script(name, script(name))
    path = asking.start_stream(daemon, name)
    with never_reading(daemon, path) as stuck:
        subscribers = asyncio.run(crowd(daemon, model, name, path))
        # It had what its buffers took: the beginning, and nothing wrong in it.
        got = b""
        stuck.settimeout(10)
        while part := receive(stuck):
            got += part
    answer = Answer()
    answer.feed(got)
    assert answer.status == 200 and not answer.ended
    assert answer.body.startswith(RETRY) and len(answer.chunks) < BEFORE_GATE
    for subscriber in subscribers:
        assert subscriber.events == EXPECTED
    assert {subscriber.connections for subscriber in subscribers[-BREAKING:]} == {BREAKS + 1}
    assert readers(daemon, path) == 0
    assert stream_events(fetch(daemon.port, "GET", path).body) == EXPECTED


def receive(connection):
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""
