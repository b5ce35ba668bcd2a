"""`deltaload relay` against the daemon and its mock model."""

import json
import signal
import subprocess

from Support.processes import DELTALOAD, PATIENCE, wait_until

from .running import Measured, Run

SHORT = ("-t", "500ms", "--warm", "100ms", "-c", "8")


def completions(daemon):
    return f"{daemon.url}/v1/chat/completions"


def test_every_answer_is_whole(daemon):
    run = Measured("relay", "--url", completions(daemon), *SHORT, "--expect-events", 20,
                   "--pid", daemon.process.pid, "--threads", 2)
    assert run.figures["requests"] == run.figures["complete"] > 20
    assert run.figures["errors"] == 0 and run.first_error is None
    # Role, deltas, finish, usage and [DONE]; answers that were cut by the window's edges apart.
    assert abs(run.figures["events"] - 24 * run.figures["requests"]) <= 2 * 8 * 24
    for latency in "ttfe", "gap", "delivery", "duration":
        assert run.latencies[latency]["count"] > 0
        assert run.latencies[latency]["p50_us"] <= run.latencies[latency]["max_us"]
    assert run.figures["rss_peak"] > 1 << 20 and run.figures["cpu_seconds"] >= 0


def test_plain_answers(daemon):
    run = Measured("relay", "--url", completions(daemon), *SHORT, "--no-stream")
    assert run.figures["requests"] > 20 and run.figures["events"] == 0


def test_the_wrong_number_of_events_is_an_error(daemon):
    run = Measured("relay", "--url", completions(daemon), *SHORT, "--expect-events", 21,
                   "--expect", "errors=0", status=1)
    assert run.figures["errors_miscounted"] > 0
    assert run.first_error == "20 events, expected 21"


def test_arrivals_by_schedule(daemon):
    run = Measured("relay", "--url", completions(daemon), *SHORT, "--rate", 100)
    assert 30 <= run.figures["requests"] <= 60


def test_a_schedule_that_nobody_can_keep_shows_in_the_latencies(paced_daemon):
    # An answer takes 600 ms: one connection serves two of 100 a second.
    run = Measured("relay", "--url", completions(paced_daemon), "-c", 1, "-t", "3s",
                   "--warm", 0, "--rate", 100)
    assert run.figures["unserved"] > 250
    assert run.latencies["duration"]["max_us"] > 1_000_000


def test_streams_are_held(paced_daemon):
    run = Measured("relay", "--url", completions(paced_daemon), "-c", 50, "--hold", "100ms",
                   "--pid", paced_daemon.process.pid)
    assert run.figures["open"] == 50 and "rss_per_stream" in run.figures


def test_a_server_that_is_away(daemon):
    run = Measured("relay", "--url", "http://127.0.0.1:1/", *SHORT, status=1)
    assert run.figures["errors_refused"] > 0
    assert run.first_error == "connect: Connection refused"
    assert run.failures == ["nothing was answered while it was measured"]


def test_an_answer_that_is_no_success(daemon):
    run = Measured("relay", "--url", f"{daemon.url}/nothing", *SHORT, "--expect", "errors<1",
                   status=1)
    assert run.figures["errors_status"] > 0 and run.first_error.startswith("status 404: ")


def test_agents_and_the_widget(start, fast_model):
    daemon = start(
        fast_model, rates={"widget": {"requests": 0}, "agents": {"requests": 0}},
        agents=[{"id": "agent_demo", "slug": "demo", "name": "Demo", "model": "m", "prompt": "Be brief."}])
    run = Measured("relay", "--url", f"{daemon.url}/v1/chat/stream", "--api", "widget", *SHORT,
                   "--expect-events", 20)
    assert run.figures["complete"] > 10 and run.figures["errors"] == 0
    run = Measured("relay", "--url", f"{daemon.url}/v1/api/chat/demo", "--api", "agents", *SHORT,
                   "--expect-events", 20)
    assert run.figures["complete"] > 10 and run.figures["errors"] == 0


def test_the_built_in_model_is_stamped_where_that_is_wanted(start):
    daemon = start(
        upstreams=[{"name": "demo", "kind": "demo", "pace": "0s", "stamps": True}],
        models=[{"id": "*", "upstream": "demo"}])
    run = Measured("relay", "--url", completions(daemon), *SHORT)
    assert run.figures["stamped"] > 100 and run.figures["errors"] == 0
    assert run.latencies["delivery"]["count"] > 100


