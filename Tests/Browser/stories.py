"""Answers in parts, each behind a gate, and what the daemon knows of their readers."""

import json

from Relay.wire import fetch
from Support.processes import wait_until

PARTS = [
    "There was an island in the river,",
    " and on it – ‘green’ in spring, 🌊 in autumn –",
    "\n\nnobody <b>lived</b> but the ferryman &amp; his goat.",
]
WHOLE = "".join(PARTS)
END = [{"finish": "stop"},
       {"usage": {"prompt_tokens": 3, "completion_tokens": 24, "total_tokens": 27}}, {"done": True}]


class Story:
    """An answer of the model `model`, of which each part but the first waits to be told."""

    def __init__(self, scripted, model, name, parts=PARTS):
        self.scripted, self.model, self.gates = scripted, model, []
        steps = []
        for number, part in enumerate(parts):
            if number:
                self.gates.append(f"{name}-{number}")
                steps.append({"gate": self.gates[-1]})
            steps.append({"text": part})
        scripted.script(model, [*steps, {"gate": f"{name}-end"}, *END])
        self.gates.append(f"{name}-end")

    def tell(self, parts=1):
        """Lets the next parts come; behind the last of them is the end."""
        for _ in range(parts):
            self.scripted.open(self.gates.pop(0))

    def finish(self):
        self.tell(len(self.gates))


def begin(daemon, model="story"):
    """The id of a new stream of the model."""
    body = {"model": model, "messages": [{"role": "user", "content": "Go on"}]}
    answer = fetch(daemon.port, "POST", "/v1/streams", body)
    assert answer.status == 202
    return answer.json()["id"]


def snapshot(daemon, identifier):
    return fetch(daemon.port, "GET", f"/v1/streams/{identifier}?format=json").json()


def wait_for_readers(daemon, identifier, count):
    wait_until(lambda: snapshot(daemon, identifier)["subscribers"] == count, f"{count} readers")


def asked(scripted, model="guided"):
    """The messages that the model was last asked with."""
    return json.loads(scripted.log(model)[-1]["body"])["messages"]
