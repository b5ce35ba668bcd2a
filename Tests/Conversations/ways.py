"""The six ways to ask for a turn of a conversation, under one surface.

What holds for every API is tested once, over these: `@pytest.mark.parametrize("way", WAYS)`.
"""

import json
from typing import NamedTuple

from Relay.events import DONE, PING, payloads
from Relay.wire import Exchange, fetch

from . import asking
from .daemons import WIDGET
from .faults import check, read

CHUNK_ERROR = {
    "error": {
        "name": "InternalServerError",
        "message": "The agent could not answer",
        "details": {},
    }
}
LINE_ERROR = {"type": "error", "error": "Internal server error"}


class Way(NamedTuple):
    name: str
    api: str
    # Whether the answer comes in pieces.
    streams: bool
    # Whether a first message needs no conversation, and opens one.
    opens: bool = True
    # The status of a success.
    status: int = 200

    def __repr__(self):
        return self.name

    def agent(self, agent):
        """The one that answers: the test's own, but for the widget."""
        return WIDGET if self.api == "widget" else agent

    def request(self, agent, text, conversation=None):
        """The path and the body of a message."""
        if self.api == "chats":
            if conversation is None:
                return asking.CHATS, asking.create_body(agent, text)
            return asking.RESPONSE, {"chatId": conversation, "input": text}
        if self.api == "agents":
            body = asking.message_body(text, conversation, stream=self.streams)
            return asking.agent_path(agent), body
        path = asking.WIDGET_LINES if self.streams else asking.WIDGET_JSON
        return path, {"sessionId": conversation, "message": text}

    def open(self, daemon, agent, text, conversation=None, headers=(), person=None):
        path, body = self.request(agent, text, conversation)
        headers = {**asking.key(self.api, person), **dict(headers)}
        return Exchange(daemon.port, "POST", path, body, headers)

    def ask(self, daemon, agent, text, conversation=None, headers=(), person=None):
        with self.open(daemon, agent, text, conversation, headers, person) as exchange:
            return exchange.whole()

    def begin(self, daemon, agent, session, text="Hello"):
        """A conversation with one answered turn; for the widget the session is given."""
        if self.api == "widget":
            self.check_reply(self.ask(daemon, agent, text, session))
            return session
        if self.api == "chats":
            return asking.opened(daemon, agent, text)
        return asking.data(asking.message(daemon, agent, text))["conversationId"]

    def first(self, daemon, agent, session):
        """What to give as the conversation of the first message in question.

        None where that message opens one; `respond` needs a conversation that is there.
        """
        if self.name == "chats respond":
            return asking.opened(daemon, agent, "Before")
        return session if self.api == "widget" else None

    def reply(self, answer):
        """The text of a whole answer; the answer must certify that it is whole."""
        assert answer.status in (200, 201), (answer.status, bytes(answer.body))
        if self.api == "chats":
            (said,) = read(answer)["response"]
            return "".join(said["content"])
        if self.streams and self.api == "agents":
            assert answer.body.endswith(DONE)
            found = payloads(answer.body.replace(PING, b""))[:-1]
            return "".join(json.loads(text)["chunk"] for text in found)
        if self.api == "agents":
            return read(answer)["data"]["response"]
        if self.streams:
            last = asking.lines(answer)[-1]
            assert last["type"] == "done", last
            return last["message"]
        return read(answer)["message"]

    def check_reply(self, answer, text=None):
        said = self.reply(answer)
        assert text in (None, said), said

    def conversation(self, answer):
        """The id of the conversation, as this answer tells it."""
        if self.api == "chats":
            return read(answer)["chatId"]
        if self.api == "agents":
            if self.streams:
                return answer.header("x-conversation-id")
            return read(answer)["data"]["conversationId"]
        if self.streams:
            return asking.lines(answer)[0]["conversationId"]
        return read(answer)["conversationId"]

    def check_failure(self, answer, texts=()):
        """Asserts that a generation failed: with a status, or behind `texts` where it streams."""
        if self.api == "widget" and self.streams:
            assert answer.status == 200
            start, *tokens, error = asking.lines(answer)
            assert start["type"] == "start" and error == LINE_ERROR
            assert tokens == [{"type": "token", "token": text} for text in texts]
        elif self.api == "agents" and self.streams and texts:
            assert answer.status == 200
            *chunks, error = [json.loads(text) for text in payloads(answer.body)]
            assert chunks == [{"chunk": text} for text in texts] and error == CHUNK_ERROR
        else:
            check(answer, self.api, 500, self.path)

    @property
    def path(self):
        """For the Chats API, whose errors name it."""
        return asking.RESPONSE if self.name == "chats respond" else asking.CHATS


CREATE = Way("chats create", "chats", False, status=201)
RESPOND = Way("chats respond", "chats", False, opens=False)
AGENT_JSON = Way("agents json", "agents", False)
AGENT_SSE = Way("agents sse", "agents", True)
WIDGET_JSON = Way("widget json", "widget", False)
WIDGET_LINES = Way("widget lines", "widget", True)
WAYS = [CREATE, RESPOND, AGENT_JSON, AGENT_SSE, WIDGET_JSON, WIDGET_LINES]
STREAMING = [AGENT_SSE, WIDGET_LINES]
# Those that go on with a conversation.
GOING_ON = [RESPOND, AGENT_JSON, AGENT_SSE, WIDGET_JSON, WIDGET_LINES]


def history(daemon, model, way, agent, conversation):
    """What is stored of a conversation as (role, text) pairs, by that API's own means.

    The Agents API has none but another turn: what its model hears, without the new message.
    """
    if way.api == "chats":
        return asking.said(asking.record(daemon, conversation))
    if way.api == "widget":
        return asking.stored(daemon, conversation)
    model.script(agent.model, [{"answer": "Looked"}])
    assert asking.message(daemon, agent, "Look", conversation).status == 200
    return asking.heard(model, agent)[:-1]


def follow(daemon, path, form="sse", after=None):
    """The whole of a stream by its path, as Streams serves it."""
    query = f"?format={form}" + ("" if after is None else f"&after={after}")
    return fetch(daemon.port, "GET", path + query)
