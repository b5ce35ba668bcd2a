"""Carries works out: peers in turn, round by round, so that what the machine does meets all."""

import contextlib
import subprocess
import sys

from . import load, peers
from .processes import Unavailable


def say(text):
    print(text, file=sys.stderr, flush=True)


class Results:
    """Samples by work and peer, and notes on what was not as it should be."""

    def __init__(self):
        self.samples = {}
        self.notes = []

    def note(self, work, peer, text):
        text = text.strip().splitlines()[-1]
        if (work, peer, text) not in self.notes:
            self.notes.append((work, peer, text))
            say(f"  {work}, {peer}: {text}")

    def add(self, work, peer, sample):
        self.samples.setdefault(work, {}).setdefault(peer, []).append(sample)
        for failure in sample["failures"]:
            self.note(work, peer, failure)
        if sample.get("load_cpu_share", 0) > load.SATURATED:
            self.note(work, peer, "the load generator was busy all the time")

    def values(self, line, peer):
        """What a line shows of a peer, a number a round."""
        samples = self.samples.get(line.work, {}).get(peer, [])
        return [sample[line.figure] for sample in samples if line.figure in sample]


@contextlib.contextmanager
def running(name, folder, upstream):
    """A peer, for as long as it is wanted."""
    peer = peers.STARTERS[name](folder, upstream)
    peer.name = name
    try:
        yield peer
    finally:
        peer.stop()


def attempt(results, name, peer, action):
    """Whether it went well; a peer that fails must not take the others' figures with it."""
    try:
        action()
        return True
    except (load.Failed, Unavailable, OSError, subprocess.TimeoutExpired) as failure:
        results.note(name, peer, f"not available: {failure}")
        return False


def carry_out(name, work, rounds, folder, results):
    """All rounds of one work. Processes are new for each work, or for each round."""
    with contextlib.ExitStack() as stack:
        model = peers.start_model(folder, work.model)
        stack.callback(model.stop)
        ready = {}

        def start(peer):
            ready[peer] = stack.enter_context(running(peer, folder, model.port))
            work.warm_up(ready[peer])

        def measure(peer):
            results.add(name, peer, work.measure(ready[peer]))

        def measure_fresh(peer):
            with running(peer, folder, model.port) as fresh:
                work.warm_up(fresh)
                results.add(name, peer, work.measure(fresh))

        wanted = list(work.peers)
        if not work.fresh:
            wanted = [peer for peer in wanted if attempt(
                results, name, peer, lambda peer=peer: start(peer))]
        for number in range(rounds):
            say(f"{name}: round {number + 1} of {rounds}")
            for peer in wanted:
                act = measure_fresh if work.fresh else measure
                attempt(results, name, peer, lambda peer=peer, act=act: act(peer))
