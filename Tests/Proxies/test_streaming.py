"""Events go through a proxy one by one, and who leaves behind it is noticed."""

import json

import pytest
from Relay import asking
from Relay.wire import fetch

from .clients import Page

SETTINGS = {
    "loops": 2,
    # That a client has left must not come out by a comment that cannot be sent.
    "timeouts": {"heartbeat": "10m"},
    "streams": {"whenUnread": {"grace": "50ms"}},
}
WORDS = ["one", "two", "three", "four"]
STREAMS = 30


def gated(model, name):
    """A model that waits behind each of its words."""
    steps = [[{"text": word, "tokens": 1}, {"gate": f"{name}-{word}"}] for word in WORDS]
    model.script(name, [*sum(steps, []), {"finish": "stop"}, {"done": True}])


def completion(daemon, client, name):
    return client.open("POST", asking.COMPLETIONS, asking.body(name), ACCEPTING)


def reading(form):
    def read(daemon, client, name):
        path = asking.start_stream(daemon, name)
        return client.open("GET", asking.reading(path, form), headers=ACCEPTING)

    return read


# As browsers and libraries ask; nothing may be compressed for it.
ACCEPTING = {"Accept-Encoding": "gzip, deflate, br, zstd"}
WAYS = {
    "completion": completion,
    **{form: reading(form) for form in ("sse", "openai", "ndjson", "chunk")},
}


@pytest.mark.parametrize("way", WAYS)
def test_an_event_is_there_before_the_next_one_is_made(daemon, model, client, name, way):
    gated(model, name)
    exchange = WAYS[way](daemon, client, name)
    for word, later in zip(WORDS, [*WORDS[1:], "[no more]"]):
        answer = exchange.read_body(word.encode())
        assert later.encode() not in answer.body
        model.open(f"{name}-{word}")
    answer = exchange.whole()
    assert answer.status == 200
    assert answer.header("content-encoding") is None
    assert answer.header("content-type").split(";")[0] == (
        "application/x-ndjson" if way == "ndjson" else "text/event-stream")


def test_one_connection_carries_many_streams_at_once(daemon, model, proxy, name):
    """Over HTTP/1.1 a browser stops at six."""
    with Page(proxy) as page:
        exchanges = []
        for number in range(STREAMS):
            gated(model, f"{name}-{number}")
            exchanges.append(completion(daemon, page, f"{name}-{number}"))
        for word, later in zip(WORDS, [*WORDS[1:], "[no more]"]):
            for exchange in exchanges:
                assert later.encode() not in exchange.read_body(word.encode()).body
            for number in range(STREAMS):
                model.open(f"{name}-{number}-{word}")
        assert all(exchange.whole().body.endswith(b"[DONE]\n\n") for exchange in exchanges)


def test_a_generation_whose_only_reader_leaves_is_cancelled(daemon, model, client, name):
    gated(model, name)
    exchange = completion(daemon, client, name)
    exchange.read_body(b"one")
    exchange.close()
    (record,) = model.wait(name, "gone")
    assert record["outcome"] == "gone"


def test_one_whose_answer_has_not_begun_is_too(daemon, model, client, name):
    model.script(name, [{"gate": name}])
    exchange = client.open("POST", asking.COMPLETIONS, asking.body(name, False))
    model.wait(name, "attempt")
    exchange.close()
    model.wait(name, "gone")


def test_a_reader_that_leaves_is_counted_no_more(daemon, model, client, name):
    gated(model, name)
    path = asking.start_stream(daemon, name)
    readers = [client.open("GET", path) for _ in range(3)]
    for reader in readers:
        reader.read_body(b"one")
    assert asking.snapshot(daemon, path)["subscribers"] == 3
    readers[0].close()
    asking.wait_until(lambda: asking.snapshot(daemon, path)["subscribers"] == 2, "one to leave")
    for word in WORDS:
        model.open(f"{name}-{word}")
    for reader in readers[1:]:
        assert b"event: done" in reader.whole().body


def test_who_comes_back_gets_what_is_missing(daemon, model, client, name):
    gated(model, name)
    path = asking.start_stream(daemon, name)
    first = client.open("GET", path)
    first.read_body(b"one")
    first.close()
    for word in WORDS:
        model.open(f"{name}-{word}")
    body = client.fetch("GET", path, headers={"Last-Event-ID": "1"}).body.decode()
    assert [line for line in body.split("\n") if "text" in line] == [
        "data: " + json.dumps({"text": word}, separators=(",", ":")) for word in WORDS[1:]
    ]
    last = asking.snapshot(daemon, path)["lastEventId"]
    finished = client.fetch("GET", path, headers={"Last-Event-ID": str(last)})
    assert (finished.status, finished.body) == (204, b"")


def test_the_log_of_the_proxy_opens_no_stream(daemon, model, proxy, client, name):
    """Who knows a stream's id may read it."""
    gated(model, name)
    path = asking.start_stream(daemon, name)
    exchange = client.open("GET", path, headers={"X-API-Key": "sk-never-logged"})
    exchange.read_body(b"one")
    exchange.close()
    asking.wait_until(lambda: asking.snapshot(daemon, path)["subscribers"] == 0, "it to leave")
    assert fetch(daemon.port, "DELETE", path).status == 200
    for file in (proxy.log_file, proxy.folder / "access"):
        text = file.read_text() if file.exists() else ""
        assert path not in text and "sk-never-logged" not in text
