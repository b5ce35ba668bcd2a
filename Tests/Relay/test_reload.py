"""SIGHUP: a new configuration is taken as a whole or not at all, and what runs does not notice."""

import json

import pytest

from . import asking
from .events import DONE
from .wire import Exchange, fetch


def settings(model, **fields):
    return {
        "loops": 2,
        "upstreams": [{"name": "scripted", "kind": "openai", "baseURL": model.base_url}],
        "models": [{"id": "*", "upstream": "scripted"}],
        **fields,
    }


@pytest.fixture
def first(start, model):
    return lambda **fields: start(settings(model, **fields))


def rate(requests):
    return {"rates": {"completions": {"requests": requests, "per": "1h"}}}


def remaining(answer):
    return int(answer.header("ratelimit").split("r=")[1].split(";")[0])


def test_limits_change_and_nobody_is_forgotten(first, model, name):
    daemon = first(**rate(5))
    model.script(name, [{"answer": "Hello"}])
    assert [remaining(asking.complete(daemon, name)) for _ in range(4)] == [4, 3, 2, 1]
    daemon.reload(settings(model, **rate(6)))
    assert [remaining(asking.complete(daemon, name)) for _ in range(2)] == [1, 0]
    refused = asking.complete(daemon, name)
    assert refused.status == 429 and 0 < int(refused.header("retry-after")) <= 600
    daemon.reload(settings(model, **rate(3)))
    assert asking.complete(daemon, name).status == 429
    daemon.reload(settings(model))
    assert asking.complete(daemon, name).header("ratelimit") is None


def test_a_key_that_is_taken_away_opens_nothing_any_more(first, model, name, tmp_path):
    for key in ("old", "new"):
        (tmp_path / key).write_text(f"secret-of-{key}\n")

    def keys(*names):
        return [{"name": "alice", "file": str(tmp_path / key)} for key in names]

    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    daemon = first(keys=keys("old"))

    def ask(key):
        fields = {"Authorization": f"Bearer secret-of-{key}"}
        return fetch(daemon.port, "GET", "/v1/models", headers=fields).status

    assert (ask("old"), ask("new")) == (200, 401)
    fields = {"Authorization": "Bearer secret-of-old"}
    running = Exchange(
        daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields
    )
    with running:
        running.read_body(b"Hello")
        daemon.reload(settings(model, keys=keys("new")))
        assert (ask("old"), ask("new")) == (401, 200)
        # What runs goes on as it began.
        model.open(name)
        assert running.whole().body.endswith(DONE)
    # The file is read anew, though its name is the same.
    (tmp_path / "new").write_text("secret-of-old\n")
    daemon.reload(settings(model, keys=keys("new")))
    assert (ask("old"), ask("new")) == (200, 401)


def test_models_and_upstreams_come_and_go(first, model, name):
    model.script(name, [{"answer": "Hello"}])
    daemon = first()
    other = {"name": "other", "kind": "openai", "baseURL": model.base_url + "/other"}
    new = settings(model, upstreams=[other], models=[{"id": name, "upstream": "other"}])
    daemon.reload(new)
    answer = asking.complete(daemon, name)
    assert (answer.status, answer.header("x-upstream")) == (200, "other")
    assert asking.complete(daemon, "another").status == 404
    assert "/other/" in model.log(name)[-1]["path"]


BROKEN = {
    "no JSON5": "{",
    "an unknown key": json.dumps({"loops": 2, "lops": 3}),
    "a file that is missing": json.dumps(
        {
            "keys": [{"name": "alice", "file": "/nowhere/key"}],
            "upstreams": [{"name": "demo", "kind": "demo"}],
            "models": [{"id": "demo", "upstream": "demo"}],
        }
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_wrong_is_said_and_changes_nothing(first, model, name, broken):
    daemon = first(**rate(100))
    model.script(name, [{"answer": "Hello"}])
    assert "nothing has changed" in daemon.reload(BROKEN[broken], " reload refused=")
    assert daemon.wait_for_log(" error reload problem=.*deltad.json5")
    answer = asking.complete(daemon, name)
    assert answer.status == 200 and remaining(answer) == 99


def test_what_only_a_start_changes_stays_and_is_named(first, model, name):
    daemon = first()
    model.script(name, [{"answer": "Hello"}])
    daemon.reload(settings(model, loops=1, listen=["127.0.0.1:1"], **rate(3)))
    for key in ("loops", "listen"):
        daemon.wait_for_log(f' warning reload unchanged={key} needs="a restart"')
    assert remaining(asking.complete(daemon, name)) == 2


def test_many_reloads_under_load_lose_nothing(first, model, name):
    daemon = first(**rate(1_000_000))
    model.script(name, [{"text": "one two three four", "pace": "1ms"}, {"done": True}])
    for turn in range(20):
        with asking.open_completion(daemon, name) as running:
            good = turn % 2 == 0
            daemon.reload(settings(model, **rate(1_000_000 - turn)) if good else "{")
            assert running.whole().body.endswith(DONE)
    metrics = daemon.metrics()
    assert metrics["deltad_generations_running"] == 0
    assert metrics['deltad_requests_total{api="completions",status="200"}'] == 20
