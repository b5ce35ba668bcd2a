"""Many conversations at once, and what their clients may rely on when the daemon is killed.

Each client talks in a conversation of its own and writes down what it was told: a turn is
acknowledged when its answer has been read to the end that certifies it. `Ledger` holds that and
checks it against what the daemon has after its death.
"""

import asyncio
import json

from Relay.events import DONE
from Relay.wire import AsyncConnection

from . import asking
from .ways import AGENT_JSON, AGENT_SSE, CREATE, RESPOND, WIDGET_JSON, WIDGET_LINES

REPLY = "Hello there"


class Ledger:
    """One conversation as its client knows it."""

    def __init__(self, api, number, agent):
        self.api, self.agent = api, agent
        self.session = f"client-{number}"
        self.conversation = self.session if api == "widget" else None
        self.number = number
        # Messages in order of sending, and those whose replies have been read.
        self.sent = []
        self.acknowledged = set()
        # Streams that were begun and not seen to end, and those that were.
        self.running = set()
        self.ended = set()

    @property
    def way(self):
        """Whole answers and streams in turn."""
        if self.api == "chats":
            return CREATE if self.conversation is None else RESPOND
        streams = len(self.sent) % 2 == 0
        if self.api == "agents":
            return AGENT_SSE if streams else AGENT_JSON
        return WIDGET_LINES if streams else WIDGET_JSON

    async def turn(self, connection):
        """One message; ends with an exception when the daemon is gone."""
        way = self.way
        text = f"{self.session} says {len(self.sent)}"
        path, body = way.request(self.agent, text, self.conversation)
        self.sent.append(text)
        answer = await connection.ask("POST", path, body, asking.key(self.api))
        await connection.read_until(answer, lambda answer: answer.status is not None)
        stream = answer.header("x-stream-id")
        self.running.add(stream)
        try:
            await connection.read_until(answer, lambda answer: answer.ended)
        finally:
            if self.is_whole(way, answer):
                self.acknowledged.add(text)
                self.running.discard(stream)
                self.ended.add(stream)
                self.conversation = self.conversation or way.conversation(answer)
        assert self.is_whole(way, answer), bytes(answer.body)

    @staticmethod
    def is_whole(way, answer):
        if way is AGENT_SSE:
            return answer.body.endswith(DONE)
        if way is WIDGET_LINES:
            return b'{"type":"done"' in answer.body and answer.body.endswith(b"\n")
        return answer.ended and answer.status in (200, 201)

    def check(self, history):
        """`history` has (role, text) pairs, as the daemon has them now."""
        users = [text for role, text in history if role == "user"]
        assert len(set(users)) == len(users), f"twice: {users}"
        assert users == [text for text in self.sent if text in users], users
        for place, (role, text) in enumerate(history):
            follower = history[place + 1] if place + 1 < len(history) else None
            if role == "assistant":
                assert text == REPLY
                assert place > 0 and history[place - 1][0] == "user", history
            elif text in self.acknowledged:
                assert follower == ("assistant", REPLY), f"lost the reply to {text!r}: {history}"
            elif self.api != "widget":
                # They store whole turns alone.
                assert follower == ("assistant", REPLY), history
        lost = self.acknowledged - set(users)
        assert not lost, f"lost {lost}"


async def talk(daemon, ledgers, enough):
    """All clients talk until `enough` turns have been acknowledged, and the daemon is killed."""
    before = sum(len(ledger.acknowledged) for ledger in ledgers)

    async def client(ledger):
        async with AsyncConnection(daemon.port) as connection:
            while True:
                await ledger.turn(connection)
                acknowledged = sum(len(ledger.acknowledged) for ledger in ledgers) - before
                if acknowledged >= enough and daemon.is_running:
                    daemon.daemon.process.kill()

    ends = await asyncio.gather(*map(client, ledgers), return_exceptions=True)
    for end in ends:
        # What a reader of a dead connection gets; anything else is the client's own finding.
        if not is_broken(end):
            raise end
    daemon.kill()


def is_broken(end):
    if isinstance(end, OSError):
        return not isinstance(end, TimeoutError)
    return isinstance(end, AssertionError) and "the connection ended" in str(end)


def snapshot(body):
    found = json.loads(body)
    return found["status"], (found.get("error") or {}).get("code")
