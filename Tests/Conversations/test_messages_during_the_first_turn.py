"""A conversation is known before its first answer is whole, and its next message waits for that."""

import json

from Relay.wire import Exchange, fetch

from . import asking
from .daemons import SECRETS

ALICE = {"Authorization": f"Bearer {SECRETS['alice']}"}


def check_order(daemon, model, agent, name, second):
    asking.settled(daemon)
    assert len(model.log(agent.model)) == 1
    model.open(name)
    answer = second.whole()
    assert answer.status == 200, bytes(answer.body)
    heard = json.loads(model.log(agent.model)[1]["body"])["messages"]
    assert [message["content"] for message in heard[1:]] == ["One", "Hello", "Two"]


def test_of_a_turn_in_the_background(daemon, model, agent, name):
    model.script(agent.model, [{"gate": name}, {"answer": "Hello"}], [{"answer": "Then"}])
    body = {"agent": agent.slug, "message": "One"}
    begun = fetch(daemon.port, "POST", "/v1/streams", body, ALICE).json()
    model.wait(agent.model, "attempt")
    body = {"message": "Two", "conversationId": begun["conversationId"]}
    with Exchange(daemon.port, "POST", f"/chat/{agent.slug}", body, ALICE) as second:
        check_order(daemon, model, agent, name, second)


def test_of_an_answer_that_streams(daemon, model, agent, name):
    said = [{"text": "Hel"}, {"gate": name}, {"text": "lo"}, {"finish": "stop"}, {"done": True}]
    model.script(agent.model, said, [{"answer": "Then"}])
    body = {"message": "One", "stream": True}
    with Exchange(daemon.port, "POST", f"/chat/{agent.slug}", body, ALICE) as first:
        conversation = first.head().header("x-conversation-id")
        body = {"message": "Two", "conversationId": conversation}
        with Exchange(daemon.port, "POST", f"/chat/{agent.slug}", body, ALICE) as second:
            check_order(daemon, model, agent, name, second)


def test_of_a_chat_that_a_list_shows(daemon, model, agent, name):
    model.script(agent.model, [{"gate": name}, {"answer": "Hello"}], [{"answer": "Then"}])
    key = {"X-API-Key": SECRETS["alice"]}
    body = {"agentId": agent.id, "input": "One"}
    with Exchange(daemon.port, "POST", "/v1/chats", body, key):
        model.wait(agent.model, "attempt")
        chat = asking.listed(daemon, "?size=1")["data"][0]["chatId"]
        body = {"chatId": chat, "input": "Two"}
        with Exchange(daemon.port, "POST", "/v1/chats/response", body, key) as second:
            check_order(daemon, model, agent, name, second)
