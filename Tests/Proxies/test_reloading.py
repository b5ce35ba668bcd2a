"""A proxy takes another configuration while streams are read: who is cut comes back and misses
nothing."""

import os
import subprocess
import threading

from Relay import asking
from Relay.events import RETRY, stream_events

from .clients import PROTOCOLS, Client
from .configurations import HOST_NAME
from .processes import HOST

READERS = 20
PART = 10  # events before each of the two gates, and behind them
OPTIONS = {"http/1.1": "--http1.1", "h2": "--http2"}


class Reader:
    """Reads a stream with curl; whenever it is cut it comes back behind its last whole event."""

    def __init__(self, proxy, path, protocol):
        self.events = []
        self.cuts = 0
        # What went wrong; a connection that brings no answer does, and one that is cut does not.
        self.failure = None
        url = f"https://{HOST_NAME}:{proxy.port}{path}"
        self.command = [
            "curl", "--silent", "--no-buffer", "--fail", OPTIONS[protocol], url,
            "--cacert", str(proxy.certificate.authority),
            "--resolve", f"{HOST_NAME}:{proxy.port}:{HOST}",
        ]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def is_done(self):
        return bool(self.events) and self.events[-1].name == "done"

    def _run(self):
        try:
            self._connect()
            while not self.is_done:
                self.cuts += 1
                self._connect()
        except (AssertionError, OSError, ValueError) as error:
            self.failure = error

    def _connect(self):
        before = self.events
        last = ["--header", f"Last-Event-ID: {before[-1].id}"] if before else []
        with subprocess.Popen([*self.command, *last], stdout=subprocess.PIPE) as process:
            body = b""
            while part := os.read(process.stdout.fileno(), 65536):
                body += part
                whole = body[: body.rfind(b"\n\n") + 2]
                if whole:
                    self.events = before + stream_events(whole)
        assert body.startswith(RETRY), f"curl ended with {process.returncode}: {body!r}"


class Prober:
    """Connects anew, again and again; how many answers there were, and what went wrong."""

    def __init__(self, proxy):
        self.proxy, self.count, self.failure = proxy, 0, None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.is_over.is_set():
                self._ask_and_ask_again()
                self.count += 1
        except (AssertionError, OSError) as error:
            self.failure = error

    def _ask_and_ask_again(self):
        try:
            self._ask()
        except (AssertionError, OSError):
            # Caddy closes its listener and opens another: what waited in the old one is reset.
            if self.proxy.name != "caddy":
                raise
            self._ask()

    def _ask(self):
        with Client(self.proxy, "http/1.1") as client:
            assert client.fetch("GET", "/healthz").status == 200

    def stop(self):
        self.is_over.set()
        self.thread.join()
        assert self.failure is None, self.failure


def numbered(first):
    return [{"text": f"n={number}", "tokens": 1} for number in range(first, first + PART)]


def test_who_is_cut_comes_back_and_misses_nothing(daemon, model, proxy, name):
    gates = [f"{name}-{number}" for number in range(2)]
    parts = [*numbered(0), {"gate": gates[0]}, *numbered(PART), {"gate": gates[1]}]
    model.script(name, [*parts, *numbered(2 * PART), {"finish": "stop"}, {"done": True}])
    path = asking.start_stream(daemon, name)
    readers = [Reader(proxy, path, PROTOCOLS[number % 2]) for number in range(READERS)]

    def all_have(count):
        def have():
            assert [r.failure for r in readers if r.failure] == []
            return all(len(reader.events) >= count for reader in readers)

        asking.wait_until(have, f"{count} events at all readers")

    all_have(PART)
    prober = Prober(proxy)
    before = proxy.workers()
    proxy.reload()
    model.open(gates[0])
    all_have(2 * PART)
    # Those that were there before may end who still reads.
    asking.wait_until(lambda: not proxy.workers() & before, "the old processes to end")
    model.open(gates[1])
    all_have(3 * PART + 1)
    count = prober.count
    asking.wait_until(lambda: prober.count > count or prober.failure, "another connection")
    prober.stop()
    for reader in readers:
        reader.thread.join()
        texts = [event.data.get("text") for event in reader.events]
        assert texts == [f"n={number}" for number in range(3 * PART)] + [None]
        # All of them read by way of processes that are gone; Caddy stays the same process.
        assert reader.cuts >= 1 or not before
