"""Every answer of a conversation is a stream too: read by others, while it comes and later."""

import json

import pytest
from Relay.events import DONE, RETRY, stream_events
from Relay.wire import Exchange

from . import asking
from .ways import AGENT_SSE, STREAMING, WAYS, WIDGET_LINES, follow

FORMS = ["sse", "openai", "ndjson", "chunk"]
WORDS = ["  Hello", " wörld", " 中文", " 😀", " \u2028", "  "]
TEXT = "".join(WORDS)
USAGE = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
CHUNKS = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    *[{"choices": [{"index": 0, "delta": {"content": word}}]} for word in WORDS],
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": USAGE},
]
STEPS = [*[{"event": chunk} for chunk in CHUNKS], {"done": True}]
# The number of the terminal event.
LAST = len(CHUNKS) + 1
GATE_AT = 4


def gated(gate):
    """The same, with a gate behind the third word."""
    return [*STEPS[:GATE_AT], {"gate": gate}, *STEPS[GATE_AT:]]


def event(form, number):
    """The bytes of event `number`, counted from 1."""
    chunk = CHUNKS[number - 1]
    if form == "openai":
        # The model's bytes, its spelling kept.
        text = json.dumps(chunk, ensure_ascii=False, separators=(",", ":"))
        return f"data: {text}\n\n".encode()
    delta = chunk["choices"][0]["delta"] if chunk["choices"] else {}
    if not delta.get("content"):
        return b""
    text = asking.spelled(delta["content"])
    return {
        "sse": f'id: {number}\ndata: {{"text":{text}}}\n\n',
        "ndjson": f'{{"type":"token","token":{text}}}\n',
        "chunk": f'data: {{"chunk": {text}}}\n\n',
    }[form].encode()


def rest(form, conversation, after=0):
    """All that a reader gets who has had `after` events."""
    events = b"".join(event(form, number) for number in range(after + 1, LAST))
    if form == "ndjson":
        start = asking.spelled({"type": "start", "conversationId": conversation})
        done = {"type": "done", "message": TEXT.strip(), "conversationId": conversation}
        return f"{start}\n".encode() + events + f"{asking.spelled(done)}\n".encode()
    if form == "sse":
        usage = '{"promptTokens":5,"completionTokens":6,"totalTokens":11}'
        done = f'id: {LAST}\nevent: done\ndata: {{"finishReason":"stop","usage":{usage}}}\n\n'
        return RETRY + events + done.encode()
    return events + DONE


def answered(daemon, model, way, agent, session):
    """A whole answer with `STEPS`: where it is read, and its conversation's id."""
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "Before"}])
    place = way.first(daemon, agent, session)
    model.script(agent.model, STEPS)
    answer = way.ask(daemon, agent, "Hi", place)
    way.reply(answer)
    return answer.stream_path, way.conversation(answer)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_read_in_every_format_from_every_position(
    daemon, model, agent, session, way, form
):
    path, conversation = answered(daemon, model, way, agent, session)
    for position in range(LAST):
        answer = follow(daemon, path, form, position)
        assert answer.status == 200
        assert bytes(answer.body) == rest(form, conversation, position), position
    assert follow(daemon, path, form, LAST).status == 204


@pytest.mark.parametrize("way", WAYS)
def test_a_snapshot_of_an_answer(daemon, model, agent, session, way):
    path, _ = answered(daemon, model, way, agent, session)
    found = json.loads(follow(daemon, path, "json").body)
    assert (found["status"], found["text"], found["finishReason"]) == ("done", TEXT, "stop")
    assert (found["lastEventId"], found["subscribers"]) == (LAST, 0)
    assert found["usage"] == {"promptTokens": 5, "completionTokens": 6, "totalTokens": 11}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", STREAMING)
