"""What was answered before a restart is there after it, to the byte."""

import json

import pytest
from Relay.events import stream_events
from Relay.wire import fetch

from . import asking
from .daemons import AGENTS
from .faults import check, read
from .ways import AGENT_JSON, CREATE, GOING_ON, STREAMING, WAYS, follow, history

FORMS = ["sse", "openai", "ndjson", "chunk"]


@pytest.fixture
def fresh(start):
    """A daemon of the test's own, to be stopped and started."""
    return start()


def everything(daemon, path):
    """All that Streams has of an answer: every format from every position, and the snapshot."""
    snapshot = json.loads(follow(daemon, path, "json").body)
    # Has a test of its own.
    del snapshot["createdAt"]
    found = {"snapshot": snapshot}
    for form in FORMS:
        for after in range(snapshot["lastEventId"] + 1):
            headers = {"Last-Event-ID": after}
            answer = fetch(daemon.port, "GET", f"{path}?format={form}", headers=headers)
            kind = answer.header("content-type")
            found[form, after] = (answer.status, kind, bytes(answer.body))
    return found


def check_everything(daemon, path, before):
    after = everything(daemon, path)
    assert list(after) == list(before)
    for part, value in before.items():
        assert after[part] == value, part


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_read_as_before(fresh, model, agent, session, way):
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": 'Hello "there" 😀 \n'}])
    answer = way.ask(fresh, agent, "Hi", way.first(fresh, agent, session))
    before = everything(fresh, answer.stream_path)
    assert before["snapshot"]["status"] == "done" and before["sse", 0][0] == 200
    fresh.restart()
    check_everything(fresh, answer.stream_path, before)
    # And once more, with the last one killed.
    fresh.kill()
    fresh.start()
    check_everything(fresh, answer.stream_path, before)


def test_an_answer_has_the_same_time_as_before(fresh, model, agent):
    """Of many, for a time in milliseconds may be the same by chance."""
    model.script(agent.model, [{"answer": "Hello"}])
    paths = [asking.message(fresh, agent).stream_path for _ in range(20)]

    def times():
        return [json.loads(follow(fresh, path, "json").body)["createdAt"] for path in paths]

    before = times()
    fresh.restart()
    assert times() == before


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_is_read_as_before(fresh, model, agent, session, way):
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "Before"}])
    place = way.first(fresh, agent, session)
    model.script(agent.model, [{"text": "Hello you"}, {"close": True}])
    answer = way.ask(fresh, agent, "Hi", place)
    way.check_failure(answer, ["Hello", " you"])
    before = everything(fresh, answer.stream_path)
    assert before["snapshot"]["status"] == "error"
    if way is AGENT_JSON:
        # Its conversation is gone, and whose id the lines begin with is nobody's business.
        before = {part: value for part, value in before.items() if "ndjson" not in part}
    fresh.restart()
    after = everything(fresh, answer.stream_path)
    assert {part: after[part] for part in before} == before


def test_a_turn_in_the_background_is_read_as_before(fresh, model, agent):
    model.script(agent.model, [{"answer": "Hello there"}])
    body = {"agent": agent.slug, "message": "Hi"}
    plain = {"model": agent.model, "messages": [{"role": "user", "content": "Hi"}]}
    paths = []
    for each in (body, plain):
        answer = fetch(fresh.port, "POST", "/v1/streams", each, asking.key("streams"))
        paths.append(answer.header("location"))
        assert follow(fresh, paths[-1]).status == 200
    before = {path: everything(fresh, path) for path in paths}
    fresh.restart()
    for path in paths:
        check_everything(fresh, path, before[path])


@pytest.mark.parametrize("way", GOING_ON)
def test_a_conversation_goes_on(fresh, model, agent, session, way):
    agent = way.agent(agent)
    model.script(agent.model, *[[{"answer": text}] for text in ("One", "Two", "Three")])
    conversation = way.begin(fresh, agent, session, "Hi")
    for text in ("And you?", "Bye"):
        fresh.restart()
        answer = way.ask(fresh, agent, text, conversation)
        way.check_reply(answer)
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "And you?", "Two", "Bye")
    expected = asking.turns("Hi", "One", "And you?", "Two", "Bye", "Three")
    assert history(fresh, model, way, agent, conversation) == expected


def test_a_chats_record_and_list_are_the_same(fresh, model, agent, others):
    model.script(agent.model, [{"answer": "Hello"}])
    variables = {"name": "Ann", "deep": {"é": [1, 2.5, None, True, "😀"]}}
    chats = [asking.opened(fresh, agent, f"Chat {n}", dynamicVariables=variables) for n in range(3)]
    asking.patch(fresh, chats[0], {"agentId": others[0].id})
    asking.chats(fresh, "DELETE", f"{asking.CHATS}/{chats[1]}")
    before = asking.listed(fresh), [asking.record(fresh, chat) for chat in chats]
    fresh.restart()
    assert (asking.listed(fresh), [asking.record(fresh, chat) for chat in chats]) == before
    check(asking.respond(fresh, chats[1]), "chats", 400, asking.RESPONSE)


