"""A restart under load, with a socket that outlives the daemon: nobody is refused, and readers that
come back with their last event's id lose nothing and get nothing twice."""

import asyncio
import collections
import json

from Relay import asking
from Relay.wire import HOST, Answer, AsyncConnection, request
from Storms.weather import size

STREAMS = size(50, 100)
READERS = 10
WORDS = 60
TEXT = "".join(f"w{number} " for number in range(WORDS))
ASKERS = 20


class Reader:
    """One subscriber as EventSource is one: comes back with the last id until the stream is over."""

    def __init__(self, port, path, sleeps, leaves):
        self.port, self.path = port, path
        # It takes nothing while the daemon changes.
        self.sleeps = sleeps
        # It loses its connection when the daemon begins to end.
        self.leaves = leaves
        self.ids = []
        self.text = ""
        self.ending = None
        self.connections = 0

    async def run(self, is_ending, has_restarted):
        while self.ending is None:
            self.connections += 1
            fields = {"Last-Event-ID": str(self.ids[-1])} if self.ids else {}
            reader, writer = await asyncio.open_connection(HOST, self.port)
            writer.write(request("GET", f"{self.path}?format=sse", headers=fields))
            answer, taken = Answer(), 0
            while not answer.ended and self.ending is None:
                async with asyncio.timeout(30):
                    part = await reader.read(4096)
                if not part:
                    break
                answer.feed(part)
                if answer.status == 200:
                    taken = self.take(bytes(answer.body), taken)
                if self.sleeps and self.ids:
                    await has_restarted.wait()
                if self.leaves and is_ending.is_set():
                    self.leaves = False
                    break
            writer.transport.abort()
            # 204: everything was had, and only the ending may not be missing then.
            assert answer.status in (None, 200), (answer.status, self.ids[-3:], self.ending)
            assert self.connections < 10

    def take(self, body, taken):
        """The events of the body behind `taken`; where the next one begins."""
        while (end := body.find(b"\n\n", taken)) >= 0:
            lines = body[taken:end].decode().split("\n")
            taken = end + 2
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
            if "id" not in fields:
                continue
            self.ids.append(int(fields["id"]))
            data = json.loads(fields["data"])
            if "event" in fields:
                self.ending = (fields["event"], data.get("code") or data["finishReason"])
            else:
                self.text += data["text"]
        return taken


async def ask(port, name, until):
    """One request after the other, each on a connection of its own; how each was answered."""
    answers = collections.Counter()
    while not until.is_set():
        async with AsyncConnection(port) as connection:
            answer = await connection.ask("POST", asking.COMPLETIONS, asking.body(name, False))
            while not answer.ended:
                async with asyncio.timeout(30):
                    part = await connection.reader.read(65536)
                assert part, "an answer was cut"
                answer.feed(part)
            answers[answer.status] += 1
            if answer.status == 503:
                assert answer.json()["error"]["code"] == "shutting_down"
                assert answer.header("retry-after") == "1"
            await asyncio.sleep(0.01)
    return answers


def test_no_event_is_lost_or_doubled_and_nobody_is_refused(serve, manager, model, name):
    port = manager.listen_tcp()
    settings = {
        "listen": [f"127.0.0.1:{port}"],
        "archive": {"file": "deltad.db", "journal": "50ms"},
        "timeouts": {"shutdown": "300ms", "release": "200ms"},
        "limits": {"connections": 2_000},
    }
    # A third has ended before, a third ends in time, and a third is cut.
    half = WORDS // 2
    words = TEXT.split(" ")
    first, second = " ".join(words[:half]) + " ", " ".join(words[half:])
    end = [{"finish": "stop"}, {"done": True}]
    model.script(f"{name}-quick", [{"text": TEXT, "tokens": WORDS}, *end])
    middle = [{"text": first, "tokens": half}, {"gate": name}, {"text": second, "tokens": half}]
    model.script(f"{name}-middle", [*middle, *end])
    model.script(f"{name}-slow", [{"text": TEXT, "tokens": WORDS, "pace": "50ms"}, *end])
    model.script(f"{name}-asked", [{"answer": "Hello"}])
    daemons = [serve(manager, settings)]
    kinds = ["quick", "middle", "slow"]
    paths = [
        asking.start_stream(daemons[0], f"{name}-{kinds[number % 3]}") for number in range(STREAMS)
    ]
    readers = [
        Reader(port, path, sleeps=number == 0, leaves=number % 4 == 1)
        for path in paths
        for number in range(READERS)
    ]

    async def storm():
        is_ending, has_restarted, enough = (asyncio.Event() for _ in range(3))
        tasks = [asyncio.create_task(reader.run(is_ending, has_restarted)) for reader in readers]
        askers = [asyncio.create_task(ask(port, f"{name}-asked", enough)) for _ in range(ASKERS)]
        loop = asyncio.get_running_loop()
        while sum(bool(reader.ids) for reader in readers) < len(readers):
            await asyncio.sleep(0.01)
        daemons[0].process.terminate()
        is_ending.set()
        await loop.run_in_executor(None, model.open, name)
        status = await loop.run_in_executor(None, daemons[0].process.wait, 10)
        daemons.append(await loop.run_in_executor(None, serve, manager, settings))
        has_restarted.set()
        await asyncio.gather(*tasks)
        enough.set()
        return status, sum(await asyncio.gather(*askers), collections.Counter())

    status, answers = asyncio.run(storm())
    assert status == 3
    assert set(answers) <= {200, 503} and answers[200] >= 2 * ASKERS, answers
    # Only who was accepted in the moment of the signal.
    assert answers[503] <= ASKERS, answers
    endings = collections.Counter()
    for number, reader in enumerate(readers):
        *texts, last = reader.ids
        assert texts == list(range(texts[0], texts[0] + len(texts)))
        assert texts[0] in (1, 2) and last - texts[-1] in (1, 2), (texts[0], texts[-1], last)
        endings[reader.ending] += 1
        if reader.ending == ("done", "stop"):
            assert reader.text == TEXT
        else:
            assert reader.ending == ("error", "shutting_down")
            assert TEXT.startswith(reader.text)
        # All readers of a stream have had the same.
        same = readers[number - number % READERS]
        assert (reader.text, reader.ending) == (same.text, same.ending)
    third = len(readers) // 3
    assert endings[("done", "stop")] >= 2 * third - 2 * READERS, endings
    assert endings[("error", "shutting_down")] >= third - 2 * READERS, endings
    # Some of those who left had to ask the second one for the rest.
    assert sum(reader.connections > 1 for reader in readers) >= STREAMS // 3
    # What the first one had is there in the second.
    for path in paths:
        assert asking.snapshot(daemons[1], path)["status"] in ("done", "error")
