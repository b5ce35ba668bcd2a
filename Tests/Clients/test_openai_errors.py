"""The OpenAI SDK for Python: which of its exceptions each failure becomes.

The SDK would try again by itself; without its retries every status is seen as it came.
"""

import socket

import openai
import pytest
from daemons import UPSTREAM_KEY

MESSAGES = [{"role": "user", "content": "Hi"}]
KEY = "sk-client-2mZ9pK"


def client_of(daemon, key=KEY, **more):
    return openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=key, max_retries=0, **more)


@pytest.fixture(scope="module")
def client(daemon):
    with client_of(daemon) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


def create(client, model, **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def caught(exception, client, model, **more):
    """The exception itself; one of a more special class does not count."""
    with pytest.raises(openai.APIError) as caught:
        create(client, model, **more)
    assert type(caught.value) is exception, caught.value
    return caught.value


@pytest.fixture
def keyed(start_daemon, tmp_path, daemon):
    key_file = tmp_path / "key"
    key_file.write_text(KEY + "\n")
    key_file.chmod(0o600)
    return start_daemon(keys=[{"name": "tester", "file": str(key_file)}])


@pytest.mark.parametrize("key", [KEY + "x", KEY[:-1], KEY.upper(), "x"])
def test_a_wrong_key_is_an_authentication_error(keyed, key, stream):
    with client_of(keyed, key) as client:
        error = caught(openai.AuthenticationError, client, "demo", stream=stream)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
    assert (error.status_code, error.code) == (401, "invalid_api_key")
    assert error.type == "authentication_error"
    assert key not in keyed.log() or key == "x"


def test_the_right_key_is_let_in_and_named_in_the_log(keyed):
    with client_of(keyed) as client:
        assert create(client, "demo").choices[0].message.content
        assert [m.id for m in client.models.list()] == ["demo"]
    keyed.wait_for_log(r"request .*path=/v1/chat/completions status=200 key=tester ")
    assert KEY not in keyed.log()


def test_an_unknown_model_is_not_found(start_daemon, stream):
    daemon = start_daemon(models=[{"id": "demo", "upstream": "demo"}])
    with client_of(daemon) as client:
        error = caught(openai.NotFoundError, client, "gpt-unknown", stream=stream)
        with pytest.raises(openai.NotFoundError) as retrieved:
            client.models.retrieve("gpt-unknown")
    for refusal in [error, retrieved.value]:
        assert (refusal.status_code, refusal.code) == (404, "model_not_found")
        assert (refusal.type, refusal.param) == ("invalid_request_error", "model")
        assert "gpt-unknown" in refusal.message
    assert error.request_id


@pytest.mark.parametrize(
    "body, param",
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"model": 7}, "model"),
        ({"model": ""}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": 1}, "stream_options"),
    ],
    ids=str,
)
def test_a_body_that_is_not_a_request_is_a_bad_request(client, body, param):
    error = caught(openai.BadRequestError, client, "demo", extra_body=body)
    assert (error.status_code, error.param, error.type) == (400, param, "invalid_request_error")


PASSED_ON = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (502, openai.InternalServerError),
    (503, openai.InternalServerError),
    (504, openai.InternalServerError),
    (529, openai.InternalServerError),
    (418, openai.APIStatusError),
]


@pytest.mark.parametrize("status, exception", PASSED_ON, ids=lambda value: str(value))
def test_what_the_upstream_refused_is_passed_on(client, script, stream, status, exception):
    said = {"message": "the upstream's words", "type": "its_type", "param": "p", "code": "its_code"}
    fields = {"Retry-After": "7", "X-Secret-Of-The-Upstream": "1"}
    name = script([{"head": {"status": status, "headers": fields}}, {"json": {"error": said}}])
    error = caught(exception, client, name, stream=stream)
    assert error.status_code == status
    assert error.body == said
    assert error.response.headers["retry-after"] == "7"
    assert "x-secret-of-the-upstream" not in error.response.headers
    assert UPSTREAM_KEY not in error.response.text


def test_an_upstream_that_is_not_there_is_502(start_daemon, stream):
    # A port that was free a moment ago, and that nobody else gets while it is bound.
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        upstream = {"name": "gone", "kind": "openai", "baseURL": f"http://127.0.0.1:{port}/v1"}
        daemon = start_daemon(upstreams=[upstream], models=[{"id": "*", "upstream": "gone"}])
        with client_of(daemon) as client:
            error = caught(openai.InternalServerError, client, "any", stream=stream)
    assert (error.status_code, error.code) == (502, "upstream_unreachable")
    assert str(port) not in error.response.text
    daemon.wait_for_log(r"upstream .*fault=connect ")


@pytest.mark.parametrize("ending", [{"close": True}, {"reset": True}], ids=["closed", "reset"])
def test_an_upstream_that_hangs_up_before_an_answer_is_502(client, script, stream, ending):
    error = caught(openai.InternalServerError, client, script([ending]), stream=stream)
    assert (error.status_code, error.code) == (502, "upstream_error")


