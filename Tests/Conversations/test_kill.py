"""A daemon that is killed among many conversations loses nothing that it had acknowledged.

`KILLS=100 pytest …/test_kill.py` does it a hundred times; a few will do in the suite.
"""

import asyncio
import os

import pytest
from Relay.events import stream_events

from . import asking
from .daemons import AGENTS, WIDGET, slot
from .traffic import REPLY, Ledger, snapshot, talk
from .ways import AGENT_JSON, follow, history

KILLS = int(os.environ.get("KILLS", "3"))
CLIENTS = 50
# Acknowledged turns before each kill.
TURNS = 300
# The whole history has to be heard where it cannot be read.
SETTINGS = {
    "agents": [{**entry, "history": 10_000} for entry in AGENTS],
    "archive": {"file": "conversations.db", "journal": "50ms"},
    "streams": {"retention": "1h"},
    "loops": 2,
}
CHATS, AGENT = slot(1), slot(2)
ANSWER = [{"answer": REPLY, "pace": "2ms"}]


def read_back(daemon, model, ledger):
    """A conversation as the daemon has it now."""
    if ledger.conversation is None:
        return None
    if ledger.api == "agents":
        # The only way to look is a turn, and so it belongs to the history from now on.
        way, text = AGENT_JSON, f"{ledger.session} says {len(ledger.sent)}"
        ledger.sent.append(text)
        model.script(ledger.agent.model, [{"answer": REPLY}])
        way.check_reply(way.ask(daemon, ledger.agent, text, ledger.conversation), REPLY)
        ledger.acknowledged.add(text)
        heard = asking.heard(model, ledger.agent)
        assert heard[-1] == ("user", text)
        return [*heard, ("assistant", REPLY)]
    return history(daemon, model, ledger.way, ledger.agent, ledger.conversation)


def check_streams(daemon, ledger):
    for stream in ledger.running:
        path = f"/v1/streams/{stream}"
        answer = follow(daemon, path, "json")
        assert answer.status == 200, f"{stream} of {ledger.session} is not known any more"
        found = snapshot(answer.body)
        # Done: its end had been stored, and the word of it was on its way.
        assert found in (("error", "interrupted"), ("done", None)), found
        if found[0] == "error":
            last = stream_events(follow(daemon, path).body)[-1]
            assert (last.name, last.data["code"]) == ("error", "interrupted")
    for stream in list(ledger.ended)[-1:]:
        assert snapshot(follow(daemon, f"/v1/streams/{stream}", "json").body) == ("done", None)
    ledger.running.clear()


def check_chats(daemon, ledgers):
    """Each chat is there once; one that no client knows of was opened when the daemon died."""
    page, found = 0, []
    while True:
        part = asking.listed(daemon, f"?size=100&page={page}")
        found += part["data"]
        if not part["hasNext"]:
            break
        page += 1
    ids = [chat["chatId"] for chat in found]
    known = {ledger.conversation for ledger in ledgers} - {None}
    assert len(set(ids)) == len(ids) and known <= set(ids)
    for chat in found:
        if chat["chatId"] not in known:
            assert chat["status"] in ("error", "in_progress"), chat
        elif chat["status"] != "in_progress":
            raise AssertionError(f"an acknowledged chat has become {chat['status']}")


def test_nothing_that_was_acknowledged_is_lost(start, model):
    daemon = start(SETTINGS)
    apis = {"chats": CHATS, "agents": AGENT, "widget": WIDGET}
    ledgers = [
        Ledger(api, f"{api}-{number}", agent)
        for api, agent in apis.items()
        for number in range(CLIENTS)
    ]
    for cycle in range(KILLS):
        for agent in apis.values():
            model.script(agent.model, ANSWER)
        asyncio.run(talk(daemon, ledgers, TURNS))
        daemon.start()
        for ledger in ledgers:
            check_streams(daemon, ledger)
            found = read_back(daemon, model, ledger)
            if found is not None:
                ledger.check(found)
            else:
                assert not ledger.acknowledged, (cycle, ledger.session)
        check_chats(daemon, [ledger for ledger in ledgers if ledger.api == "chats"])
        found = asking.admin(daemon, "?limit=200")["conversations"]
        sessions = [entry["sessionId"] for entry in found]
        assert len(set(sessions)) == len(sessions) <= CLIENTS
    assert sum(len(ledger.acknowledged) for ledger in ledgers) >= KILLS * TURNS


A, B, C = ("user", "A"), ("user", "B"), ("assistant", REPLY)
WHOLE = [A, C, B, C]
# What a daemon could have made of a conversation in which A was acknowledged and B was not.
HISTORIES = [
    ("agents", WHOLE, True),
    ("agents", [A, C], True),
    ("widget", [A, C, B], True),
    ("agents", [A, C, B], False),
    ("agents", [B, C], False),
    ("agents", [], False),
    ("widget", [A, B, C], False),
    ("widget", [A, C, A, C], False),
    ("widget", [A, C, C, B], False),
    ("widget", [B, C, A, C], False),
    ("widget", [A, ("assistant", REPLY[:-1])], False),
]


@pytest.mark.parametrize(("api", "history", "is_right"), HISTORIES)
def test_the_ledger_tells_right_from_wrong(api, history, is_right):
    ledger = Ledger(api, 0, AGENT)
    ledger.sent, ledger.acknowledged = ["A", "B"], {"A"}
    if is_right:
        ledger.check(history)
    else:
        with pytest.raises(AssertionError):
            ledger.check(history)
