"""What one client address may ask: how often, how much at one time, and who the client is."""

import pytest

from . import asking
from .wire import Exchange, fetch

LIMITS = {
    "rates": {
        "completions": {"requests": 3, "per": "1h"},
        "streams": {"requests": 2, "per": "1h"},
        "subscriptions": {"requests": 4, "per": "1h"},
    }
}


def ask(daemon, name, **headers):
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    return fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields)


def test_each_kind_of_request_has_a_rate_of_its_own(start, model, name):
    daemon = start(LIMITS)
    model.script(name, [{"answer": "Hello"}])
    for left in (2, 1, 0):
        answer = ask(daemon, name)
        assert answer.status == 200
        assert answer.header("ratelimit-policy") == '"completions";q=3;w=3600'
        policy, rest, reset = answer.header("ratelimit").split(";")
        assert (policy, rest) == ('"completions"', f"r={left}") and reset.startswith("t=")
    refused = ask(daemon, name)
    assert refused.status == 429 and refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert 1190 <= int(refused.header("retry-after")) <= 1200
    assert refused.header("ratelimit") == f'"completions";r=0;t={refused.header("retry-after")}'
    paths = [asking.start_stream(daemon, name) for _ in range(2)]
    again = fetch(daemon.port, "POST", asking.STREAMS, asking.body(name))
    assert again.status == 429 and again.json()["error"]["retryable"] is True
    for path in [*paths, *paths]:
        assert asking.read(daemon, path).status == 200
    assert asking.read(daemon, paths[0]).status == 429
    # What costs nothing is not counted.
    assert fetch(daemon.port, "GET", "/v1/models").status == 200
    assert len(model.log(name)) == 5


CLIENTS = [
    ("by the last proxy", {"X-Forwarded-For": "6.6.6.6, 1.2.3.4"}, {"X-Forwarded-For": "1.2.3.4"}),
    (
        "of one network",
        {"X-Forwarded-For": "2001:db8:1:2::5"},
        {"X-Forwarded-For": "2001:db8:1:2:ffff::9"},
    ),
    ("mapped", {"X-Forwarded-For": "::ffff:1.2.3.4"}, {"X-Forwarded-For": "1.2.3.4"}),
]


@pytest.mark.parametrize("one,other", [row[1:] for row in CLIENTS], ids=[row[0] for row in CLIENTS])
def test_a_client_is_whom_our_proxy_names(start, model, name, one, other):
    daemon = start({"rates": {"completions": {"requests": 1, "per": "1h"}}})
    model.script(name, [{"answer": "Hello"}])

    def status(fields):
        return fetch(
            daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields
        ).status

    assert [status(one), status(other)] == [200, 429]
    assert status({"X-Forwarded-For": "9.9.9.9"}) == 200
    assert status({}) == 200
    daemon.wait_for_log(r" request .* client=(1\.2\.3\.4|2001:db8:1:2|::ffff:1\.2\.3\.4)")


FIELDS = [("X-Forwarded-For", "1.2.3.4"), ("Forwarded", 'for="1.2.3.4:99"')]


@pytest.mark.parametrize("used,ignored", [FIELDS, FIELDS[::-1]], ids=[row[0] for row in FIELDS])
def test_a_field_that_the_proxy_does_not_write_is_not_believed(start, model, name, used, ignored):
    daemon = start(
        {"rates": {"completions": {"requests": 1, "per": "1h"}}, "clientField": used[0]}
    )
    model.script(name, [{"answer": "Hello"}])

    def status(fields):
        return fetch(
            daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields
        ).status

    # The client writes what nobody replaces.
    forged = {ignored[0]: ignored[1].replace("1.2.3.4", "9.9.9.9")}
    assert [status(dict([used])), status(dict([used]) | forged)] == [200, 429]
    assert status(forged) == 200
    assert status({}) == 429


def test_who_is_no_proxy_of_ours_is_not_believed(start, model, name):
    daemon = start(
        {"trustedProxies": ["10.0.0.0/8"], "rates": {"completions": {"requests": 1, "per": "1h"}}}
    )
    model.script(name, [{"answer": "Hello"}])
    assert ask(daemon, name, X_Forwarded_For="1.1.1.1").status == 200
    assert ask(daemon, name, X_Forwarded_For="2.2.2.2").status == 429


def test_so_many_streams_at_one_time(start, model, name):
    daemon = start(
        {"limits": {"streamsPerClient": 2}, "streams": {"whenUnread": {"grace": "0s"}}}
    )
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    first = asking.open_completion(daemon, name)
    first.read_body(b"Hello")
    path = first.answer.stream_path
    with first, asking.open_read(daemon, path) as second:
        second.read_body(b"Hello")
        refused = asking.complete(daemon, name)
        assert (refused.status, refused.header("retry-after")) == (429, "1")
        assert asking.read(daemon, path).status == 429
        # Another client has places of its own.
        other = {"X-Forwarded-For": "1.1.1.1"}
        assert asking.read(daemon, path, "json", headers=other).status == 200
        model.open(name)
        second.whole()
        first.whole()
    # A place is free again once its request has been answered, or its client has left.
    for _ in range(5):
        assert asking.read(daemon, path).status == 200
    model.script(name + "-held", [{"text": "Hello"}, {"gate": name + "-held"}, {"done": True}])

    def is_let_in():
        with asking.open_completion(daemon, name + "-held") as leaving:
            return leaving.head().status == 200

    for _ in range(4):
        asking.wait_until(is_let_in, "a free place")
    model.open(name + "-held")


def test_a_generation_in_the_background_holds_its_place(start, model, name):
    """Whoever has left, or was told 202, has not given it back."""
    daemon = start({"limits": {"streamsPerClient": 2}})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    for _ in range(2):
        asking.start_stream(daemon, name)
    refused = fetch(daemon.port, "POST", asking.STREAMS, asking.body(name))
    assert refused.status == 429 and refused.header("retry-after") == "1"
    assert daemon.metrics()["deltad_address_slots"] == 1
    model.open(name)
    asking.wait_until(lambda: daemon.metrics()["deltad_address_slots"] == 0, "the places")
    assert asking.start_stream(daemon, name)


def test_who_leaves_the_queue_of_an_api_that_goes_on_keeps_the_place(start, model, name):
    daemon = start({"limits": {"generations": 1, "queuedGenerations": 5, "streamsPerClient": 2}})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    asking.start_stream(daemon, name)
    with Exchange(daemon.port, "POST", asking.STREAMS, asking.body(name)):
        asking.wait_until(lambda: daemon.metrics()["deltad_generations_queued"] == 1, "the queue")
    daemon.wait_for_log(" request .* end=clientLeft")
    assert fetch(daemon.port, "POST", asking.STREAMS, asking.body(name)).status == 429
    model.open(name)
    model.wait(name, "finished", 2)
    asking.wait_until(lambda: daemon.metrics()["deltad_address_slots"] == 0, "the places")


def test_a_place_is_free_when_its_refusal_has_been_read(start, model, name):
    """Also where the end of the generation is stored after the answer."""
    daemon = start({"limits": {"streamsPerClient": 1}})
    model.script(name, [{"head": {"status": 500}}, {"json": {"error": {"message": "no"}}}])
    for number in range(30):
        fields = {"Idempotency-Key": f"{name}-{number}"}
        answer = fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), fields)
        assert answer.status == 500
