"""Daemons that have agents, keys and a store, and ways to end them that are not kind.

A scripted model knows its script by the model's name, and an agent's model is configured: so every
daemon has the same `SLOTS` agents, each with a model name of its own, and a test gets the next one.
"""

import copy
import json
import os
import subprocess
from typing import NamedTuple

from Support.processes import DELTAD, PATIENCE, Daemon

SLOTS = 96


class Agent(NamedTuple):
    id: str
    slug: str
    name: str
    model: str
    # What the model gets as the system prompt when no variable is given.
    prompt: str

    @property
    def shown(self):
        """How the Chats API shows it."""
        return {"name": self.name, "agentId": self.id, "status": "Live"}


def slot(number):
    return Agent(
        id=f"agent_slot{number}",
        slug=f"slot-{number}",
        name=f"Slot {number}",
        model=f"model-slot-{number}",
        prompt="You help .",
    )


# The one agent that answers the widget.
WIDGET = Agent("agent_widget", "widget", "Widget", "model-widget", "You are a widget.")


def described(agent, prompt, **settings):
    """An entry of the configuration's `agents`."""
    fields = {"id": agent.id, "slug": agent.slug, "name": agent.name, "model": agent.model}
    return {**fields, "prompt": prompt, **settings}


AGENTS = [
    *[described(slot(number), "You help {{ name }}.") for number in range(SLOTS)],
    described(WIDGET, WIDGET.prompt),
]

# Who may ask what. A widget's key has at least 24 bytes.
SECRETS = {name: f"{name}-key-0123456789abcdef" for name in ("alice", "bob", "widget", "admin")}
PEOPLE = ["completions", "streams", "chats", "agents"]
APIS = {"alice": PEOPLE, "bob": PEOPLE, "widget": ["widget"], "admin": ["admin"]}
KEYS = [
    {"name": name, "environment": f"DELTAD_KEY_{name.upper()}", "apis": apis}
    for name, apis in APIS.items()
]
ENVIRONMENT = {f"DELTAD_KEY_{name.upper()}": secret for name, secret in SECRETS.items()}

DEFAULTS = {
    "loops": 1,
    "agents": AGENTS,
    "widget": {"agent": WIDGET.slug},
    "keys": KEYS,
    # Where a test does not ask for limits none is in its way.
    "rates": {"agents": {"requests": 0}, "widget": {"requests": 0}},
    "archive": {"file": "conversations.db", "journal": "50ms"},
}


def configured(settings, base_url, upstream=()):
    """The whole of a configuration: the defaults, with the members of `settings` in their place."""
    configuration = copy.deepcopy({**DEFAULTS, **dict(settings)})
    configuration.setdefault(
        "upstreams", [{"name": "scripted", "kind": "openai", "baseURL": base_url, **dict(upstream)}]
    )
    configuration.setdefault("models", [{"id": "*", "upstream": "scripted"}])
    return configuration


class Home:
    """A folder with a configuration and a store, in which one daemon after the other lives."""

    def __init__(self, configuration, folder, wrapper=()):
        self.configuration = configuration
        self.folder = folder
        self.wrapper = wrapper
        self.daemon = None

    @property
    def store(self):
        return self.folder / self.configuration["archive"]["file"]

    @property
    def port(self):
        return self.daemon.port

    def __getattr__(self, name):
        return getattr(self.daemon, name)

    @property
    def is_running(self):
        return self.daemon is not None and self.daemon.process.poll() is None

    def start(self, **changes):
        """Starts a daemon here, with some members of the configuration changed."""
        self.configuration.update(changes)
        self.daemon = Daemon(
            self.configuration, self.folder, ENVIRONMENT, wrapper=self.wrapper
        )
        return self

    def stop(self):
        self.daemon.stop()

    def kill(self):
        self.daemon.process.kill()
        self.daemon.process.wait()

    def restart(self, **changes):
        self.stop()
        return self.start(**changes)


def refusal(configuration, folder, environment=None):
    """Runs a daemon that must not start: its exit status, and what it said."""
    file = folder / "deltad.json5"
    file.write_text(json.dumps({"listen": ["127.0.0.1:0"], **configuration}))
    ended = subprocess.run(
        [DELTAD, "serve", "--config", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        env={**os.environ, **ENVIRONMENT, **(environment or {})},
        check=False,
    )
    return ended.returncode, ended.stderr.decode()

