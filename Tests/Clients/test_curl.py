"""curl, from the command line: what it shows, what it writes, and how it exits.

Exit statuses are those of curl(1): 0 all well, 18 a partial file, 22 an error status with --fail,
28 out of time.
"""

import json
import re
import subprocess

import pytest
from answers import DONE, chunk, frame
from processes import PATIENCE

COMPLETIONS = "/v1/chat/completions"
ANSWER = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Grüß"}),
          chunk({"content": " dich"}), chunk(finish="stop")]
ANSWER_BYTES = b"".join(map(frame, ANSWER)) + DONE


def command(*arguments):
    return ["curl", "--silent", "--show-error", "--no-progress-meter", *map(str, arguments)]


def curl(*arguments, status=0, stdin=b""):
    """curl's standard output and standard error, after it has exited with `status`."""
    done = subprocess.run(command(*arguments), input=stdin, capture_output=True, timeout=30)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr.decode()


def request(name, **more):
    return json.dumps({"model": name, "messages": [{"role": "user", "content": "Hi"}], **more})


def posting(body):
    return ["-H", "Content-Type: application/json", "-d", body]


def split(output):
    """Status line, header fields with names in lower case, and body of what curl -i writes."""
    head, _, body = output.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = {}
    for line in lines:
        name, _, value = line.partition(": ")
        assert name.lower() not in fields, line
        fields[name.lower()] = value
    return first, fields, body


def test_an_event_is_there_before_the_next_one_is_made(daemon, model, script, gate):
    name = script([*ANSWER[:2], {"gate": gate}, *ANSWER[2:], {"done": True}])
    first = b"".join(map(frame, ANSWER[:2]))
    arguments = ["-N", daemon.url + COMPLETIONS, *posting(request(name, stream=True))]
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE) as process:
        assert process.stdout.read(len(first)) == first
        assert model.log(name)[0]["outcome"] == "running"
        model.open(gate)
        assert first + process.stdout.read() == ANSWER_BYTES
        assert process.wait(PATIENCE) == 0


def test_a_streaming_answer_has_the_fields_that_proxies_and_browsers_need(daemon, script):
    name = script([*ANSWER, {"done": True}])
    output, _ = curl("-i", daemon.url + COMPLETIONS, *posting(request(name, stream=True)))
    first, fields, body = split(output)
    assert first == "HTTP/1.1 200 OK"
    assert fields["content-type"] == "text/event-stream; charset=utf-8"
    assert fields["cache-control"] == "no-cache, no-transform"
    assert fields["x-accel-buffering"] == "no"
    assert fields["transfer-encoding"] == "chunked"
    assert "content-length" not in fields
    assert re.fullmatch(r"strm_\w{16,}", fields["x-stream-id"])
    assert fields["x-request-id"]
    assert body == ANSWER_BYTES


def test_http_1_0_gets_the_same_events_without_chunks_and_the_end_by_closing(daemon, script):
    name = script([*ANSWER, {"done": True}])
    arguments = ["--http1.0", "-i", daemon.url + COMPLETIONS, *posting(request(name, stream=True))]
    first, fields, body = split(curl(*arguments)[0])
    assert first.split()[1] == "200"
    assert "transfer-encoding" not in fields and "content-length" not in fields
    assert fields["connection"] == "close"
    assert body == ANSWER_BYTES


def test_http_1_0_gets_a_whole_answer_with_its_length(daemon, script):
    name = script([{"answer": "Hello there"}])
    arguments = ["--http1.0", "-i", daemon.url + COMPLETIONS, *posting(request(name))]
    _, fields, body = split(curl(*arguments)[0])
    assert int(fields["content-length"]) == len(body)
    assert json.loads(body)["choices"][0]["message"]["content"] == "Hello there"


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/models/demo", "/"])
def test_head_answers_as_get_does_without_the_body(daemon, path):
    first, fields, body = split(curl("-i", daemon.url + path)[0])
    head_first, head_fields, nothing = split(curl("-I", daemon.url + path)[0])
    assert (head_first, nothing) == (first, b"") and first == "HTTP/1.1 200 OK"
    assert fields.pop("x-request-id") != head_fields.pop("x-request-id")
    for changing in [fields, head_fields]:
        changing.pop("date", None)
    assert head_fields == fields
    assert int(fields["content-length"]) == len(body) > 0


