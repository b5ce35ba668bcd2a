"""Streams where each API has a key of its own: which of them reads and stops what."""

import pytest

from . import asking
from .test_stopping import STEPS, delete
from .wire import Exchange

# By API: the header that takes its key, and where it begins a stream.
KEYS = {
    "completions": ("Authorization", asking.COMPLETIONS),
    "streams": ("Authorization", asking.STREAMS),
    "chats": ("X-API-Key", "/v1/chats"),
    "agents": ("Authorization", "/v1/api/chat/guide"),
    "widget": ("x-api-key", "/v1/chat/stream"),
}
AGENT_BODIES = {
    "chats": {"agentId": "agent_guide", "input": "Hello"},
    "agents": {"message": "Hello", "stream": True},
    "widget": {"sessionId": "visitor-1", "message": "Hello"},
}


def secret(api):
    return f"secret-of-{api}-of-24-letters"


def bearer(api):
    return {"Authorization": f"Bearer {secret(api)}"}


@pytest.fixture(scope="module")
def keyed(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for api in KEYS:
        (folder / api).write_text(secret(api))
    return start({
        "loops": 2,
        "keys": [{"name": api, "file": str(folder / api), "apis": [api]} for api in KEYS],
        "streams": {"requireKeyToRead": True},
        "agents": [{"id": "agent_guide", "slug": "guide", "name": "Guide", "model": "guided"}],
    })


def begin_with_key(daemon, api, model):
    """The path of a stream that this API's key has begun; whoever asked reads on."""
    field, path = KEYS[api]
    value = secret(api) if field.lower() == "x-api-key" else f"Bearer {secret(api)}"
    body = AGENT_BODIES.get(api) or asking.body(model)
    exchange = Exchange(daemon.port, "POST", path, body, {field: value})
    return exchange, f"{asking.STREAMS}/{exchange.head().header('x-stream-id')}"


@pytest.mark.parametrize("api", [api for api in KEYS if api != "chats"])
def test_what_a_key_of_one_api_began_it_may_read_and_stop(keyed, model, name, api):
    for script in (name, "guided"):
        model.script(script, STEPS)
    asker, path = begin_with_key(keyed, api, name)
    with asker:
        others = [each for each in KEYS if each not in (api, "streams")]
        for other in others:
            assert asking.read(keyed, path, "json", bearer(other)).status == 200
            refused = delete(keyed, path, bearer(other))
            assert (refused.status, refused.json()["error"]["code"]) == (403, "forbidden")
        assert delete(keyed, path).status == 401
        assert asking.read(keyed, path, "json", bearer(api)).json()["status"] == "streaming"
        assert delete(keyed, path, bearer(api)).json()["status"] == "cancelled"
        # What has ended nobody stops, and everybody may be told so.
        assert delete(keyed, path, bearer(others[0])).json()["status"] == "cancelled"


def test_a_key_for_streams_stops_what_another_began(keyed, model, name):
    model.script(name, STEPS)
    asker, path = begin_with_key(keyed, "completions", name)
    with asker:
        assert delete(keyed, path, bearer("streams")).json()["status"] == "cancelled"
