"""A real upstream that we did not write: the LiteLLM proxy, with mock responses as its models.

What it says through the daemon is compared with what it says directly.
"""

import concurrent.futures
import json

import daemons
import httpx
import httpx_sse
import openai
import pytest
from litellm_proxy import LiteLLM
from processes import PATIENCE

TEXT = "Grüß dich, 世界! 🙂 This is a mocked answer, word for word."
KEY = "sk-litellm-3tYw8R"
MESSAGES = [{"role": "user", "content": "Hi"}]
USAGE = {"stream_options": {"include_usage": True}}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    models = {"mocked": TEXT, "busy": "litellm.RateLimitError",
              "broken": "litellm.InternalServerError"}
    proxy = LiteLLM(models, KEY, tmp_path_factory.mktemp("litellm"))
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def daemon(proxy, tmp_path_factory):
    def upstream(name, **more):
        return {"name": name, "kind": "openai", "baseURL": proxy.base_url, **more}

    configuration = {
        "upstreams": [
            upstream("litellm", key={"environment": "LITELLM_KEY"}),
            upstream("wrong-key", key={"environment": "WRONG_KEY"}),
        ],
        "models": [
            {"id": "ours", "upstream": "litellm", "upstreamModel": "mocked"},
            {"id": "with-wrong-key", "upstream": "wrong-key", "upstreamModel": "mocked"},
            {"id": "*", "upstream": "litellm"},
        ],
    }
    keys = {"LITELLM_KEY": KEY, "WRONG_KEY": "wrong"}
    daemon = daemons.start(configuration, tmp_path_factory.mktemp("deltad"), environment=keys)
    yield daemon
    daemons.stop(daemon)
    assert KEY not in daemon.log()


@pytest.fixture(scope="module")
def client(daemon):
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def direct(proxy):
    with openai.OpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0) as client:
        yield client


def create(client, model="mocked", **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def lasting(object):
    """What an answer says but for what is new each time."""
    fields = json.loads(object.to_json())
    assert fields.pop("id").startswith("chatcmpl-")
    assert fields.pop("created") > 1_700_000_000
    return fields


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_a_whole_answer_is_passed_on(client, direct):
    answer = create(client)
    assert answer.choices[0].message.content == TEXT
    assert lasting(answer) == lasting(create(direct))


def test_a_stream_is_passed_on_chunk_by_chunk(client, direct):
    chunks = list(create(client, stream=True, **USAGE))
    assert text_of(chunks) == TEXT
    assert len(chunks) > 10
    assert len({c.id for c in chunks}) == 1
    assert chunks[-1].usage.total_tokens > 0
    assert list(map(lasting, chunks)) == list(map(lasting, create(direct, stream=True, **USAGE)))


def test_who_did_not_ask_for_usage_sees_no_sign_of_it(client, direct):
    chunks = list(create(client, stream=True))
    assert text_of(chunks) == TEXT
    assert [c for c in chunks if c.usage] == []
    assert list(map(lasting, chunks)) == list(map(lasting, create(direct, stream=True)))


def test_the_configured_name_is_what_the_upstream_is_asked_for(client):
    assert create(client, "ours").choices[0].message.content == TEXT
    assert text_of(create(client, "ours", stream=True)) == TEXT


def test_twenty_readers_share_one_answer(daemon):
    with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as http_client:
        body = {"model": "mocked", "messages": MESSAGES}
        path = http_client.post("/v1/streams", json=body).json()["url"]

        def read(_):
            with httpx_sse.connect_sse(http_client, "GET", path) as source:
                return [(e.event, json.loads(e.data)) for e in source.iter_sse() if e.data]

        with concurrent.futures.ThreadPoolExecutor(20) as readers:
            readings = list(readers.map(read, range(20)))
        assert http_client.get(path + "?format=json").json()["text"] == TEXT
    *texts, (name, done) = readings[0]
    assert "".join(data["text"] for _, data in texts) == TEXT
    assert (name, done["finishReason"]) == ("done", "stop")
    assert done["usage"]["totalTokens"] > 0
    assert readings == [readings[0]] * 20


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "model, key, asked, status",
    [
        ("nobody", KEY, "nobody", 400),
        # Without a database it has no other answer to a key that it does not know.
        ("with-wrong-key", "wrong", "mocked", 400),
        ("busy", KEY, "busy", 429),
        ("broken", KEY, "broken", 500),
    ],
)
def test_its_errors_are_passed_on(daemon, proxy, model, key, asked, status, stream):
    def ask(url, model, key):
        fields = {"Authorization": f"Bearer {key}"}
        body = {"model": model, "messages": MESSAGES, "stream": stream}
        return httpx.post(f"{url}/chat/completions", json=body, headers=fields, timeout=PATIENCE)

    directly, through = ask(proxy.base_url, asked, key), ask(f"{daemon.url}/v1", model, "any")
    assert through.status_code == directly.status_code == status
    assert through.headers["content-type"] == directly.headers["content-type"]
    assert through.content == directly.content
    assert through.json()["error"]["message"]


@pytest.mark.parametrize(
    "model, exception",
    [("nobody", openai.BadRequestError), ("with-wrong-key", openai.BadRequestError),
     ("busy", openai.RateLimitError), ("broken", openai.InternalServerError)],
)
def test_its_errors_are_what_the_sdk_makes_of_them(client, model, exception):
    with pytest.raises(openai.APIStatusError) as caught:
        create(client, model, stream=True)
    assert type(caught.value) is exception