def test_expectations_and_a_report(daemon, tmp_path):
    report = tmp_path / "report.html"
    run = Run("relay", "--url", completions(daemon), "-c", 4, "-t", "1100ms", "--warm", 0,
              "--expect", "ttfe.p50<1ns", "--expect", "errors=0", "--report", report)
    assert run.status == 1
    assert "expected ttfe.p50<1ns: found " in run.errors and "errors=0" not in run.errors
    assert "requests_per_second" in run.output and "ttfe" in run.output
    page = report.read_text()
    assert "<polyline" in page and "Events per second" in page and "<script" not in page


def test_wrong_usage():
    for arguments, reason in [
        ((), "usage:"), (("relay",), "--url is missing"), (("delay",), "unknown command"),
        (("relay", "--url", "https://x/"), "https is not spoken"),
        (("relay", "--url", "http://127.0.0.1/", "--expect", "tfe.p99<1ms"), "ttfe.p99"),
        (("relay", "--url", "http://127.0.0.1/", "-c", "0"), "-c 0"),
        (("relay", "--url", "http://127.0.0.1/", "-c", "900000"), "descriptors"),
        (("relay", "--url", "http://127.0.0.1/", "--pid", "999999999"), "no such process"),
        (("fanout", "--subscribe", "http://127.0.0.1/"), "somebody must write"),
    ]:
        run = Run(*arguments)
        assert run.status == 2 and reason in run.errors, (arguments, run.errors)
    assert Run("--help").status == 0 and "--expect-events" in Run("relay", "--help").output


def test_lost_repeated_and_disordered_events(model):
    def event(number):
        return {"event": {"choices": [{"delta": {"content": f"t={1:019} n={number:08}"}}]}}

    model.script("faulty", [*map(event, [0, 2, 2, 4, 3]), {"done": True}])
    arguments = ("relay", "--url", f"{model.base_url}/chat/completions", "-c", 1, "-t", "300ms",
                 "--warm", 0, "--model", "faulty")
    run = Measured(*arguments, status=1)
    assert run.figures["complete"] > 0
    assert run.figures["lost"] == run.figures["duplicated"] == run.figures["disordered"] > 0
    assert run.failures == ["events were lost, came twice, or came in disorder"]
    Measured(*arguments, "--allow-loss")


def test_streams_without_their_end(model):
    model.script("cut", [{"text": "a b c"}, {"close": True}])
    model.script("endless", [{"text": "a b c"}])
    for script, figure in [("cut", "errors_reset"), ("endless", "errors_incomplete")]:
        run = Measured("relay", "--url", f"{model.base_url}/chat/completions", "-c", 1, "-t",
                       "300ms", "--warm", 0, "--model", script, "--expect", "errors=0", status=1)
        assert run.figures[figure] > 0 and run.figures["complete"] == 0


def test_answers_that_come_byte_by_byte(model):
    stamped = [{"stamped": 5}, {"finish": "stop"}, {"done": True}]
    lines = "".join(f'{{"type":"token","token":"t={1:019} n={n:08}"}}\n' for n in range(5))
    ndjson = [
        {"head": {"headers": {"Content-Type": "application/x-ndjson"}, "framing": "chunked"}},
        {"sse": lines + '{"type":"done","message":"x"}\n'},
    ]
    for steps, events in [(stamped, 7), (ndjson, 6)]:
        for cut in "bytes", {"every": 7}:
            model.script("cut", {"steps": steps, "write": cut})
            run = Measured("relay", "--url", f"{model.base_url}/chat/completions", "-c", 1, "-t",
                           "200ms", "--warm", 0, "--model", "cut", "--expect-events", 5)
            assert run.figures["complete"] > 0 and run.figures["errors"] == 0
            assert run.figures["events"] >= events * run.figures["complete"]


def test_an_interrupted_run_tells_what_it_found(daemon):
    def answers():
        return sum(count for name, count in daemon.metrics().items()
                   if name.startswith("deltad_requests"))

    before = answers()
    process = subprocess.Popen(
        [DELTALOAD, "relay", "--url", completions(daemon), "-t", "1h", "--warm", "0", "--json"],
        stdout=subprocess.PIPE, text=True)
    wait_until(lambda: answers() > before + 100, "answers")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and json.loads(output)["figures"]["seconds"] < 60
