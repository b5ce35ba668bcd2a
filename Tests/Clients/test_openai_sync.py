"""The OpenAI SDK for Python, its blocking client: answers whole and streamed, tools, models.

Each answer is checked as the SDK understands it, field by field: what it makes of our bytes is what
its users see.
"""

import json

import openai
import pytest
from answers import chunk
from daemons import UPSTREAM_KEY

MESSAGES = [{"role": "user", "content": "Hi"}]
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
TEXT = "Grüß dich, 世界! 🙂 \"quoted\" \\ and\nanother line"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TOOL_ARGUMENTS = ['{"city":"Zürich"}', '{"city":"Bern"}']


@pytest.fixture(scope="module")
def client(daemon):
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def create(client, model, **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def tool_fragments():
    """Two calls whose arguments come in pieces, in turns, as deltas of a stream."""

    def delta(index, arguments, **first):
        call = {"index": index, **first}
        call["function"] = {**first.get("function", {}), "arguments": arguments}
        return chunk({"tool_calls": [call]})

    def opening(index):
        return {"id": f"call_{index}", "type": "function", "function": {"name": "weather"}}

    first, second = TOOL_ARGUMENTS
    return [
        chunk({"role": "assistant", "content": None}),
        delta(0, "", **opening(0)),
        *(delta(0, first[i : i + 3]) for i in range(0, len(first), 3)),
        delta(1, "", **opening(1)),
        *(delta(1, second[i : i + 3]) for i in range(0, len(second), 3)),
        chunk(finish="tool_calls"),
    ]


def test_a_stream_gives_the_text_piece_by_piece(client, script):
    name = script([{"answer": TEXT, "each": "char"}])
    chunks = list(create(client, name, stream=True))
    pieces = [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]
    assert pieces == list(TEXT)
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]
    assert {c.object for c in chunks} == {"chat.completion.chunk"}
    assert all(c.usage is None for c in chunks)


def test_a_whole_answer(client, script):
    name = script([{"answer": TEXT}])
    answer = create(client, name)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_the_demo_model_answers_both_ways_with_the_same_text(client):
    chunks = list(create(client, "demo", stream=True, stream_options={"include_usage": True}))
    whole = create(client, "demo")
    assert len(chunks) > 20
    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens > 0


def test_an_upstream_that_streams_unasked_is_put_together(client, model, script):
    steps = [chunk({"role": "assistant", "content": ""}), {"text": TEXT, "tokens": 5},
             chunk(finish="stop"), {"usage": USAGE}, {"done": True}]
    answer = create(client, script(steps))
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 7


def test_an_upstream_that_does_not_stream_still_gives_a_stream(client, script):
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "test", "usage": USAGE,
            "choices": [{"index": 0, "finish_reason": "length",
                         "message": {"role": "assistant", "content": TEXT}}]}
    chunks = list(create(client, script([{"json": body}]), stream=True))
    assert text_of(chunks) == TEXT
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"


# The second is what some gateways send.
@pytest.mark.parametrize("choices", [[], [{"index": 0, "delta": {}}]], ids=["none", "empty"])
@pytest.mark.parametrize("wants", [True, False, None])
def test_usage_is_for_those_who_ask_for_it(client, model, script, wants, choices):
    name = script([{"role": True}, {"text": "Hello there"}, {"finish": "stop"},
                   chunk(choices=choices, usage=USAGE), {"done": True}])
    options = {} if wants is None else {"stream_options": {"include_usage": wants}}
    chunks = list(create(client, name, stream=True, **options))
    assert text_of(chunks) == "Hello there"
    with_usage = [c for c in chunks if c.usage]
    if wants:
        assert with_usage == chunks[-1:]
        assert with_usage[0].usage.total_tokens == 7
    else:
        assert with_usage == [] and len(chunks) == 1 + 2 + 1
    sent = json.loads(model.log(name)[0]["body"])
    assert sent["stream_options"]["include_usage"] is True


