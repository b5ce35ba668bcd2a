"""Agents: the rate limit, and how much of it is left, on every answer."""

import time

import pytest
from Relay.wire import fetch

from . import asking
from .faults import check

LIMIT = 5
# So slow that nothing comes back while a test runs.
SETTINGS = {"rates": {"agents": {"requests": LIMIT, "per": "24h"}, "widget": {"requests": 0}}}
DAY = 24 * 3600


@pytest.fixture
def limited(start):
    """A daemon from which nobody has asked anything."""
    return start(SETTINGS)


def check_fields(answer, remaining, limit=LIMIT, period=DAY):
    assert answer.header("x-ratelimit-limit") == str(limit)
    assert answer.header("x-ratelimit-remaining") == str(remaining)
    reset = int(answer.header("x-ratelimit-reset"))
    assert time.time() - 2 <= reset <= time.time() + period + 2


def test_each_answer_says_what_is_left_and_then_comes_429(limited, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    for number in range(LIMIT):
        answer = asking.message(limited, agent, stream=number % 2 == 0)
        assert answer.status == 200
        check_fields(answer, LIMIT - 1 - number)
        assert answer.header("retry-after") is None
    for _ in range(2):
        refused = asking.message(limited, agent)
        check(refused, "agents", 429)
        check_fields(refused, 0)
        assert 1 <= int(refused.header("retry-after")) <= DAY // LIMIT + 1
    assert len(model.log(agent.model)) == LIMIT


# What is wrong, and whether it counts: the limit comes after the route and before the key.
ANSWERS = [
    (404, "POST", asking.agent_path("nobody"), {"message": "Hi"}, {}, True),
    (404, "POST", asking.agent_path("slot-1"), {"message": "a", "conversationId": "x"}, {}, True),
    (400, "POST", asking.agent_path("slot-1"), {}, {}, True),
    (400, "POST", asking.agent_path("slot-1"), b"{", {}, True),
    (401, "POST", asking.agent_path("slot-1"), {}, {"Authorization": "Bearer x"}, True),
    (401, "POST", asking.agent_path("nobody", alias=True), {}, {"Authorization": ""}, True),
    (415, "POST", asking.agent_path("slot-1"), b"Hi", {"Content-Type": "text/plain"}, True),
    (413, "POST", asking.agent_path("slot-1"), b" " * (3 << 10), {}, True),
    (405, "GET", asking.agent_path("slot-1"), None, {}, False),
    (405, "DELETE", asking.agent_path("nobody"), None, {}, False),
    (405, "PUT", asking.agent_path("slot-1", alias=True), {}, {}, False),
]


def test_refusals_say_it_too(start):
    """Each of them, one after the other, on one daemon."""
    rates = {"agents": {"requests": 50, "per": "24h"}}
    daemon = start({"limits": {"body": "2KiB"}, "rates": rates})
    left = 50
    for status, method, path, body, headers, counts in ANSWERS:
        answer = fetch(daemon.port, method, path, body, {**asking.key("agents"), **headers})
        check(answer, "agents", status)
        left -= counts
        check_fields(answer, left, 50)


def test_a_bad_key_consumes_the_quota(limited, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    for _ in range(LIMIT):
        check(asking.message(limited, agent, person="nobody"), "agents", 401)
    check(asking.message(limited, agent), "agents", 429)
    check(asking.message(limited, agent, person="nobody"), "agents", 429)
    assert model.log(agent.model) == []


def test_the_limit_is_not_that_of_the_other_apis(limited, model, agent, widget, session):
    for one in (agent, widget):
        model.script(one.model, [{"answer": "Hello"}])
    for _ in range(LIMIT + 1):
        asking.message(limited, agent)
    assert asking.create(limited, agent).status == 201
    assert asking.say(limited, session).status == 200
    assert asking.message(limited, agent).status == 429


def test_what_is_used_comes_back(start, model, agent):
    """One request in a tenth of a second, and a burst of ten."""
    daemon = start({"rates": {"agents": {"requests": 10, "per": "1s"}}})
    model.script(agent.model, [{"answer": "Hello"}])
    statuses = []
    deadline = time.monotonic() + 10
    while statuses[-2:] != [429, 200] and time.monotonic() < deadline:
        answer = asking.message(daemon, agent)
        statuses.append(answer.status)
        assert answer.header("x-ratelimit-limit") == "10"
    # A machine that is too slow for ten requests a second is never refused.
    assert statuses[-2:] == [429, 200] or 429 not in statuses


def test_without_a_limit_there_is_none_to_tell(start, model, agent):
    daemon = start({"rates": {"agents": {"requests": 0}}})
    model.script(agent.model, [{"answer": "Hello"}])
    answer = asking.message(daemon, agent)
    assert answer.status == 200
    assert not [name for name, _ in answer.headers if name.startswith("x-ratelimit")]


def test_by_default_it_is_sixty_a_minute(start, model, agent):
    daemon = start({"rates": {}})
    model.script(agent.model, [{"answer": "Hello"}])
    answer = asking.message(daemon, agent)
    check_fields(answer, 59, 60, 60)


def test_chats_have_a_limit_where_it_is_configured(start, model, agent):
    daemon = start({"rates": {"chats": {"requests": 2, "per": "24h"}}})
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    check(asking.chats(daemon, "POST", asking.CHATS, {}, "nobody"), "chats", 401, asking.CHATS)
    for answer in (asking.respond(daemon, chat), asking.respond(daemon, chat, person="nobody")):
        check(answer, "chats", 429, asking.RESPONSE)
    # What generates nothing is not counted.
    assert asking.record(daemon, chat)["status"] == "in_progress"
    assert asking.patch(daemon, chat, {}).status == 200
    assert asking.listed(daemon)["totalCount"] == 1
