"""SIGHUP again and again, with good files and bad ones, while clients ask."""

import asyncio
import json

from Relay import asking
from Relay.events import DONE
from Relay.wire import AsyncConnection

TIMES = 200
CLIENTS = 20


def resident(daemon):
    return daemon.metrics()["process_resident_memory_bytes"]


def test_no_request_fails_and_no_memory_grows(daemon, model, name):
    model.script(name, [{"text": "Hello"}, {"text": " there"}, {"done": True}])
    good = json.loads(daemon.configuration_file.read_text())
    good |= {"log": {"perSecond": 20}, "streams": {"retention": "0s"}}
    other = good | {"rates": {"completions": {"requests": 1_000_000, "per": "1h"}}}
    bad = [
        "{",
        json.dumps({**good, "upstreams": []}),
        json.dumps({**good, "loops": -1}),
        json.dumps({**good, "models": [{"id": "*", "upstream": "nobody"}]}),
    ]
    sizes = []
    answered = 0
    done = asyncio.Event()

    async def client():
        nonlocal answered
        async with AsyncConnection(daemon.port) as connection:
            while not done.is_set():
                body = asking.body(name)
                answer = await connection.fetch("POST", asking.COMPLETIONS, body)
                assert answer.status == 200 and answer.body.endswith(DONE), answer.body
                answered += 1

    async def reloads():
        loop = asyncio.get_running_loop()
        for number in range(TIMES):
            text = bad[number // 2 % len(bad)]
            if number % 2 == 0:
                text = json.dumps(good if number % 4 else other)
            line = await loop.run_in_executor(None, daemon.reload, text)
            assert ("taken" if number % 2 == 0 else "nothing has changed") in line
            if number % 50 == 49:
                sizes.append(await loop.run_in_executor(None, resident, daemon))
        done.set()

    async def storm():
        await asyncio.gather(reloads(), *(client() for _ in range(CLIENTS)))

    asyncio.run(storm())
    assert answered > CLIENTS
    metrics = daemon.metrics()
    for gauge in ("generations_running", "generations_queued", "expectations", "upstream_transfers"):
        assert metrics[f"deltad_{gauge}"] == 0, gauge
    # What a configuration holds is given back: it would be tens of KiB each time.
    assert sizes[-1] - sizes[0] < 4 << 20, sizes