def test_a_session_has_the_same_conversation(fresh, model, widget, session):
    model.script(widget.model, [{"answer": "Hello"}])
    asking.say(fresh, session)
    before = asking.admin(fresh), asking.admin(fresh, f"/{asking.conversation(fresh, session)}")
    identifier = asking.conversation(fresh, session)
    fresh.restart()
    assert (asking.admin(fresh), asking.admin(fresh, f"/{identifier}")) == before
    assert json.loads(asking.say(fresh, session).body)["conversationId"] == identifier


def test_a_previous_chat_is_still_heard(fresh, model, agent):
    model.script(agent.model, [{"answer": "One"}])
    first = asking.opened(fresh, agent, "Hi")
    second = asking.opened(fresh, agent, "Again", previousChatId=first)
    fresh.restart()
    asking.respond(fresh, second, "And again")
    assert asking.heard(model, agent) == asking.turns("Hi", "One", "Again", "One", "And again")


def changed(agent, **settings):
    """The configured agents, one of them changed."""
    return [{**entry, **settings} if entry["id"] == agent.id else entry for entry in AGENTS]


def test_an_agent_that_is_disabled_now_answers_nobody(fresh, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(fresh, agent)
    conversation = asking.data(asking.message(fresh, agent))["conversationId"]
    fresh.restart(agents=changed(agent, status="Disabled"))
    check(asking.respond(fresh, chat), "chats", 403, asking.RESPONSE)
    check(asking.message(fresh, agent, "Hi", conversation), "agents", 403)
    assert asking.record(fresh, chat)["agent"] == {**agent.shown, "status": "Disabled"}
    assert len(model.log(agent.model)) == 2
    fresh.restart(agents=changed(agent))
    assert asking.respond(fresh, chat).status == 200


def test_an_agents_new_prompt_serves_old_conversations(fresh, model, agent):
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(fresh, agent, dynamicVariables={"name": "Ann"})
    fresh.restart(agents=changed(agent, prompt="Be brief, {{ name }}."))
    assert read(asking.respond(fresh, chat))["chatId"] == chat
    assert asking.prompts(model, agent) == ["Be brief, Ann."]


@pytest.mark.parametrize("way", STREAMING)
def test_a_stream_that_runs_when_the_daemon_is_killed_is_interrupted(
    fresh, model, agent, session, way, name
):
    agent = way.agent(agent)
    model.script(agent.model, [{"text": "Hello there"}, {"gate": name}, {"answer": "late"}])
    place = way.first(fresh, agent, session)
    with way.open(fresh, agent, "Hi", place) as exchange:
        path = exchange.read_body(b"there").stream_path
        fresh.kill()
    fresh.start()
    *events, error = stream_events(follow(fresh, path).body)
    assert "".join(event.data["text"] for event in events) in ("", "Hello", "Hello there")
    assert (error.name, error.data["code"]) == ("error", "interrupted")
    assert error.data["retryable"] is True
    found = json.loads(follow(fresh, path, "json").body)
    assert (found["status"], found["error"]["code"]) == ("error", "interrupted")
    assert follow(fresh, path, after=error.id).status == 204
    # Who had events that were never stored hears of it too, once.
    for seen in (len(events) + 1, 50, error.id - 1):
        (last,) = stream_events(follow(fresh, path, after=seen).body)
        assert last == error and last.id > seen
    assert follow(fresh, path, after=error.id + 1).status == 400
    assert found["lastEventId"] == error.id
    model.open(name)


def test_a_chat_whose_first_turn_was_interrupted_is_an_error(fresh, model, agent, name):
    model.script(agent.model, [{"gate": name}, {"answer": "late"}])
    with CREATE.open(fresh, agent, "Hi"):
        model.wait(agent.model, "attempt")
        fresh.kill()
    fresh.start()
    (chat,) = asking.listed(fresh)["data"]
    assert (chat["status"], asking.said(chat)) == ("error", [("user", "Hi")])
    model.open(name)


def test_without_a_store_nothing_outlives_the_daemon(start, model, agent):
    daemon = start({"archive": {}})
    daemon.wait_for_log(" warning .*end with the daemon")
    model.script(agent.model, [{"answer": "Hello"}])
    chat = asking.opened(daemon, agent)
    assert asking.record(daemon, chat)["status"] == "in_progress"
    daemon.restart()
    assert asking.listed(daemon)["totalCount"] == 0
