"""Streams where each API has a key of its own: which of them reads and stops what."""

import pytest

from . import asking
from .test_stopping import STEPS, delete
from .wire import Exchange, fetch

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


def begin_with_key(daemon, api, model, key=None):
    """The path of a stream that this API's key has begun; whoever asked reads on."""
    field, path = KEYS[api]
    value = secret(key or api)
    if field == "Authorization":
        value = f"Bearer {value}"
    body = AGENT_BODIES.get(api) or asking.body(model)
    exchange = Exchange(daemon.port, "POST", path, body, {field: value})
    return exchange, f"{asking.STREAMS}/{exchange.head().header('x-stream-id')}"


@pytest.mark.parametrize("api", [api for api in KEYS if api != "chats"])
def test_what_a_key_of_one_api_began_it_may_stop_and_others_may_read(keyed, model, name, api):
    for script in (name, "guided"):
        model.script(script, STEPS)
    asker, path = begin_with_key(keyed, api, name)
    with asker:
        others = [each for each in KEYS if each not in (api, "streams")]
        for other in others:
            # A widget's is in web pages.
            reads = 401 if other == "widget" else 200
            assert asking.read(keyed, path, "json", bearer(other)).status == reads
            refused = delete(keyed, path, bearer(other))
            assert (refused.status, refused.json()["error"]["code"]) == (403, "forbidden")
        assert delete(keyed, path).status == 401
        assert asking.read(keyed, path, "json", bearer("streams")).json()["status"] == "streaming"
        assert delete(keyed, path, bearer(api)).json()["status"] == "cancelled"
        # What has ended nobody stops, and everybody may be told so.
        assert delete(keyed, path, bearer(others[0])).json()["status"] == "cancelled"


def test_a_key_for_streams_stops_what_another_began(keyed, model, name):
    model.script(name, STEPS)
    asker, path = begin_with_key(keyed, "completions", name)
    with asker:
        assert delete(keyed, path, bearer("streams")).json()["status"] == "cancelled"


def test_one_secret_of_two_names_opens_what_both_open(start, model, name, tmp_path):
    (tmp_path / "key").write_text(secret("streams"))
    keys = [{"name": api, "file": str(tmp_path / "key"), "apis": [api]}
            for api in ("streams", "completions")]
    daemon = start({"keys": keys})
    model.script(name, STEPS)
    for api in ("streams", "completions"):
        asker, path = begin_with_key(daemon, api, name, "streams")
        with asker:
            assert delete(daemon, path, bearer("streams")).json()["status"] == "cancelled"


def test_a_key_for_streams_is_told_which_models_there_are(keyed):
    for api, status in (("streams", 200), ("completions", 200), ("agents", 401)):
        answer = fetch(keyed.port, "GET", "/v1/models", headers=bearer(api))
        assert answer.status == status, api
