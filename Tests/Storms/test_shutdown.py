"""SIGTERM in the middle of a storm: everybody hears how it ended, and the daemon goes."""

import asyncio
import json

from Relay import asking
from Relay.events import DONE
from Relay.wire import HOST, Answer, request

from .weather import size

CLIENTS = size(150, 1_000)
ENDING = [{"text": "Hello "}, {"gate": "soon"}, {"text": "there"}, {"done": True}]
HELD = [{"text": "Hello "}, {"gate": "never"}]


class Client:
    """One request, whose answer may end by itself, by an error event, or by a refusal."""

    def __init__(self, daemon, kind, model_name):
        self.daemon, self.kind = daemon, kind
        if kind == "completion":
            body, path = asking.body(model_name), asking.COMPLETIONS
        elif kind == "whole":
            body, path = asking.body(model_name, False), asking.COMPLETIONS
        else:
            body, path = {"message": "Hello", "stream": True}, "/v1/api/chat/a"
        self.request = request("POST", path, body)
        self.answer = Answer()

    async def run(self):
        reader, writer = await asyncio.open_connection(HOST, self.daemon.port)
        writer.write(self.request)
        while not self.answer.ended:
            async with asyncio.timeout(30):
                part = await reader.read(65536)
            assert part, f"{self.kind}: cut after {bytes(self.answer.body)[-80:]!r}"
            self.answer.feed(part)
        writer.transport.abort()

    def outcome(self):
        body = bytes(self.answer.body)
        if self.answer.status != 200:
            assert json.loads(body)["error"], body
            return f"{self.answer.status}"
        if self.kind == "whole" or body.endswith(DONE):
            return "whole"
        last = json.loads(body.rstrip().rsplit(b"\n\n", 1)[-1].removeprefix(b"data: "))
        assert "error" in last, body
        return "told"


def test_everybody_hears_how_it_ended(start, model, name):
    ending, held, chatty = (f"{name}-{kind}" for kind in ("ending", "held", "agent"))
    upstream = {"name": "scripted", "kind": "openai", "baseURL": model.base_url}
    daemon = start(
        {
            "loops": 2,
            "upstreams": [upstream],
            "models": [{"id": "*", "upstream": "scripted"}],
            "agents": [{"id": "agent_a", "slug": "a", "name": "A", "model": chatty}],
            "limits": {"generations": CLIENTS - 20, "queuedGenerations": 10},
            "rates": {"agents": {"requests": 0}},
            "timeouts": {"shutdown": "1s", "release": "500ms", "queue": "10m"},
        }
    )
    gate = f"{name}-soon"
    steps = [{**step, "gate": gate} if "gate" in step else step for step in ENDING]
    model.script(ending, steps)
    model.script(held, HELD)
    model.script(chatty, HELD)
    kinds = [("completion", ending), ("completion", held), ("whole", held), ("agent", chatty)]
    clients = [Client(daemon, *kinds[number % len(kinds)]) for number in range(CLIENTS)]

    async def storm():
        tasks = [asyncio.create_task(client.run()) for client in clients]
        loop = asyncio.get_running_loop()
        for _ in range(2_000):
            metrics = await loop.run_in_executor(None, daemon.metrics)
            if metrics["deltad_generations_queued"] == 10:
                break
            await asyncio.sleep(0.01)
        daemon.process.terminate()
        # Those that can come to their end do.
        await loop.run_in_executor(None, model.open, gate)
        await asyncio.gather(*tasks)

    asyncio.run(storm())
    outcomes = [client.outcome() for client in clients]
    counts = {outcome: outcomes.count(outcome) for outcome in set(outcomes)}
    assert set(counts) <= {"whole", "told", "503"}, counts
    assert counts["whole"] > 0 and counts["told"] > 0
    # Beyond the queue, in it, and those that had no first event yet.
    assert counts["503"] >= 20
    assert daemon.process.wait(10) == 3
    assert len(model.log(held)) > 0
