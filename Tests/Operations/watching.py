"""Readers of /dashboard/events."""

import http.client
import json

from Relay.wire import HOST
from Support.processes import PATIENCE

FEED = "/dashboard/events"


class Watcher:
    """A reader on a connection of its own; its answer has come as far as its head.

    `events` yields the events as they come, until the answer ends, `blocks` the same as bytes, with
    what stands before the first.
    """

    def __init__(self, port, headers=(), method="GET"):
        self._connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        self._connection.request(method, FEED, headers=dict(headers))
        self.answer = self._connection.getresponse()
        self.blocks = self._blocks()
        self.events = self._events()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.answer.close()
        self._connection.close()

    def _blocks(self):
        block = b""
        while line := self.answer.readline():
            if line != b"\n":
                block += line
                continue
            yield block
            block = b""
        assert block == b"", f"an event without its end: {block!r}"

    def _events(self):
        assert next(self.blocks) == b"retry: 1000\n"
        for block in self.blocks:
            assert block.startswith(b"data: {") and block.count(b"\n") == 1, block[:100]
            yield json.loads(block[len(b"data: ") :])

    def until(self, condition):
        """The first event of which it holds."""
        return next(event for event in self.events if condition(event))


def value(event, family):
    """Of a family of one sample."""
    (sample,) = event["metrics"][family]
    return sample["value"]
