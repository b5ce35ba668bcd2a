"""Completions: what the upstream gets to see of a client's request."""

import json

import pytest

from . import asking
from .wire import fetch

SETTINGS = {
    "models": [
        {"id": "large", "upstream": "scripted", "upstreamModel": 'vendor/large"2é'},
        {"id": "*", "upstream": "scripted"},
    ]
}
CLIENT = {"Authorization": "Bearer the-clients-own", "X-Api-Key": "the-clients-own"}
ASKS = b'"stream_options":{"include_usage":true},'


def seen(daemon, model, name, body, headers=()):
    """The record of the one request that the upstream got for `body`."""
    answer = fetch(daemon.port, "POST", asking.COMPLETIONS, body, headers)
    assert answer.status == 200, bytes(answer.body)
    (record,) = model.wait(name, "finished")
    return record


ODD = (
    b'\r\n\t"messages" : [ { "role":"user","content":"\\u0041\\/\xc3\xa9" } ],\n "model":"NAME" '
    b', "n":1.50E+1, "stream" :true , "x":{"stream":false,"model":"y"} } \n'
)
# Bodies as clients send them and as the upstream gets them; NAME stands for the model's name.
BODIES = {
    "no options": (
        b'{"model":"NAME","stream":true,"messages":[{}]}',
        b"{" + ASKS + b'"model":"NAME","stream":true,"messages":[{}]}',
    ),
    "the stream later": (
        b" {" + ODD,
        b" {" + ASKS + ODD,
    ),
    "usage wanted": (
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage":true},"messages":[0]}',
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage":true},"messages":[0]}',
    ),
    "usage not wanted": (
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage": false},"messages":[0]}',
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage": true},"messages":[0]}',
    ),
    "other options": (
        b'{"model":"NAME","stream":true,"stream_options":{ "include_obfuscation": false },'
        b'"messages":[0]}',
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage":true,'
        b' "include_obfuscation": false },"messages":[0]}',
    ),
    "empty options": (
        b'{"model":"NAME","stream":true,"stream_options":{ },"messages":[0]}',
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage":true},"messages":[0]}',
    ),
    "null options": (
        b'{"model":"NAME","stream":true,"stream_options":null,"messages":[0]}',
        b'{"model":"NAME","stream":true,"stream_options":{"include_usage":true},"messages":[0]}',
    ),
    "not streaming": (
        b'{"model":"NAME","messages":[{"role":"user","content":"x"}],"temperature":0.10}',
        b'{"model":"NAME","messages":[{"role":"user","content":"x"}],"temperature":0.10}',
    ),
    "stream false": (
        b'{"stream": false,"model":"NAME","messages":[0],"logit_bias":{"50256":-100}}',
        b'{"stream": false,"model":"NAME","messages":[0],"logit_bias":{"50256":-100}}',
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_the_body_goes_upstream_but_for_the_usage_as_it_came(daemon, model, name, body):
    sent, expected = (text.replace(b"NAME", name.encode()) for text in BODIES[body])
    model.script(name, [{"answer": "Hello"}])
    assert seen(daemon, model, name, sent)["body"].encode() == expected


def test_a_model_that_is_spelled_with_escapes_goes_upstream_as_it_is_spelled(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    spelled = "".join(f"\\u{ord(letter):04X}" for letter in name)
    body = f'{{"model":"{spelled}","messages":[0]}}'
    assert seen(daemon, model, name, body.encode())["body"] == body


def test_a_body_of_a_megabyte_goes_upstream_as_it_came(daemon, model, name):
    text = "0123456789abcde " * 65536
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": text}]}).encode()
    model.script(name, [{"answer": "Hello"}])
    assert seen(daemon, model, name, body)["body"].encode() == body


def test_the_upstreams_name_of_a_model_takes_the_place_of_ours(daemon, model):
    model.script('vendor/large"2é', [{"answer": "Hello"}])
    body = b'{"x": "large", "model" : "large","messages":[{"model":"large"}]}'
    answer = fetch(daemon.port, "POST", asking.COMPLETIONS, body)
    assert answer.status == 200, bytes(answer.body)
    assert model.control("GET", "/control/log")[1][-1]["body"] == (
        '{"x": "large", "model" : "vendor/large\\"2é","messages":[{"model":"large"}]}'
    )


def test_the_upstream_is_asked_as_one_asks_it(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    record = seen(daemon, model, name, asking.body(name), CLIENT)
    headers = record["headers"]
    assert (record["method"], record["path"]) == ("POST", asking.COMPLETIONS)
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == f"127.0.0.1:{model.port}"
    assert int(headers["content-length"]) == len(record["body"].encode())


def test_without_a_key_of_the_upstream_it_sees_none(daemon, model, name):
    model.script(name, [{"answer": "Hello"}])
    headers = seen(daemon, model, name, asking.body(name), CLIENT)["headers"]
    assert "authorization" not in headers
    assert "the-clients-own" not in json.dumps(headers)


@pytest.mark.parametrize("place", ["file", "environment"])
def test_the_upstream_sees_its_own_key_and_never_the_clients(start, model, name, place, tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for file, key in ((theirs, f"sk-{place}-/+=."), (ours, "the-clients-own")):
        file.write_text(key + "\n")
        file.chmod(0o600)
    where = {"file": str(theirs)} if place == "file" else {"environment": "UPSTREAM_KEY"}
    daemon = start(
        {"keys": [{"name": "client", "file": str(ours)}]},
        {"key": where},
        environment={"UPSTREAM_KEY": f"sk-{place}-/+=."},
    )
    model.script(name, [{"answer": "Hello"}])
    for stream in (True, False):
        answer = fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name, stream), CLIENT)
        assert answer.status == 200, bytes(answer.body)
    records = model.wait(name, "finished", 2)
    assert [r["headers"]["authorization"] for r in records] == [f"Bearer sk-{place}-/+=."] * 2
    assert "the-clients-own" not in json.dumps(records)
    assert "sk-" not in daemon.log() and "the-clients-own" not in daemon.log()


@pytest.mark.parametrize("key", [None, "Bearer wrong", "the-clients-own", "Bearer "])
def test_a_client_without_the_key_never_reaches_the_upstream(start, model, name, key, tmp_path):
    file = tmp_path / "key"
    file.write_text("the-clients-own\n")
    file.chmod(0o600)
    daemon = start({"keys": [{"name": "client", "file": str(file)}]})
    model.script(name, [{"answer": "Hello"}])
    headers = {} if key is None else {"Authorization": key}
    answer = fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), headers)
    assert answer.status == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert model.log(name) == []
