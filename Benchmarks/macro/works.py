"""The kinds of work that are measured: what the model does, what the load asks, what is looked at.

A work is told which model it wants, whether each round wants fresh processes (memory is compared
with a process that has done nothing), and measures one peer once.
"""

import dataclasses
import itertools
import os
import shutil
import subprocess
import tempfile
import time

from . import load, stuck
from .processes import RELEASE

# Names of channels, none of which is used twice.
CHANNELS = (f"c{number}" for number in itertools.count())


@dataclasses.dataclass
class Relay:
    """Answers through a relay."""

    model: list
    options: list
    peers: tuple = ("nginx", "haproxy", "sglang-router", "deltad")
    fresh: bool = False

    def warm_up(self, peer):
        """Connections are open, and memory is there, before anything is counted."""
        if self.fresh:
            return
        connections = self.options[self.options.index("-c"):][:2]
        whole = [option for option in self.options if option == "--no-stream"]
        load.relay(peer, *connections, *whole, "-t", "1s", "--warm", "500ms")

    def measure(self, peer):
        sample = load.relay(peer, *self.options)
        if "--hold" in self.options and sample["failures"]:
            # Memory by streams that were not there says nothing.
            raise load.Failed("; ".join(sample["failures"]))
        return sample


@dataclasses.dataclass
class Fanout:
    """One stream and its subscribers. deltad's comes from the model, Nchan's is published."""

    subscribers: int
    events: int
    interval: float  # seconds
    delay: float = 2  # seconds: time for all to subscribe to a stream that has been started
    peers: tuple = ("Nchan", "deltad")
    fresh: bool = False

    @property
    def model(self):
        return ["--tokens", self.events, "--interval", f"{self.interval * 1000:g}ms",
                "--delay", f"{self.delay:g}s"]

    def warm_up(self, peer):
        """None: what is counted begins when all are connected."""

    def measure(self, peer):
        each = ["--subscribers", self.subscribers]
        if peer.name == "Nchan":
            return load.channel_fanout(
                peer, next(CHANNELS), "--rate", 1 / self.interval, "--count", self.events, *each)
        return load.stream_fanout(peer, "--expect-events", self.events, *each)


@dataclasses.dataclass
class Backlog:
    """Subscribers who come when the events are there already.

    A hundredth of a second is the least that the kernel counts, and deltad needs few of these for
    all: there are as many runs as it takes.
    """

    subscribers: int = 100
    events: int = 1000
    runs: dict = dataclasses.field(default_factory=lambda: {"deltad": 12, "Nchan": 1})
    peers: tuple = ("Nchan", "deltad")
    fresh: bool = False

    @property
    def model(self):
        return ["--tokens", self.events]

    def warm_up(self, peer):
        self.once(peer)

    def once(self, peer):
        each = ["--subscribers", self.subscribers, "--backlog", self.events]
        if peer.name == "Nchan":
            return load.channel_fanout(peer, next(CHANNELS), *each)
        return load.stream_fanout(peer, *each)

    def measure(self, peer):
        samples = [self.once(peer) for _ in range(self.runs[peer.name])]
        events = sum(sample["events"] for sample in samples)
        seconds = sum(sample["cpu_seconds"] for sample in samples)
        return {**samples[-1], "events": events, "cpu_seconds": seconds,
                "cpu_us_per_event": seconds * 1e6 / events,
                "failures": [failure for sample in samples for failure in sample["failures"]]}


@dataclasses.dataclass
class Stuck:
    """Readers that take nothing of a stream of some megabytes."""

    readers: int = 100
    events: int = 32_000
    model: tuple = ("--tokens", 32_000, "--burst", 8)
    peers: tuple = ("Nchan", "deltad")
    fresh: bool = True

    def warm_up(self, peer):
        """None: the stream itself is written before anything is compared."""

    def measure(self, peer):
        run = stuck.channel if peer.name == "Nchan" else stuck.stream
        return run(peer, next(CHANNELS), self.readers, self.events)


@dataclasses.dataclass
class Resident:
    """deltad's memory, at rest and with open streams."""

    streams: int = 1000
    model: tuple = ("--tokens", 100, "--interval", "1s")
    peers: tuple = ("deltad",)
    fresh: bool = True

    def warm_up(self, peer):
        """None: what it has when it starts is what is asked for."""

    def measure(self, peer):
        time.sleep(0.5)
        idle, anonymous = peer.process.memory(), peer.process.memory("RssAnon")
        sample = load.relay(peer, "-c", self.streams, "--hold", "2s")
        return {"idleBytes": idle, "idleAnonymous": anonymous,
                "openStreamsBytes": sample["rss_end"], "failures": sample["failures"],
                "openStreamsAnonymous":
                    anonymous + sample["anonymous_per_stream"] * self.streams}


@dataclasses.dataclass
class Size:
    """The program's file, which is what is shipped, without what only a debugger reads."""

    model: tuple = ()
    peers: tuple = ("deltad",)
    fresh: bool = False

    def warm_up(self, peer):
        """None: a file does not warm up."""

    def measure(self, peer):
        with tempfile.TemporaryDirectory() as folder:
            stripped = shutil.copy(RELEASE / "deltad", folder)
            subprocess.run(["strip", stripped], check=True)
            return {"bytes": os.stat(stripped).st_size, "failures": [],
                    "builtBytes": os.stat(RELEASE / "deltad").st_size}
