"""Runs deltaload, and makes one flat dictionary of what it says."""

import json
import os
import subprocess

from .processes import LOAD_CPU, RELEASE

# Above this share of its processor the load generator decides how fast things go.
SATURATED = 0.9
BODY = '{"model":"m","messages":[{"role":"user","content":"x"}]}'


class Failed(Exception):
    """A run without figures."""


def deltaload(*arguments, pid=None, cpus=LOAD_CPU):
    """Figures by their names, latencies as `delivery.p99` in microseconds, and `failures`.

    What was lost is a figure here and a note in the report, not the end of the whole measurement.
    """
    command = [RELEASE / "deltaload", *arguments, "--json"]
    if pid:
        command += ["--pid", pid]
    run = subprocess.run(
        [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=150, preexec_fn=lambda: os.sched_setaffinity(0, cpus) if cpus else None)
    if run.returncode not in (0, 1) or not run.stdout:
        raise Failed(f"deltaload {arguments[0]}: {run.stderr.strip()[-300:]}")
    result = json.loads(run.stdout)
    sample = dict(result["figures"])
    for name, latency in result["latencies"].items():
        for statistic, value in latency.items():
            sample[f"{name}.{statistic.removesuffix('_us')}"] = value
    sample["failures"] = result["failures"]
    return sample


def relay(peer, *options, cpus=LOAD_CPU):
    """Clients who ask a relay for answers."""
    return deltaload("relay", "--url", peer.url, *options, pid=peer.pid, cpus=cpus)


def stream_fanout(peer, *options, cpus=LOAD_CPU):
    """Subscribers on a stream of deltad's that a request has started."""
    streams = f"{peer.base}/v1/streams"
    return deltaload(
        "fanout", "--trigger", streams, "--trigger-body", BODY,
        "--subscribe", streams + "/{id}?format=openai", *options, pid=peer.pid, cpus=cpus)


def channel_fanout(peer, channel, *options):
    """Subscribers on a channel of Nchan's, to which deltaload publishes."""
    return deltaload(
        "fanout", "--publish", f"{peer.base}/pub/{channel}",
        "--subscribe", f"{peer.base}/sub/{channel}", *options, pid=peer.pid)
