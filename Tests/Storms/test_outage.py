"""One of two upstreams dies under many clients, and comes back."""

import asyncio
import json
import time

import pytest
from Relay import asking
from Relay.events import DONE
from Relay.wire import HOST, Answer, request
from Support.processes import ScriptedModel

from .weather import await_calm, gauges, size, tell

CLIENTS = 200
ROUNDS = size(6, 30)
FAILURES = 5
PAUSE = "500ms"
ANSWER = [{"role": True}, {"text": "one two three four five", "pace": "5ms"}, {"done": True}]
BAD = [{"head": {"status": 503}}, {"json": {"error": {"message": "down"}}}]


@pytest.fixture
def pair(start, model):
    """Makes a daemon whose models are asked of `first`, which can die, and then of the shared
    model; and that first one."""
    mortal = ScriptedModel()

    def make(**fields):
        upstream = {"kind": "openai", "idleConnections": 0, **fields}
        upstreams = [
            {"name": "first", "baseURL": mortal.base_url, **upstream},
            {"name": "second", "baseURL": model.base_url, **upstream},
        ]
        models = [{"id": "*", "upstream": "first", "fallbacks": ["second"]}]
        return start({"loops": 2, "upstreams": upstreams, "models": models}), mortal

    yield make
    if mortal.process.poll() is None:
        mortal.stop()


class Client:
    """Asks again and again; what became of each request, and when its content began."""

    def __init__(self, daemon, name, outcomes):
        self.daemon, self.name, self.outcomes = daemon, name, outcomes

    async def run(self, keeps_on):
        while keeps_on():
            reader, writer = await asyncio.open_connection(HOST, self.daemon.port)
            started, content = time.monotonic(), None
            answer = Answer()
            try:
                writer.write(request("POST", asking.COMPLETIONS, asking.body(self.name)))
                while not answer.ended:
                    async with asyncio.timeout(30):
                        part = await reader.read(65536)
                    assert part, "the connection ended"
                    answer.feed(part)
                    if content is None and b'"content":"' in answer.body:
                        content = time.monotonic()
            finally:
                writer.transport.abort()
            whole = answer.status == 200 and answer.body.endswith(DONE)
            upstream = answer.header("x-upstream")
            self.outcomes.append((started, content, time.monotonic(), whole, upstream))


def attempts(daemon):
    """Requests to `first` that failed so far."""
    return sum(
        count
        for key, count in daemon.metrics().items()
        if key.startswith('deltad_upstream_attempts_total{upstream="first"')
        and "answered" not in key
    )


@pytest.mark.parametrize("how", ["killed", "refusing"])
def test_clients_do_not_notice_but_for_those_in_mid_answer(pair, model, name, how):
    daemon, mortal = pair(
        retry={"retries": 1, "base": "20ms", "cap": "50ms", "budget": 20},
        breaker={"failures": FAILURES, "pause": PAUSE},
    )
    model.script(name, ANSWER)
    mortal.script(name, ANSWER)
    before = gauges(daemon)
    outcomes, state = [], {"on": True}

    async def storm():
        clients = [Client(daemon, name, outcomes) for _ in range(CLIENTS)]
        tasks = [asyncio.create_task(client.run(lambda: state["on"])) for client in clients]
        loop = asyncio.get_running_loop()

        async def until(condition):
            while not condition():
                failed = [task for task in tasks if task.done()]
                assert not failed, failed[0].exception()
                await asyncio.sleep(0.01)

        await until(lambda: len(outcomes) >= CLIENTS)
        state["died"] = time.monotonic()
        if how == "killed":
            mortal.process.kill()
            mortal.process.wait()
        else:
            await loop.run_in_executor(None, mortal.script, name, BAD)
        state["dead"] = time.monotonic()
        done = len(outcomes)
        await until(lambda: len(outcomes) >= done + CLIENTS * ROUNDS)
        state["tried"] = await loop.run_in_executor(None, attempts, daemon)
        state["lasted"] = time.monotonic() - state["dead"]
        if how == "refusing":
            await loop.run_in_executor(None, mortal.script, name, ANSWER)
            state["back"] = time.monotonic()
            await until(lambda: outcomes[-1][4] == "first")
            state["recovered"] = time.monotonic()
        state["on"] = False
        await asyncio.gather(*tasks)

    asyncio.run(storm())
    failed = [o for o in outcomes if not o[3]]
    # Those whose answer had begun when it died; nobody else.
    for began, content, ended, _, _ in failed:
        assert content is not None and began < state["dead"] and ended >= state["died"]
    if how == "refusing":
        assert not failed
    during = [o for o in outcomes if o[0] > state["dead"]]
    assert during and all(o[3] for o in during)
    # Until the circuit opens each client under way may try, and once again; then one each pause.
    probes = state["lasted"] / 0.5 + 1
    assert state["tried"] <= 2 * CLIENTS + 2 * probes + FAILURES
    await_calm(daemon, before)
    recovery = ""
    if "back" in state:
        recovery = f"; asked again {state['recovered'] - state['back']:.2f} s after it was back"
    tell(
        f"{how}: {len(during):,} requests of {CLIENTS} clients in {state['lasted']:.1f} s without "
        f"it, {len(failed)} failed (in mid-answer), {state['tried']} attempts at it{recovery}"
    )


def test_with_continuation_not_even_those_in_mid_answer_notice(pair, model, name):
    daemon, mortal = pair(continuation="prefill")
    mortal.script(name, [{"text": "one two "}, {"gate": "never"}])
    model.script(name, [{"role": True}, {"text": "three four"}, {"finish": "stop"}, {"done": True}])
    before = gauges(daemon)
    answers = []

    async def client():
        reader, writer = await asyncio.open_connection(HOST, daemon.port)
        writer.write(request("POST", asking.COMPLETIONS, asking.body(name)))
        answer = Answer()
        answers.append(answer)
        while not answer.ended:
            async with asyncio.timeout(30):
                part = await reader.read(65536)
            assert part
            answer.feed(part)
        writer.transport.abort()

    async def storm():
        tasks = [asyncio.create_task(client()) for _ in range(CLIENTS)]
        while not (len(answers) == CLIENTS and all(b"two" in a.body for a in answers)):
            await asyncio.sleep(0.01)
        mortal.process.kill()
        mortal.process.wait()
        await asyncio.gather(*tasks)

    asyncio.run(storm())
    for answer in answers:
        body = bytes(answer.body).replace(b": continued\n\n", b"")
        chunks = [json.loads(block[6:]) for block in body.split(b"\n\n")[:-2]]
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
        assert text == "one two three four" and body.endswith(DONE)
    await_calm(daemon, before)
