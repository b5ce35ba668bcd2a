"""Subscriptions, read by clients that other people wrote for server-sent events.

`httpx-sse` and `sseclient-py` know nothing of this daemon: they see ids, names and data, and come
back with the id of the last event that they had, as a browser's EventSource does.
"""

import contextlib
import http.client
import json

import httpx
import httpx_sse
import pytest
import sseclient
from processes import PATIENCE

USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
# Characters at which careless readers break lines, and others that need care.
WORDS = ["Grüß", " dich,", " \u4e16\u754c", " \U0001f642", " a\nb\r\nc\rd", " \u2028\u2029\u0085",
         " \x0b\x0c\x1c\x1d\x1e", ' "q" \\ /', " data: x", " :", "\n\n", " end"]
DONE = {"finishReason": "stop",
        "usage": {"promptTokens": 3, "completionTokens": 4, "totalTokens": 7}}


@pytest.fixture(scope="module")
def http_client(daemon):
    with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as client:
        yield client


def start(client, name):
    """The id of a new stream."""
    body = {"model": name, "messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/v1/streams", json=body)
    assert answer.status_code == 202, answer.text
    identifier = answer.json()["id"]
    assert answer.headers["location"] == answer.json()["url"] == f"/v1/streams/{identifier}"
    return identifier


def words(*more):
    """Steps that send WORDS, each as one event, and `more` before the end."""
    deltas = [{"event": {"choices": [{"index": 0, "delta": {"content": word}}]}} for word in WORDS]
    return [*deltas, *more, {"finish": "stop"}, {"usage": USAGE}, {"done": True}]


class ByHTTPX:
    """httpx-sse."""

    @staticmethod
    @contextlib.contextmanager
    def connect(daemon, path, last=None):
        fields = {"Last-Event-ID": last} if last is not None else {}
        with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as client:
            with httpx_sse.connect_sse(client, "GET", path, headers=fields) as source:
                yield source.response.status_code, ByHTTPX.events(source)

    @staticmethod
    def events(source):
        for event in source.iter_sse():
            if event.retry is not None:
                # This reader shows a block of fields without data, too.
                assert (event.retry, event.data) == (1000, "")
            else:
                yield event.id, event.event, json.loads(event.data)


class BySSEClient:
    """sseclient-py, on the connection of the standard library."""

    @staticmethod
    @contextlib.contextmanager
    def connect(daemon, path, last=None):
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        fields = {"Last-Event-ID": last} if last is not None else {}
        connection.request("GET", path, headers={"Accept": "text/event-stream", **fields})
        response = connection.getresponse()
        source = sseclient.SSEClient(response)
        try:
            events = ((e.id, e.event, json.loads(e.data)) for e in source.events())
            yield response.status, events
        finally:
            source.close()
            connection.close()


@pytest.fixture(params=[ByHTTPX, BySSEClient], ids=["httpx-sse", "sseclient-py"])
def reader(request):
    return request.param


def expected(texts):
    return [(str(number), "message", {"text": text}) for number, text in enumerate(texts, 1)]


def is_whole(events):
    """Every word once and in order, then one `done`, and nothing behind it."""
    *texts, (last, name, data) = events
    assert texts == expected(WORDS)
    assert (name, data) == ("done", DONE)
    assert int(last) > len(WORDS)
    return True


def test_a_late_reader_gets_everything(daemon, http_client, model, script, reader):
    name = script(words())
    identifier = start(http_client, name)
    daemon.wait_for_log(rf"generation .*model={name} .*end=done")
    with reader.connect(daemon, f"/v1/streams/{identifier}") as (status, events):
        assert status == 200 and is_whole(events)


def test_a_live_reader_gets_each_event_when_it_is_made(daemon, http_client, model, script, gate,
                                                       reader):
    identifier = start(http_client, script(words({"gate": gate})))
    with reader.connect(daemon, f"/v1/streams/{identifier}") as (_, events):
        seen = [next(events) for _ in WORDS]
        assert seen == expected(WORDS)
        assert http_client.get(f"/v1/streams/{identifier}?format=json").json()["subscribers"] == 1
        model.open(gate)
        assert is_whole(seen + list(events))


@pytest.mark.parametrize("had", range(1, len(WORDS) + 1))
def test_a_broken_connection_is_resumed_after_any_event(daemon, http_client, model, script, gate,
                                                        reader, had):
    identifier = start(http_client, script(words({"gate": gate})))
    path = f"/v1/streams/{identifier}"
    with reader.connect(daemon, path) as (_, events):
        seen = [next(events) for _ in range(had)]
    with reader.connect(daemon, path, last=seen[-1][0]) as (_, events):
        model.open(gate)
        assert is_whole(seen + list(events))


