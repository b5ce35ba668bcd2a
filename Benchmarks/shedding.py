"""What it costs to turn a request away, beside what it costs to serve one.

The same request, `POST /v1/chat/completions` for a streamed answer of twelve deltas, on one kept
connection, so many times each; CPU time of the daemon per request, medians of the rounds. Refused
are requests beyond a rate, requests without a key, and requests beyond the queue.

    swift build -c release --static-swift-stdlib --product deltad
    swift build -c release --product scripted-model
    DELTAD=.build/release/deltad SCRIPTED_MODEL=.build/release/scripted-model \
      python3 Benchmarks/shedding.py
"""

import os
import pathlib
import socket
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests"))

from Relay import asking
from Relay.wire import Answer, Exchange, request
from Support.processes import Daemon, ScriptedModel

ROUNDS, REQUESTS = 5, 2_000
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ask(port, headers, status):
    post = request("POST", asking.COMPLETIONS, asking.body("m"), headers)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(REQUESTS):
            connection.sendall(post)
            answer = Answer()
            while not answer.ended:
                answer.feed(connection.recv(65536))
            assert answer.status == status, answer.status


def main():
    model = ScriptedModel()
    text = "one two three four five six seven eight nine ten eleven twelve"
    model.script("m", [{"text": text}, {"finish": "stop"}, {"done": True}])
    model.script("held", [{"text": "x"}, {"gate": "never"}])
    with tempfile.TemporaryDirectory() as folder:
        key = pathlib.Path(folder, "key")
        key.write_text("a-key-of-some-length")
        common = {
            "loops": 1,
            "upstreams": [{"name": "m", "kind": "openai", "baseURL": model.base_url}],
            "models": [{"id": "*", "upstream": "m"}],
        }

        def daemon(name, **settings):
            place = pathlib.Path(folder, name)
            place.mkdir()
            return Daemon({**common, **settings}, place)

        served = daemon("served")
        limited = daemon("limited", rates={"completions": {"requests": 1, "per": "24h"}})
        locked = daemon("locked", keys=[{"name": "a", "file": str(key)}])
        full = daemon("full", limits={"generations": 1, "queuedGenerations": 0})
        ask_one = Exchange(limited.port, "POST", asking.COMPLETIONS, asking.body("m"))
        ask_one.whole()
        holding = Exchange(full.port, "POST", asking.COMPLETIONS, asking.body("held"))
        holding.read_body(b"x")
        cases = [
            ("served", served, 200),
            ("refused, beyond the rate (429)", limited, 429),
            ("refused, no key (401)", locked, 401),
            ("refused, beyond the queue (503)", full, 503),
        ]
        costs = {name: [] for name, _, _ in cases}
        for _ in range(ROUNDS):
            for name, one, status in cases:
                before = cpu(one.process)
                ask(one.port, {}, status)
                costs[name].append((cpu(one.process) - before) / REQUESTS * 1e6)
        base = statistics.median(costs["served"])
        for name, values in costs.items():
            middle = statistics.median(values)
            spread = f"{min(values):.0f}–{max(values):.0f}"
            print(f"| {name} | {middle:.0f} µs ({spread}) | {middle / base:.2f} × |")
        holding.close()
        for _, one, _ in cases:
            one.process.kill()
            one.process.wait()
    model.stop()


main()
