"""Answers that break off and go on at another upstream: readers see one."""

import json

import pytest

from . import asking
from .events import DONE, error_of, payloads, stream_events
from .wire import fetch

PREFIX = "The answer "
REST = "is forty-two."
BROKEN = {
    "cut": [{"text": PREFIX}, {"close": True}],
    "reset": [{"text": PREFIX}, {"gate": "reset"}, {"reset": True}],
    "error": [{"text": PREFIX}, {"event": {"error": {"message": "x", "type": "server_error"}}}],
    "no JSON": [{"text": PREFIX}, {"sse": "data: <html>\n\n"}],
}
WHOLE = [{"role": True}, {"text": REST}, {"finish": "stop"}, {"done": True}]


def refusal(status):
    return [{"head": {"status": status}}, {"json": {"error": {"message": "no"}}}]


@pytest.fixture
def three(start, model):
    """A daemon with three upstreams for a model, told apart by their paths."""

    def make(continuations=("prefill", "prefill", "off"), upstream=(), **settings):
        upstreams = [
            {
                "name": name,
                "kind": "openai",
                "baseURL": f"{model.base_url}/{name}",
                "continuation": continuation,
                **dict(upstream),
            }
            for name, continuation in zip(("first", "second", "third"), continuations)
        ]
        models = [{"id": "*", "upstream": "first", "fallbacks": ["second", "third"]}]
        return start({"upstreams": upstreams, "models": models, **settings})

    return make


def asked(model, name):
    return [record["path"].split("/")[2] for record in model.log(name)]


def sent(model, name, index):
    return json.loads(model.log(name)[index]["body"])


CONTINUED = b": continued\n\n"


def chunks_of(body):
    """The chunks of a Completions stream, errors and marks left out."""
    found = payloads(bytes(body).replace(CONTINUED, b""))
    chunks = [json.loads(payload) for payload in found if payload != b"[DONE]"]
    return [chunk for chunk in chunks if "choices" in chunk]


def text_of(body):
    choices = [choice for chunk in chunks_of(body) for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("how", BROKEN)
def test_readers_of_every_format_see_one_answer(three, model, name, how):
    daemon = three()
    gate = f"{name}-there"
    broken = [{**step, "gate": gate} if "gate" in step else step for step in BROKEN[how]]
    model.script(name, broken, [{"gate": name}, *WHOLE])
    with asking.open_completion(daemon, name) as running:
        path = running.head().stream_path
        running.read_body(PREFIX.split()[-1].encode())
        model.open(gate)
        model.wait(name, "attempt", 2)
        model.open(name)
        body = running.whole().body
    assert text_of(body) == PREFIX + REST
    assert body.endswith(CONTINUED + DONE)
    chunks = chunks_of(body)
    # As if one upstream had said it: one id, one time, one beginning.
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert sum("role" in choice["delta"] for chunk in chunks for choice in chunk["choices"]) <= 1
    assert asked(model, name) == ["first", "second"]
    messages = sent(model, name, 1)["messages"]
    assert messages == [*asking.MESSAGES, {"role": "assistant", "content": PREFIX}]

    events = stream_events(asking.read(daemon, path).body)
    assert "".join(event.data.get("text", "") for event in events) == PREFIX + REST
    assert events[-1].name == "done" and events[-1].data["continued"] == 1
    lines = [json.loads(line) for line in asking.read(daemon, path, "ndjson").body.splitlines()]
    assert (lines[-1]["message"], lines[-1]["continued"]) == (PREFIX + REST, True)
    assert asking.read(daemon, path, "chunk").body.endswith(CONTINUED + DONE)
    snapshot = asking.snapshot(daemon, path)
    assert (snapshot["text"], snapshot["continued"]) == (PREFIX + REST, 1)
    metrics = daemon.metrics()
    key = 'deltad_upstream_decisions_total{upstream="second",decision="continuation"}'
    assert metrics[key] == 1
    daemon.wait_for_log(" upstream .* upstream=first fault=.* next=second")


@pytest.mark.parametrize("manner", ["finalMessage", "instruct"])
def test_each_upstream_is_asked_in_its_own_manner(three, model, name, manner):
    daemon = three(("off", manner, "off"))
    model.script(name, BROKEN["cut"], WHOLE)
    assert text_of(asking.complete(daemon, name).body) == PREFIX + REST
    body = sent(model, name, 1)
    if manner == "instruct":
        assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    else:
        assert body["messages"][-1] == {"role": "assistant", "content": PREFIX}
        assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


def test_it_goes_on_as_often_as_there_are_upstreams(three, model, name):
    daemon = three(("prefill", "prefill", "prefill"))
    parts = [[{"text": f"{n} "}, {"close": True}] for n in range(4)]
    model.script(name, *parts, WHOLE)
    body = asking.complete(daemon, name).body
    assert asked(model, name) == ["first", "second", "third", "first"]
    assert [sent(model, name, n)["messages"][-1]["content"] for n in (1, 2, 3)] == [
        "0 ",
        "0 1 ",
        "0 1 2 ",
    ]
    # The fourth broke off too: what was delivered is kept, and its readers are told.
    assert text_of(body) == "0 1 2 3 "
    assert error_of(body)["code"] == "upstream_error"


def test_one_upstream_may_go_on_with_its_own_answer(start, model, name):
    daemon = start({}, {"continuation": "prefill"})
    model.script(name, BROKEN["cut"], WHOLE)
    assert text_of(asking.complete(daemon, name).body) == PREFIX + REST


def test_by_default_nothing_is_continued(three, model, name):
    daemon = three(("off", "off", "off"))
    model.script(name, BROKEN["cut"], WHOLE)
    assert not asking.complete(daemon, name).body.endswith(DONE)
    assert asked(model, name) == ["first"]


CALL = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]}
CANNOT = {
    "a tool call": ([{"event": {"choices": [{"index": 0, "delta": CALL}]}}], {}),
    "reasoning": ([{"event": {"choices": [{"index": 0, "delta": {"reasoning": "hm"}}]}}], {}),
    "content in parts": (
        [{"event": {"choices": [{"index": 0, "delta": {"content": [{"type": "x"}]}}]}}],
        {},
    ),
    "logprobs": ([], {"logprobs": True}),
    "several answers": ([], {"n": 2}),
    "a schema": ([], {"response_format": {"type": "json_object"}}),
}


