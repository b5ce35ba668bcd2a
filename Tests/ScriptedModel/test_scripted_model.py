"""Smoke test of scripted-model, over raw sockets: what it promises about bytes and times.

The binary is the one named by SCRIPTED_MODEL, by default .build/debug/scripted-model.
"""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SCRIPTED_MODEL", str(ROOT / ".build/debug/scripted-model"))
PATIENCE = 10  # seconds before a test gives up; nothing below waits for it when all is well


class Server:
    """A running server and the few requests that the tests make of it."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BINARY, "--port", "0", "--exit-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        assert match, line
        self.port = int(match[1])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def control(self, method, path, body=None):
        """The status and the JSON of an answer of the control plane."""
        payload = b"" if body is None else json.dumps(body).encode()
        with self.connect() as client:
            client.sendall(request(payload, method, path, ["Connection: close"]))
            head, _, answer = read_to_end(client).partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(answer)

    def script(self, name, *attempts):
        status, answer = self.control(
            "PUT", f"/control/scripts/{urllib.parse.quote(name)}", {"attempts": attempts}
        )
        assert status == 200, answer

    def log(self, name):
        return self.control("GET", f"/control/log?script={name}")[1]

    def wait(self, name, event, count=1, timeout="5s"):
        return self.control(
            "GET", f"/control/wait?script={name}&event={event}&count={count}&timeout={timeout}"
        )

    def ask(self, name, **fields):
        """A connection on which the request has been sent."""
        client = self.connect()
        client.sendall(completion_request(name, **fields))
        return client

    def whole(self, name, **fields):
        """All bytes of an answer whose connection the server closes."""
        with self.ask(name, headers=["Connection: close"], **fields) as client:
            return read_to_end(client)


def request(payload, method="POST", path="/v1/chat/completions", headers=(), version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: test", f"Content-Length: {len(payload)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + payload


def completion_request(name, headers=(), version="1.1", **fields):
    payload = json.dumps({"model": name, "stream": True, **fields}).encode()
    return request(payload, headers=headers, version=version)


def read_to_end(client):
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def read_until(client, mark):
    received = b""
    while mark not in received:
        part = client.recv(65536)
        assert part, received
        received += part
    return received


def unchunked(body):
    """The content of a chunked body, and whether it has its end."""
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return content, rest == b"\r\n"
        content, body = content + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return content, False


def text_of(stream):
    """The text that the chunks of an event stream add up to."""
    text = ""
    for event in stream.split(b"\n\n"):
        if event.startswith(b"data: {"):
            for choice in json.loads(event[6:])["choices"]:
                text += choice["delta"].get("content", "")
    return text


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def server(running):
    yield running
    assert running.control("DELETE", "/control/scripts")[0] == 200


TEXT = "Grüße, 世界 🌊 und mehr"
STEPS = [
    {"head": {"headers": {"Content-Type": "text/event-stream", "X-Two": ["a", "b"]}}},
    {"role": True},
    {"text": TEXT, "tokens": 5},
    {"sse": "event: note\r\ndata: é\r\n\r\n"},
    {"finish": "stop"},
    {"usage": {"total_tokens": 5}},
    {"done": True},
]
WRITE_MODES = ["whole", "bytes", "crlf", "codepoint", {"at": [3, 17]}, {"every": 7}]


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_every_write_mode_sends_the_same_bytes(server, framing):
    head = {"head": {**STEPS[0]["head"], "framing": framing}}
    answers = []
    for mode in WRITE_MODES:
        server.script("modes", {"steps": [head, *STEPS[1:]], "write": mode, "pause": "10us"})
        answers.append(server.whole("modes"))
        [record] = server.log("modes")
        assert record["bytesSent"] == len(answers[-1])
        assert record["eventsSent"] == 10
    assert set(answers) == {answers[0]}
    fields, _, body = answers[0].partition(b"\r\n\r\n")
    assert b"X-Two: a\r\nX-Two: b" in fields
    if framing == "chunked":
        body, ended = unchunked(body)
        assert ended
    if framing == "length":
        assert f"Content-Length: {len(body)}".encode() in fields
    assert text_of(body) == TEXT
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ({"at": [3, 4]}, [b"abc", b"\r", b"\ndef\n\n\xc3\xa9"]),
        ("crlf", [b"abc\r", b"\ndef\n", b"\n\xc3\xa9"]),
        ("codepoint", [b"abc\r\ndef\n\n\xc3", b"\xa9"]),
        ({"every": 6}, [b"abc\r\nd", b"ef\n\n\xc3\xa9"]),
    ],
    ids=["at", "crlf", "codepoint", "every"],
)
def test_paused_cuts_arrive_as_separate_reads(server, mode, expected):
    steps = [{"raw": "abc\r\ndef"}, {"raw": "\n\n\u00c3\u00a9"}]
    server.script("portions", {"steps": steps, "write": mode, "pause": "30ms"})
    with server.ask("portions") as client:
        portions = []
        while portion := client.recv(100):
            portions.append(portion)
    assert portions == expected


def test_an_answer_follows_the_request(server):
    server.script("follows", {"steps": [{"answer": "Hello there, you"}]})
    _, _, body = server.whole("follows", stream=False).partition(b"\r\n\r\n")
    whole = json.loads(body)
    assert whole["object"] == "chat.completion"
    assert whole["choices"][0]["message"]["content"] == "Hello there, you"
    assert whole["usage"]["completion_tokens"] == 3
    _, _, body = server.whole("follows").partition(b"\r\n\r\n")
    stream, ended = unchunked(body)
    assert ended and text_of(stream) == "Hello there, you" and b"usage" not in stream
    _, _, body = server.whole("follows", stream_options={"include_usage": True}).partition(
        b"\r\n\r\n"
    )
    assert b'"total_tokens":13' in unchunked(body)[0]


def test_an_unknown_model_gets_twelve_tokens(server):
    _, _, body = server.whole("nobody").partition(b"\r\n\r\n")
    assert body.count(b'"content":"') == 1 + 12
    assert [record["script"] for record in server.log("nobody")] == ["nobody"]


def test_attempts_are_counted_and_the_last_repeats(server):
    server.script(
        "twice",
        {"steps": [{"head": {"status": 429, "headers": {"Retry-After": "1"}}}, {"json": {"e": 1}}]},
        {"steps": [{"answer": "ok"}]},
    )
    assert [server.whole("twice").split()[1] for _ in range(3)] == [b"429", b"200", b"200"]
    records = server.log("twice")
    assert [record["attempt"] for record in records] == [1, 2, 3]
    assert json.loads(records[0]["body"])["model"] == "twice"
    assert records[0]["headers"]["connection"] == "close"
    assert records[0]["at"] <= records[0]["finishedAt"] <= records[1]["at"]


def test_a_connection_is_kept_when_the_framing_allows(server):
    server.script("kept", {"steps": [{"answer": "again"}]})
    with server.ask("kept", stream=False) as client:
        first = read_until(client, b"}}")
        client.sendall(completion_request("kept", stream=False, headers=["Connection: close"]))
        second = read_to_end(client)
    assert b"again" in first and b"again" in second
    assert len({record["connection"] for record in server.log("kept")}) == 1


def test_one_zero_is_delimited_by_the_close(server):
    server.script("old", {"steps": [{"head": {"version": "1.0"}}, *STEPS[1:]]})
    server.script("plain", {"steps": STEPS[1:]})
    for answer in [server.whole("old"), server.whole("plain", version="1.0")]:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"Transfer-Encoding" not in head and b"Content-Length" not in head
        assert text_of(body) == TEXT
    assert server.whole("old").startswith(b"HTTP/1.0 200 OK\r\n")


def test_a_reset_is_a_reset(server):
    steps = [{"text": "before"}, {"gate": "seen"}, {"reset": True}]
    server.script("resets", {"steps": steps})
    with server.ask("resets") as client:
        read_until(client, b"before")
        server.control("POST", "/control/gates/seen")
        with pytest.raises(ConnectionResetError):
            read_to_end(client)
    assert server.log("resets")[0]["outcome"] == "reset"


def test_truncate_sends_just_so_many_bytes(server):
    whole = [{"head": {}}, {"sleep": "0ms"}, {"text": "one two three"}]
    server.script("cut", {"steps": whole})
    complete = server.whole("cut")
    head_length = complete.index(b"\r\n\r\n") + 4
    for count in [0, 1, 5, 200]:
        server.script("cut", {"steps": [whole[0], {"truncate": count}, whole[2]], "write": "bytes"})
        assert server.whole("cut") == complete[: head_length + count]
        [record] = server.log("cut")
        assert record["bytesSent"] == head_length + count
        assert record["outcome"] == "finished"


def test_a_declared_length_can_be_cut_short(server):
    steps = [{"head": {"framing": "length"}}, {"text": "one "}, {"close": True}, {"text": "two"}]
    server.script("short", {"steps": steps})
    head, _, body = server.whole("short").partition(b"\r\n\r\n")
    declared = int(re.search(rb"Content-Length: (\d+)", head)[1])
    assert text_of(body) == "one " and declared > len(body)


def test_raw_bytes_are_the_whole_answer_if_they_come_first(server):
    literal = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n\xff\x00\x01"
    server.script("raw", {"steps": [{"base64": base64.b64encode(literal).decode()}]})
    assert server.whole("raw") == literal


def test_a_gate_holds_the_answer_until_it_opens(server):
    server.script("held", {"steps": [{"text": "first "}, {"gate": "g"}, {"text": "second"}]})
    with server.ask("held", headers=["Connection: close"]) as client:
        assert b"second" not in read_until(client, b"first")
        assert server.wait("held", "finished", timeout="50ms")[0] == 408
        assert server.log("held")[0]["outcome"] == "running"
        assert server.control("POST", "/control/gates/g")[0] == 200
        assert b"second" in read_to_end(client)
    status, records = server.wait("held", "finished")
    assert status == 200 and records[0]["outcome"] == "finished"


@pytest.mark.parametrize(
    "waiting",
    [{"gate": "never"}, {"sleep": "30s"}, {"text": "a b c", "pace": "30s"}],
    ids=["at a gate", "asleep", "between tokens"],
)
@pytest.mark.parametrize("abrupt", [False, True], ids=["closed", "reset"])
def test_a_client_that_goes_is_noticed_within_a_second(server, waiting, abrupt):
    server.script("left", {"steps": [{"text": "start"}, waiting]})
    client = server.ask("left")
    read_until(client, b"start")
    if abrupt:
        linger = (1).to_bytes(4, "little") + bytes(4)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    left_at = time.monotonic_ns()
    client.close()
    status, [record] = server.wait("left", "gone")
    assert status == 200 and record["outcome"] == "gone" and record["finishedAt"] is None
    assert 0 <= record["goneAt"] - left_at < 1_000_000_000


def test_a_client_that_goes_while_its_buffers_are_full_is_noticed(server):
    server.script("flood", {"steps": [{"stamped": 1_000_000}]})
    client = server.ask("flood")
    read_until(client, b"n=00000000 ")
    client.close()
    status, [record] = server.wait("flood", "gone")
    assert status == 200 and record["eventsSent"] < 1_000_000


def test_stamped_tokens_carry_their_sequence_and_a_clock(server):
    server.script("stamps", {"steps": [{"stamped": 20, "pace": "2ms"}, {"done": True}]})
    stamps = re.findall(rb"t=(\d{19}) n=(\d{8}) ", server.whole("stamps"))
    assert [int(sequence) for _, sequence in stamps] == list(range(20))
    times = [int(clock) for clock, _ in stamps]
    assert times == sorted(times) and times[-1] - times[0] >= 38_000_000


def test_two_hundred_connections_at_once(server):
    server.script("many", {"steps": [{"text": "x "}, {"gate": "all"}, {"text": "y"}]})
    headers = ["Connection: close"]
    clients = [server.ask("many", headers=headers) for _ in range(200)]
    assert server.wait("many", "attempt", count=200)[0] == 200
    server.control("POST", "/control/gates/all")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(read_to_end, clients))
    for client in clients:
        client.close()
    assert len(answers) == 200
    for answer in answers:
        content, ended = unchunked(answer.partition(b"\r\n\r\n")[2])
        assert ended and text_of(content) == "x y"
    status, records = server.wait("many", "finished", count=200)
    assert status == 200 and len({record["connection"] for record in records}) == 200


def test_a_path_can_name_the_script(server):
    server.script("gemini-x", {"steps": [{"json": {"in": "path"}}]})
    path = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"
    status, answer = server.control("POST", path, {"contents": []})
    assert (status, answer) == (200, {"in": "path"})


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ({"attempts": []}, "attempts"),
        ({"attempts": [{"steps": [{"txet": "x"}]}]}, "attempts[0].steps[0]"),
        ({"attempts": [{"steps": [{"text": "x", "pase": "1s"}]}]}, "attempts[0].steps[0].pase"),
        ({"attempts": [{"steps": [{"sleep": 5}]}]}, "attempts[0].steps[0].sleep"),
        ({"attempts": [{"steps": [{"text": "x"}, {"head": {}}]}]}, "attempts[0].steps[1]"),
    ],
)
def test_a_slip_in_a_script_is_refused_with_its_place(server, script, place):
    status, answer = server.control("PUT", "/control/scripts/wrong", script)
    assert status == 400 and answer["error"].startswith(place + ":")


def test_the_plain_end_points_answer(server):
    assert server.control("GET", "/health") == (200, {"status": "ok"})
    server.script("listed", {"steps": [{"end": True}]})
    assert server.control("GET", "/v1/models")[1]["data"][0]["id"] == "listed"
    assert server.control("GET", "/nothing")[0] == 404


def test_a_script_file_is_loaded_and_sigterm_ends_the_server(tmp_path):
    file = tmp_path / "from-file.json"
    file.write_text(json.dumps({"attempts": [{"steps": [{"answer": "filed"}]}]}))
    server = Server("--script", str(file))
    assert b"filed" in server.whole("from-file", stream=False)
    server.process.terminate()
    assert server.process.wait(PATIENCE) == 0
    server.stop()
