"""An upstream that offers HTTP/2: it is used, and many streams share one connection."""

import contextlib

import openai
import pytest
from http2_upstream import HTTP2Upstream
from processes import wait_until
from tls_upstream import Authority

EVENTS = 200  # an answer of some 3 KB of text and 12 KB on the wire
MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "http2")


@pytest.fixture
def upstream(authority):
    upstream = HTTP2Upstream(authority.issue("http2"), EVENTS)
    yield upstream
    upstream.stop()


@pytest.fixture
def client(upstream, authority, start_daemon):
    one = {"name": "h2", "kind": "openai", "baseURL": f"https://localhost:{upstream.port}/v1",
           "caFile": str(authority.certificate)}
    daemon = start_daemon(upstreams=[one], models=[{"id": "*", "upstream": "h2"}], loops=1)
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def begin(client, model):
    """A stream whose first event is there, and its text so far."""
    stream = client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
    return stream, next(stream).choices[0].delta.content


def rest_of(stream):
    return "".join(chunk.choices[0].delta.content for chunk in stream)


def begin_all(client, models):
    # The first alone: until it has an answer nobody knows what the upstream speaks.
    return {model: begin(client, model) for model in models}


def test_http_2_is_spoken_where_it_is_offered(client, upstream):
    upstream.release()
    answers = []
    for model in ["one", "two"]:
        stream, beginning = begin(client, model)
        answers.append(beginning + rest_of(stream))
    assert answers == [upstream.text("one"), upstream.text("two")]
    assert [exchange["version"] for exchange in upstream.exchanges] == ["2", "2"]
    # One after the other, they came over one connection.
    assert len({exchange["client"] for exchange in upstream.exchanges}) == 1


def test_many_streams_share_one_connection(client, upstream):
    models = [f"model-{number}" for number in range(20)]
    streams = begin_all(client, models)
    assert not any(exchange["is_over"] for exchange in upstream.exchanges)
    assert [exchange["model"] for exchange in upstream.exchanges] == models
    assert len({exchange["client"] for exchange in upstream.exchanges}) == 1
    upstream.release()
    for model, (stream, beginning) in streams.items():
        assert beginning + rest_of(stream) == upstream.text(model)
    assert all(exchange["is_whole"] for exchange in upstream.exchanges)


def test_one_that_is_cancelled_does_not_harm_the_others(client, upstream):
    streams = begin_all(client, ["first", "second", "third"])
    stream, _ = streams.pop("second")
    stream.close()
    second = upstream.exchanges[1]
    wait_until(lambda: second["is_over"], "the upstream to miss its client")
    assert not second["is_whole"]
    streams["fourth"] = begin(client, "fourth")
    upstream.release()
    for model, (stream, beginning) in streams.items():
        assert beginning + rest_of(stream) == upstream.text(model)
    assert len({exchange["client"] for exchange in upstream.exchanges}) == 1


def test_the_only_stream_of_a_connection_is_cancelled(client, upstream):
    stream, _ = begin(client, "only")
    stream.close()
    (only,) = upstream.exchanges
    wait_until(lambda: only["is_over"], "the upstream to miss its client")
    assert not only["is_whole"]


def test_streams_that_begin_at_the_same_moment_are_all_whole(client, upstream):
    models = [f"model-{number}" for number in range(20)]
    upstream.release()
    with contextlib.ExitStack() as stack:
        raw = client.with_streaming_response.chat.completions
        responses = [
            stack.enter_context(raw.create(model=model, messages=MESSAGES, stream=True))
            for model in models
        ]
        for model, response in zip(models, responses):
            assert rest_of(response.parse()) == upstream.text(model)
    assert {exchange["version"] for exchange in upstream.exchanges} == {"2"}
