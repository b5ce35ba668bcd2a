"""What may be asked with one key, from whatever addresses; and keys that systemd hands over."""

import pytest

from . import asking
from .wire import Exchange, fetch


@pytest.fixture
def keyed(start, tmp_path):
    """A daemon with keys by name, as `{name: settings}`; how a request with one of them is made."""

    def make(keys, **settings):
        for name in keys:
            (tmp_path / name).write_text(f"secret-of-{name}")
        fields = [
            {"name": name, "file": str(tmp_path / name), **more} for name, more in keys.items()
        ]
        return start({"keys": fields, **settings})

    return make


def fields(key, address="1.1.1.1"):
    return {"Authorization": f"Bearer secret-of-{key}", "X-Forwarded-For": address}


def ask(daemon, name, key, address="1.1.1.1", path=asking.COMPLETIONS):
    return fetch(daemon.port, "POST", path, asking.body(name, False), fields(key, address))


def test_a_keys_rate_holds_for_all_addresses_together(keyed, model, name):
    rate = {"rate": {"requests": 3, "per": "1h"}}
    daemon = keyed({"alice": rate, "bob": {}})
    model.script(name, [{"answer": "Hello"}])
    answers = [ask(daemon, name, "alice", f"1.1.1.{n}") for n in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].header("ratelimit-policy") == '"key";q=3;w=3600'
    assert answers[3].header("ratelimit") == f'"key";r=0;t={answers[3].header("retry-after")}'
    assert answers[3].json()["error"]["message"] == "too many requests with this key"
    # Other paths count with it, other keys do not.
    assert ask(daemon, name, "alice", path=asking.STREAMS).status == 429
    assert ask(daemon, name, "bob").status == 200
    assert daemon.metrics()['deltad_refusals_total{limit="key_rate"}'] == 2


def test_both_limits_are_told_side_by_side(keyed, model, name):
    daemon = keyed(
        {"alice": {"rate": {"requests": 5, "per": "1m"}}},
        rates={"completions": {"requests": 2, "per": "1h"}},
    )
    model.script(name, [{"answer": "Hello"}])
    answer = ask(daemon, name, "alice")
    assert answer.header("ratelimit-policy") == '"completions";q=2;w=3600, "key";q=5;w=60'
    assert answer.header("ratelimit").startswith('"completions";r=1;t=')
    assert '"key";r=4;t=' in answer.header("ratelimit")
    # A key that is none costs its address something, and the key nothing.
    assert ask(daemon, name, "mallory").status == 401
    refused = ask(daemon, name, "alice")
    assert refused.status == 429 and "key" not in refused.header("ratelimit")


def test_so_many_requests_at_one_time_with_one_key(keyed, model, name):
    daemon = keyed({"alice": {"streams": 2}, "bob": {}})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    post = (daemon.port, "POST", asking.COMPLETIONS, asking.body(name))
    held = [Exchange(*post, fields("alice", f"1.1.1.{n}")) for n in range(2)]
    for exchange in held:
        exchange.read_body(b"Hello")
    refused = ask(daemon, name, "alice", "9.9.9.9")
    assert (refused.status, refused.header("retry-after")) == (429, "1")
    assert daemon.metrics()["deltad_key_slots"] == 2
    model.open(name)
    for exchange in held:
        exchange.whole()
        exchange.close()
    asking.wait_until(lambda: daemon.metrics()["deltad_key_slots"] == 0, "the places")
    assert ask(daemon, name, "alice").status == 200


def test_a_key_may_be_a_credential_of_the_service_manager(start, tmp_path):
    (tmp_path / "deltad-alice").write_text("secret-of-alice\n")
    daemon = start(
        {"keys": [{"name": "alice", "credential": "deltad-alice"}]},
        environment={"CREDENTIALS_DIRECTORY": str(tmp_path)},
    )
    for key, status in (("alice", 200), ("bob", 401)):
        assert fetch(daemon.port, "GET", "/v1/models", headers=fields(key)).status == status