def test_who_comes_back_after_every_event_misses_none_and_is_told_to_stop(
    daemon, http_client, script, reader
):
    identifier = start(http_client, script(words()))
    seen, last, connections = [], None, 0
    while True:
        with reader.connect(daemon, f"/v1/streams/{identifier}", last) as (status, events):
            connections += 1
            if status == 204:
                break
            seen.append(next(events))
        last = seen[-1][0]
    assert is_whole(seen)
    assert connections == len(seen) + 1


def test_after_in_the_address_resumes_too_and_the_header_counts_more(
    daemon, http_client, script, reader
):
    name = script(words())
    path = f"/v1/streams/{start(http_client, name)}?after=3"
    # Positions that do not exist yet would be an error.
    daemon.wait_for_log(rf"generation .*model={name} .*end=done")
    with reader.connect(daemon, path) as (_, events):
        assert is_whole(expected(WORDS[:3]) + list(events))
    with reader.connect(daemon, path, last="5") as (_, events):
        assert is_whole(expected(WORDS[:5]) + list(events))


def test_past_the_end_is_204_without_a_body(daemon, http_client, script):
    identifier = start(http_client, script(words()))
    path = f"/v1/streams/{identifier}"
    with ByHTTPX.connect(daemon, path) as (_, events):
        last = list(events)[-1][0]
    for answer in [http_client.get(path, headers={"Last-Event-ID": last}),
                   http_client.get(f"{path}?after={last}")]:
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-length" not in answer.headers
        assert "transfer-encoding" not in answer.headers


def test_what_the_reader_cannot_have_had_is_an_error(http_client, script):
    identifier = start(http_client, script(words()))
    for last in ["1000", "x", "-1", "1.5"]:
        answer = http_client.get(f"/v1/streams/{identifier}", headers={"Last-Event-ID": last})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_an_upstream_that_is_cut_ends_in_an_error_event(daemon, http_client, script, reader):
    identifier = start(http_client, script([{"text": "one two"}, {"close": True}]))
    path = f"/v1/streams/{identifier}"
    with reader.connect(daemon, path) as (_, events):
        *texts, (last, name, data) = events
    assert texts == expected(["one", " two"])
    assert (name, data["code"], data["retryable"]) == ("error", "upstream_error", True)
    with reader.connect(daemon, path, last) as (status, _):
        assert status == 204


def test_a_stream_that_is_stopped_says_so_to_its_readers(daemon, http_client, model, script, gate,
                                                         reader):
    name = script([{"text": "one two"}, {"gate": gate}])
    identifier = start(http_client, name)
    path = f"/v1/streams/{identifier}"
    with reader.connect(daemon, path) as (_, events):
        seen = [next(events), next(events)]
        for _ in range(2):
            assert http_client.delete(path).json()["status"] == "cancelled"
        seen += events
    assert seen[:2] == expected(["one", " two"])
    assert [(name, data) for _, name, data in seen[2:]] == [
        ("done", {"finishReason": "cancelled", "usage": None})]
    assert model.wait(name, "gone")[0]["outcome"] == "gone"


def test_a_stream_that_nobody_reads_is_finished_and_kept(daemon, http_client, model, script, gate,
                                                         reader):
    name = script(words({"gate": gate}))
    identifier = start(http_client, name)
    path = f"/v1/streams/{identifier}"
    with reader.connect(daemon, path) as (_, events):
        assert next(events)[2] == {"text": WORDS[0]}
    daemon.wait_for_log(rf"request .*path=/v1/streams/{identifier[:10]}.* end=clientLeft")
    model.open(gate)
    daemon.wait_for_log(rf"generation .*model={name} .*readers=0 .*end=done")
    with reader.connect(daemon, path, last="1") as (_, events):
        assert is_whole(expected(WORDS[:1]) + list(events))


def test_two_readers_of_different_make_see_the_same(daemon, http_client, model, script, gate):
    identifier = start(http_client, script(words({"gate": gate})))
    path = f"/v1/streams/{identifier}"
    with ByHTTPX.connect(daemon, path) as (_, first):
        # Behind an event that has not been there nobody can go on.
        start_of_first = [next(first) for _ in range(6)]
        with BySSEClient.connect(daemon, path, last="4") as (_, second):
            model.open(gate)
            assert is_whole(start_of_first + list(first))
            assert is_whole(expected(WORDS[:4]) + list(second))


def test_the_openai_format_is_read_by_the_same_clients(daemon, http_client, script):
    identifier = start(http_client, script(words()))
    path = f"/v1/streams/{identifier}?format=openai"
    with httpx_sse.connect_sse(http_client, "GET", path) as source:
        *chunks, last = [event.data for event in source.iter_sse()]
    assert last == "[DONE]"
    deltas = [choice["delta"] for data in chunks for choice in json.loads(data)["choices"]]
    assert [delta["content"] for delta in deltas if delta] == WORDS


def test_an_unknown_stream_is_404(daemon, http_client):
    for path in ["/v1/streams/strm_0", "/v1/streams/x", "/v1/streams/" + "z" * 200]:
        answer = http_client.get(path, headers={"Accept": "text/event-stream"})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