@pytest.mark.parametrize("body", ["", "no JSON", "[1]", '{"object":"list"}'], ids=repr)
def test_an_answer_that_is_none_is_502(client, script, stream, body):
    name = script([{"head": {"headers": {"Content-Type": "application/json"}}}, {"sse": body}])
    error = caught(openai.InternalServerError, client, name, stream=stream)
    assert (error.status_code, error.code) == (502, "upstream_error")


def test_more_generations_than_allowed_are_503(start_daemon, model, script, gate, stream):
    daemon = start_daemon(limits={"generations": 1, "queuedGenerations": 0})
    name = script([{"text": "one"}, {"gate": gate}, {"finish": "stop"}, {"done": True}])
    with client_of(daemon) as client:
        first = create(client, name, stream=True)
        assert next(first).choices[0].delta.content == "one"
        error = caught(openai.InternalServerError, client, "demo", stream=stream)
        assert (error.status_code, error.code) == (503, "overloaded")
        assert int(error.response.headers["retry-after"]) >= 1
        model.open(gate)
        assert [c.choices[0].finish_reason for c in first] == ["stop"]
        assert create(client, "demo").choices[0].finish_reason == "stop"


@pytest.mark.parametrize("before", [[], [{"head": {}}]], ids=["silent", "head"])
def test_an_upstream_that_says_nothing_in_time_is_504(start_daemon, configuration, script, gate,
                                                      stream, before):
    demo, scripted = configuration["upstreams"]
    daemon = start_daemon(upstreams=[demo, {**scripted, "timeouts": {"firstEvent": "100ms"}}])
    name = script([*before, {"gate": gate}, {"text": "too late"}])
    with client_of(daemon) as client:
        error = caught(openai.InternalServerError, client, name, stream=stream)
    assert (error.status_code, error.code) == (504, "upstream_timeout")


def read_until_error(stream):
    """The text that came before the error, and the error."""
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for part in stream:
            text += part.choices[0].delta.content or ""
    # An error frame is neither a status nor a lost connection.
    assert type(caught.value) is openai.APIError, caught.value
    return text, caught.value


def test_an_upstream_that_is_cut_in_the_middle_raises_there(client, script):
    name = script([{"text": "one two"}, {"close": True}])
    text, error = read_until_error(create(client, name, stream=True))
    assert text == "one two"
    assert (error.code, error.type) == ("upstream_error", "upstream_error")


def test_an_error_frame_of_the_upstream_raises_with_its_words(client, script):
    said = {"message": "out of GPUs", "type": "server_error", "param": None, "code": "gpu"}
    name = script([{"text": "one two"}, {"event": {"error": said}}])
    text, error = read_until_error(create(client, name, stream=True))
    assert text == "one two"
    assert (error.message, error.body) == ("out of GPUs", said)


def test_an_upstream_that_falls_silent_raises_a_time_out(start_daemon, configuration, script, gate):
    demo, scripted = configuration["upstreams"]
    daemon = start_daemon(upstreams=[demo, {**scripted, "timeouts": {"idle": "100ms"}}])
    name = script([{"text": "one two"}, {"gate": gate}])
    with client_of(daemon) as client:
        text, error = read_until_error(create(client, name, stream=True))
    assert (text, error.code) == ("one two", "upstream_timeout")


def test_a_stream_that_somebody_stops_raises(client, daemon, script, gate):
    name = script([{"text": "one two"}, {"gate": gate}])
    stream = create(client, name, stream=True)
    identifier = stream.response.headers["x-stream-id"]
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for part in stream:
            text += part.choices[0].delta.content
            if text == "one two":
                client.delete(f"/streams/{identifier}", cast_to=object)
    assert (text, caught.value.code) == ("one two", "cancelled")


def test_an_error_frame_raises_in_a_whole_answers_status(client, script):
    said = {"message": "out of GPUs", "type": "server_error", "param": None, "code": "gpu"}
    name = script([{"text": "one two"}, {"event": {"error": said}}])
    error = caught(openai.InternalServerError, client, name)
    assert (error.status_code, error.body) == (502, said)


def test_a_retry_of_the_sdk_finds_the_upstream_well_again(daemon, model, script):
    busy = [{"head": {"status": 429, "headers": {"Retry-After-Ms": "1", "Retry-After": "1"}}},
            {"json": {"error": {"message": "slow down"}}}]
    name = script(busy, [{"answer": "Here I am"}])
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=KEY, max_retries=1) as client:
        assert create(client, name).choices[0].message.content == "Here I am"
    assert [record["attempt"] for record in model.log(name)] == [1, 2]


def test_a_body_beyond_the_limit_is_413(client):
    padding = "x" * (3 << 20)
    error = caught(openai.APIStatusError, client, "demo", extra_body={"padding": padding})
    assert (error.status_code, error.code) == (413, "payload_too_large")