def test_the_sdks_own_stream_helper_puts_the_answer_together(client, script):
    name = script([{"role": True}, {"text": TEXT, "tokens": 7}, {"finish": "stop"},
                   {"usage": USAGE}, {"done": True}])
    with client.chat.completions.stream(
        model=name, messages=MESSAGES, stream_options={"include_usage": True}
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        answer = stream.get_final_completion()
    # The role comes with an empty text.
    assert "".join(deltas) == TEXT and len(deltas) == 1 + 7
    assert answer.choices[0].message.content == TEXT
    assert answer.usage.total_tokens == 7


def test_tool_calls_come_through_the_sdks_stream_helper(client, model, script):
    name = script([*tool_fragments(), {"done": True}])
    with client.chat.completions.stream(
        model=name, messages=MESSAGES, tools=[WEATHER]
    ) as stream:
        done = [e for e in stream if e.type == "tool_calls.function.arguments.done"]
        answer = stream.get_final_completion()
    assert [(e.name, e.index, e.arguments) for e in done] == [
        ("weather", 0, TOOL_ARGUMENTS[0]), ("weather", 1, TOOL_ARGUMENTS[1])]
    calls = answer.choices[0].message.tool_calls
    assert [(c.id, c.function.name, c.function.arguments) for c in calls] == [
        ("call_0", "weather", TOOL_ARGUMENTS[0]), ("call_1", "weather", TOOL_ARGUMENTS[1])]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert json.loads(model.log(name)[0]["body"])["tools"] == [WEATHER]


def test_tool_calls_that_were_streamed_are_whole_in_a_whole_answer(client, script):
    answer = create(client, script([*tool_fragments(), {"done": True}]), tools=[WEATHER])
    calls = answer.choices[0].message.tool_calls
    assert [(c.id, c.type, c.function.name, c.function.arguments) for c in calls] == [
        ("call_0", "function", "weather", TOOL_ARGUMENTS[0]),
        ("call_1", "function", "weather", TOOL_ARGUMENTS[1])]
    assert answer.choices[0].finish_reason == "tool_calls"


def test_what_the_sdk_does_not_know_goes_through_in_both_directions(client, model, script):
    name = script([chunk({"content": "a", "reasoning_content": "because"}, provider="p"),
                   chunk(finish="stop"), {"done": True}])
    chunks = list(create(client, name, stream=True, extra_body={"top_k": 7, "ü": [None, 1.50]}))
    assert chunks[0].choices[0].delta.reasoning_content == "because"
    assert chunks[0].provider == "p"
    sent = json.loads(model.log(name)[0]["body"])
    assert (sent["top_k"], sent["ü"]) == (7, [None, 1.5])


def test_the_upstreams_key_is_the_daemons_and_not_the_clients(client, model, script):
    name = script([{"answer": "Hello"}])
    create(client, name)
    fields = model.log(name)[0]["headers"]
    assert fields["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert "any" not in fields.values()


def test_every_answer_says_its_request_and_its_stream(client, script):
    name = script([{"answer": "Hello"}])
    raw = client.chat.completions.with_raw_response.create(
        model=name, messages=MESSAGES, extra_headers={"X-Request-Id": "mine-17"})
    assert raw.headers["x-request-id"] == "mine-17"
    assert raw.parse()._request_id == "mine-17"
    assert raw.headers["x-stream-id"].startswith("strm_")


def test_models_are_listed(client):
    models = list(client.models.list())
    assert [(m.id, m.object, m.owned_by) for m in models] == [("demo", "model", "demo")]
    assert models[0].created > 1_700_000_000


@pytest.mark.parametrize("name", ["demo", "vendor/model:latest", "mit Leerzeichen und ü"])
def test_a_model_is_retrieved_by_its_name(client, name):
    model = client.models.retrieve(name)
    assert (model.id, model.object) == (name, "model")


def test_a_client_that_leaves_is_missed_upstream(client, daemon, model, script, gate):
    name = script([{"text": "one two three", "each": "word"}, {"gate": gate}, {"done": True}])
    stream = create(client, name, stream=True)
    assert next(stream).choices[0].delta.content == "one"
    assert model.log(name)[0]["outcome"] == "running"
    stream.close()
    record = model.wait(name, "gone")[0]
    assert record["outcome"] == "gone" and record["eventsSent"] == 3
    daemon.wait_for_log(rf"generation .*model={name} .*end=cancelled")