def test_others_read_an_answer_while_it_comes(daemon, model, agent, session, way, form, name):
    agent = way.agent(agent)
    model.script(agent.model, gated(name))
    with way.open(daemon, agent, "Hi", way.first(daemon, agent, session)) as asker:
        asker.read_body("中文".encode())
        path = asker.answer.stream_path
        with Exchange(daemon.port, "GET", f"{path}?format={form}") as reader:
            reader.read_body("中文".encode())
            snapshot = json.loads(follow(daemon, path, "json").body)
            assert (snapshot["status"], snapshot["subscribers"]) == ("streaming", 2)
            assert snapshot["text"] == "".join(WORDS[:3])
            model.open(name)
            conversation = way.conversation(asker.whole())
            assert bytes(reader.whole().body) == rest(form, conversation)
    assert len(model.log(agent.model)) == 1


@pytest.mark.parametrize("way", STREAMING)
def test_the_asker_gets_the_bytes_that_a_reader_of_its_format_gets(
    daemon, model, agent, session, way
):
    agent = way.agent(agent)
    model.script(agent.model, STEPS)
    answer = way.ask(daemon, agent, "Hi", way.first(daemon, agent, session))
    form = {AGENT_SSE: "chunk", WIDGET_LINES: "ndjson"}[way]
    assert bytes(answer.body) == rest(form, way.conversation(answer))
    assert follow(daemon, answer.stream_path, form).body == answer.body


def test_many_read_one_answer_and_the_model_is_asked_once(daemon, model, widget, session, name):
    model.script(widget.model, gated(name))
    with asking.open_lines(daemon, session) as asker:
        path = asker.head().stream_path
        readers = [Exchange(daemon.port, "GET", f"{path}?format=ndjson") for _ in range(20)]
        model.open(name)
        whole = bytes(asker.whole().body)
        for reader in readers:
            with reader:
                assert bytes(reader.whole().body) == whole
    assert len(model.log(widget.model)) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_failed_answer_is_a_stream_too(daemon, model, agent, session, way):
    agent = way.agent(agent)
    model.script(agent.model, [{"answer": "Before"}])
    place = way.first(daemon, agent, session)
    model.script(agent.model, [{"text": "Hello"}, {"close": True}])
    answer = way.ask(daemon, agent, "Hi", place)
    way.check_failure(answer, ["Hello"])
    hello, error = stream_events(follow(daemon, answer.stream_path).body)
    assert hello.data == {"text": "Hello"}
    assert (error.name, error.data["code"]) == ("error", "upstream_error")


@pytest.mark.parametrize("way", STREAMING)
def test_a_stopped_generation_is_no_reply(daemon, model, agent, session, way, name):
    """DELETE ends it for everybody; the conversation goes on as after a failure."""
    agent = way.agent(agent)
    model.script(agent.model, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    with way.open(daemon, agent, "Hi", way.first(daemon, agent, session)) as asker:
        asker.read_body(b"Hello")
        path = asker.answer.stream_path
        with Exchange(daemon.port, "DELETE", path, headers=asking.key("streams")) as stop:
            assert stop.whole().status == 200
        answer = asker.whole()
        assert DONE not in answer.body and b'"done"' not in answer.body
    events = stream_events(follow(daemon, path).body)
    assert events[-1].data["finishReason"] == "cancelled"
    model.script(agent.model, [{"answer": "Two"}])
    conversation = answer.header("x-conversation-id") or session
    way.check_reply(way.ask(daemon, agent, "Again", conversation), "Two")
    assert ("assistant", "Hello") not in asking.heard(model, agent)


SEPARATORS = "a/b \u2028 \u2029 \u0085"


@pytest.mark.parametrize("way", WAYS)
def test_separators_are_escaped_and_slashes_are_not(daemon, model, agent, session, way):
    agent = way.agent(agent)
    chunk = {"choices": [{"index": 0, "delta": {"content": f"<{SEPARATORS}>"}}]}
    model.script(agent.model, [{"event": chunk}, {"done": True}])
    answer = way.ask(daemon, agent, "Hi", way.first(daemon, agent, session))
    body = answer.body.decode()
    assert r"<a/b \u2028 \u2029 \u0085>" in body
    assert not set("\u2028\u2029\u0085") & set(body)
