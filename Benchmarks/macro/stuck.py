"""Readers that ask and never read, and what they cost the server and the kernel."""

import json
import re
import socket
import subprocess
import time
import urllib.request

from . import load

# Nchan walks its buffer for each event where there are tens of thousands: it gets as many bytes in
# fewer events.
FEWER = 8


def ask(port, path):
    """A connection whose answer nobody takes. Its own buffer is the kernel's default."""
    reader = socket.create_connection(("127.0.0.1", port))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
    return reader


def kernel_bytes(port):
    """What the kernel holds for the server's side of all connections: ss, skmem."""
    command = ["ss", "-tmnHO", "state", "established", f"( sport = :{port} )"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(int(found) for found in re.findall(r"skmem:\(.*?,w(\d+)", lines))


def meet(peer, path, count, failures):
    """What readers add to a stream that is there: its log is memory already, and not theirs."""
    time.sleep(0.5)
    before = peer.process.memory()
    readers = [ask(peer.port, path) for _ in range(count)]
    try:
        time.sleep(3)
        return {"userBytes": (peer.process.memory() - before) / count,
                "kernelBytes": kernel_bytes(peer.port) / count, "failures": failures}
    finally:
        for reader in readers:
            reader.close()


def stream(peer, _, count, events):
    """A stream of deltad's; one reader has taken all of it before."""
    request = urllib.request.Request(
        f"{peer.base}/v1/streams", load.BODY.encode(), {"Content-Type": "application/json"})
    path = f"/v1/streams/{json.load(urllib.request.urlopen(request))['id']}?format=openai"
    found = urllib.request.urlopen(peer.base + path).read().count(b"data: ")
    return meet(peer, path, count, [] if found >= events else [f"{found} of {events} events came"])


def channel(peer, name, count, events):
    """A channel of Nchan's; one subscriber has got all of it before."""
    sample = load.channel_fanout(
        peer, name, "--subscribers", 1, "--settle", "500ms",
        "--count", events // FEWER, "--size", 250 * FEWER, "--rate", 1000)
    return meet(peer, f"/sub/{name}", count, sample["failures"])
