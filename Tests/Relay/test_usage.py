"""Completions: the usage is always asked for, and shown to those who asked for it."""

import json

import pytest

from . import asking
from .events import DONE, payloads, stream_events
from .wire import fetch

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
STEPS = [{"text": "Hello there"}, {"finish": "stop"}, {"usage": USAGE}, {"done": True}]
NOT_ASKED = [
    {},
    {"stream_options": {}},
    {"stream_options": None},
    {"stream_options": {"include_usage": False}},
    {"stream_options": {"include_obfuscation": False}},
]


def usages(answer):
    chunks = [json.loads(payload) for payload in payloads(answer.body)[:-1]]
    return [chunk["usage"] for chunk in chunks if chunk.get("usage")]


@pytest.mark.parametrize("fields", NOT_ASKED, ids=json.dumps)
def test_a_client_that_did_not_ask_gets_every_event_but_the_usage(daemon, model, name, fields):
    model.script(name, STEPS)
    answer = asking.complete(daemon, name, **fields)
    chunks = [json.loads(payload) for payload in payloads(answer.body)[:-1]]
    assert len(chunks) == 3 and all(chunk["choices"] for chunk in chunks)
    assert usages(answer) == []
    assert answer.body.endswith(DONE)
    (record,) = model.log(name)
    assert json.loads(record["body"])["stream_options"]["include_usage"] is True


def test_a_client_that_asked_gets_the_usage_before_the_marker(daemon, model, name):
    model.script(name, STEPS)
    answer = asking.complete(daemon, name, stream_options={"include_usage": True})
    found = payloads(answer.body)
    assert len(found) == 5 and json.loads(found[3])["usage"] == USAGE
    assert json.loads(found[3])["choices"] == [] and found[4] == b"[DONE]"


def test_no_usage_chunk_is_shown_to_who_did_not_ask_even_if_several_come(daemon, model, name):
    model.script(name, [STEPS[0], STEPS[2], *STEPS[1:]])
    assert usages(asking.complete(daemon, name)) == []
    answer = asking.complete(daemon, name, stream_options={"include_usage": True})
    assert usages(answer)[-1] == USAGE


def test_usage_beside_content_is_a_part_of_the_event(daemon, model, name):
    event = {"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": USAGE}
    model.script(name, [{"event": event}, {"done": True}])
    assert usages(asking.complete(daemon, name)) == [USAGE]


@pytest.mark.parametrize("wants", [True, False])
def test_readers_of_the_stream_know_the_usage_whoever_asked(daemon, model, name, wants):
    model.script(name, STEPS)
    answer = asking.complete(daemon, name, stream_options={"include_usage": wants})
    done = stream_events(asking.read(daemon, answer.stream_path).body)[-1]
    assert done.data == {
        "finishReason": "stop",
        "usage": {"promptTokens": 5, "completionTokens": 2, "totalTokens": 7},
    }


def test_two_clients_one_model_each_as_it_asked(daemon, model, name):
    model.script(name, [STEPS[0], {"gate": name}, *STEPS[1:]])
    with (
        asking.open_completion(daemon, name) as without,
        asking.open_completion(daemon, name, stream_options={"include_usage": True}) as with_usage,
    ):
        model.wait(name, "attempt", 2)
        model.open(name)
        assert usages(without.whole()) == [] and usages(with_usage.whole()) == [USAGE]


def test_what_is_known_of_the_usage_is_kept_when_an_answer_is_stopped(daemon, model, name):
    """Some upstreams count along in every chunk."""
    so_far = {"choices": [{"index": 0, "delta": {"content": "Hello"}}], "usage": USAGE}
    model.script(name, [{"event": so_far}, {"gate": name}])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"Hello")
        stopped = fetch(daemon.port, "DELETE", path).json()
        events = stream_events(reader.whole().body)
    counted = {"promptTokens": 5, "completionTokens": 2, "totalTokens": 7}
    assert stopped["usage"] == counted
    assert events[-1].data == {"finishReason": "cancelled", "usage": counted}
    model.wait(name, "gone")


def test_what_is_known_of_the_usage_is_kept_when_an_answer_breaks_off(daemon, model, name):
    so_far = {"choices": [{"index": 0, "delta": {"content": "Hello"}}], "usage": USAGE}
    model.script(name, [{"event": so_far}, {"close": True}])
    path = asking.start_stream(daemon, name)
    assert stream_events(asking.read(daemon, path).body)[-1].name == "error"
    assert asking.snapshot(daemon, path)["usage"]["totalTokens"] == 7