def test_head_where_only_post_is_taken_is_405(daemon):
    first, fields, body = split(curl("-I", daemon.url + COMPLETIONS)[0])
    assert first.split()[1] == "405"
    assert fields["allow"] == "POST, OPTIONS"
    assert body == b""


@pytest.mark.parametrize(
    "path, allow",
    [
        (COMPLETIONS, "POST, OPTIONS"),
        ("/v1/models", "GET, HEAD, OPTIONS"),
        ("/v1/streams", "POST, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_names_the_methods(daemon, path, allow):
    first, fields, body = split(curl("-i", "-X", "OPTIONS", daemon.url + path)[0])
    assert first == "HTTP/1.1 204 No Content"
    assert fields["allow"] == allow
    assert "content-length" not in fields and body == b""


def big_body(name, size):
    start = request(name)[:-1] + ',"padding":"'
    return (start + "x" * (size - len(start) - 2) + '"}').encode()


@pytest.mark.parametrize("framing", [[], ["-H", "Transfer-Encoding: chunked"]],
                         ids=["content-length", "chunked"])
def test_a_large_upload_waits_for_100_continue_and_arrives_whole(daemon, model, script, framing):
    name = script([{"answer": "Got it"}])
    body = big_body(name, 1_500_000)
    arguments = ["-v", "--expect100-timeout", "10", "-H", "Expect: 100-continue", *framing]
    output, verbose = curl(*arguments, "-H", "Content-Type: application/json", "--data-binary",
                           "@-", daemon.url + COMPLETIONS, stdin=body)
    assert json.loads(output)["choices"][0]["message"]["content"] == "Got it"
    assert verbose.count("< HTTP/1.1 100 Continue") == 1
    assert verbose.count("< HTTP/1.1 200 OK") == 1
    assert model.log(name)[0]["body"] == body.decode()


def test_an_upload_beyond_the_limit_is_refused_before_it_is_sent(daemon):
    arguments = ["-v", "--expect100-timeout", "10", "-H", "Expect: 100-continue",
                 "-H", "Content-Type: application/json", "-w", "\n%{http_code} %{size_upload}"]
    output, verbose = curl(*arguments, "--data-binary", "@-", daemon.url + COMPLETIONS,
                           stdin=big_body("demo", 3 << 20))
    body, _, outcome = output.rpartition(b"\n")
    assert outcome == b"413 0"
    assert json.loads(body)["error"]["code"] == "payload_too_large"
    assert "100 Continue" not in verbose


def test_a_refused_upload_that_does_not_wait_still_gets_its_answer(daemon):
    arguments = ["-H", "Expect:", "-H", "Content-Type: application/json", "-w", "\n%{http_code}"]
    output, _ = curl(*arguments, "--data-binary", "@-", daemon.url + COMPLETIONS,
                     stdin=big_body("demo", 3 << 20))
    body, _, outcome = output.rpartition(b"\n")
    assert outcome == b"413"
    assert json.loads(body)["error"]["code"] == "payload_too_large"


@pytest.mark.parametrize("streams", [True, False])
def test_nothing_is_compressed_for_one_who_would_take_it(daemon, model, script, streams):
    name = script([*ANSWER, {"done": True}] if streams else [{"answer": "Grüß dich"}])
    arguments = ["--compressed", "-i", daemon.url + COMPLETIONS]
    _, fields, body = split(curl(*arguments, *posting(request(name, stream=streams)))[0])
    assert "content-encoding" not in fields
    if streams:
        assert body == ANSWER_BYTES
    else:
        assert json.loads(body)["choices"][0]["message"]["content"] == "Grüß dich"
    assert model.log(name)[0]["headers"]["accept-encoding"] == "identity"


def test_a_unix_socket_serves_as_well(daemon, script):
    (path,) = [address[5:] for address in daemon.addresses if address.startswith("unix:")]
    name = script([*ANSWER, {"done": True}])
    body = request(name, stream=True)
    output, _ = curl("--unix-socket", path, "http://localhost" + COMPLETIONS, *posting(body))
    assert output == ANSWER_BYTES


def test_one_connection_serves_stream_after_stream(daemon, script):
    name = script([*ANSWER, {"done": True}])
    one = [daemon.url + COMPLETIONS, *posting(request(name, stream=True)),
           "-w", "%{num_connects}\n"]
    refused = [daemon.url + COMPLETIONS, *posting("{}"), "-w", "%{num_connects} %{http_code}\n",
               "-o", "/dev/null"]
    output, _ = curl(*one, "--next", *refused, "--next", *one)
    assert output == ANSWER_BYTES + b"1\n" + b"0 400\n" + ANSWER_BYTES + b"0\n"


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_an_upstream_that_is_cut_ends_the_answer_properly_with_an_error(daemon, script, version):
    name = script([*ANSWER[:2], {"close": True}])
    output, _ = curl(version, daemon.url + COMPLETIONS, *posting(request(name, stream=True)))
    delivered = b"".join(map(frame, ANSWER[:2]))
    assert output.startswith(delivered + b'data: {"error":{')
    last = json.loads(output[len(delivered) + len(b"data: "):])
    assert last["error"]["code"] == "upstream_error"
    assert b"[DONE]" not in output


def test_a_daemon_that_is_told_to_end_says_so_in_the_stream(start_daemon, script, gate):
    daemon = start_daemon()
    name = script([*ANSWER[:2], {"gate": gate}])
    delivered = b"".join(map(frame, ANSWER[:2]))
    arguments = [daemon.url + COMPLETIONS, *posting(request(name, stream=True))]
    with subprocess.Popen(command("-N", *arguments), stdout=subprocess.PIPE) as process:
        assert process.stdout.read(len(delivered)) == delivered
        daemon.stop()
        last = process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "shutting_down"


def test_a_daemon_that_dies_leaves_a_partial_file(start_daemon, script, gate):
    daemon = start_daemon()
    name = script([*ANSWER[:2], {"gate": gate}])
    delivered = b"".join(map(frame, ANSWER[:2]))
    arguments = [daemon.url + COMPLETIONS, *posting(request(name, stream=True))]
    with subprocess.Popen(command("-N", *arguments), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdout.read(len(delivered)) == delivered
        daemon.process.kill()
        daemon.process.wait(PATIENCE)
        assert process.stdout.read() == b""
        assert process.wait(PATIENCE) == 18


def test_a_client_that_runs_out_of_time_is_missed_upstream(daemon, model, script, gate):
    name = script([*ANSWER[:2], {"gate": gate}])
    arguments = ["--max-time", "1.5", daemon.url + COMPLETIONS]
    output, _ = curl(*arguments, *posting(request(name, stream=True)), status=28)
    assert output == b"".join(map(frame, ANSWER[:2]))
    assert model.wait(name, "gone")[0]["outcome"] == "gone"


def test_fail_turns_an_error_status_into_an_exit_status(daemon, model, script):
    name = script([{"head": {"status": 418}}, {"json": {"error": {"message": "short"}}}])
    arguments = [daemon.url + COMPLETIONS, *posting(request(name, stream=True))]
    assert curl("--fail", *arguments, status=22)[0] == b""
    output, _ = curl("--fail-with-body", *arguments, status=22)
    assert output == b'{"error":{"message":"short"}}'