@pytest.mark.parametrize("why", CANNOT)
def test_what_cannot_be_continued_is_not(three, model, name, why):
    daemon = three()
    steps, fields = CANNOT[why]
    model.script(name, [{"text": PREFIX}, *steps, {"close": True}], WHOLE)
    body = asking.complete(daemon, name, **fields).body
    assert not body.endswith(DONE) and asked(model, name) == ["first"]


def test_a_fault_of_the_request_is_none_of_the_upstreams(three, model, name):
    daemon = three()
    error = {"error": {"message": "x", "type": "invalid_request_error", "code": 400}}
    model.script(name, [{"text": PREFIX}, {"event": error}], WHOLE)
    assert not asking.complete(daemon, name).body.endswith(DONE)
    assert asked(model, name) == ["first"]


def test_an_answer_that_has_its_reason_to_end_is_whole(three, model, name):
    daemon = three()
    model.script(name, [{"text": PREFIX}, {"finish": "length"}, {"close": True}], WHOLE)
    assert asking.complete(daemon, name).body.endswith(DONE)
    assert asked(model, name) == ["first"]


def test_when_nobody_goes_on_readers_are_told(three, model, name):
    daemon = three()
    model.script(name, BROKEN["cut"], refusal(503))
    body = asking.complete(daemon, name).body
    assert text_of(body) == PREFIX
    # Of what broke off, and not of who would not go on.
    assert "broke inside the answer" in error_of(body)["message"]
    assert asked(model, name) == ["first", "second", "first", "second"]


def test_one_that_refuses_to_go_on_is_not_the_last(three, model, name):
    daemon = three(("off", "prefill", "instruct"))
    model.script(name, BROKEN["cut"], refusal(400), WHOLE)
    assert text_of(asking.complete(daemon, name).body) == PREFIX + REST
    assert asked(model, name) == ["first", "second", "third"]


def test_it_is_stored_as_one_and_told_again_as_one(three, model, name, tmp_path):
    archive = {"file": str(tmp_path / "deltad.db")}
    model.script(name, BROKEN["cut"], WHOLE)

    def ask(daemon):
        fields = {"Idempotency-Key": "once"}
        return fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields)

    daemon = three(archive=archive)
    first = ask(daemon)
    assert text_of(first.body) == PREFIX + REST
    assert ask(daemon).body == first.body
    daemon.stop()
    daemon.process.returncode = 0
    daemon = three(archive=archive)
    assert ask(daemon).body == first.body
    assert asking.snapshot(daemon, first.stream_path)["continued"] == 1
    assert len(model.log(name)) == 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_beginning_without_content_is_tried_again(start, model, name, stream):
    """Not a continuation: nothing of the answer has been released yet."""
    daemon = start({}, {"retry": {"retries": 1, "base": "0s"}})
    model.script(name, [{"role": True}, {"close": True}], WHOLE)
    answer = asking.complete(daemon, name, stream)
    assert answer.status == 200 and len(model.log(name)) == 2
    if stream:
        assert text_of(answer.body) == REST and answer.body.endswith(DONE)
        assert b"continued" not in answer.body
        assert answer.body.count(b'"role"') == 1


def test_a_blank_beginning_gives_the_stream_no_name(start, model, name):
    """Some providers begin with a chunk of blank values, which says nothing of what follows."""
    daemon = start({}, {"retry": {"retries": 1, "base": "0s"}})
    blank = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
    model.script(name, [{"event": blank}, {"close": True}], [{"event": blank}, *WHOLE])
    body = asking.complete(daemon, name).body
    assert text_of(body) == REST and body.count(b'"role"') == 1
    (identity,) = {chunk["id"] for chunk in chunks_of(body) if chunk["choices"]}
    assert identity
