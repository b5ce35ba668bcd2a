"""`deltaload fanout`, `resume` and `soak` against the daemon."""

from .running import COMPLETION, Measured, Run

TRIGGER = ("--trigger-body", COMPLETION)


def streams(daemon):
    url = f"{daemon.url}/v1/streams"
    return ("--trigger", url, *TRIGGER, "--subscribe", url + "/{id}")


def test_every_subscriber_gets_every_event(paced_daemon):
    run = Measured("fanout", *streams(paced_daemon), "--subscribers", 40, "--streams", 3,
                   "--expect-events", 30, "--threads", 2, "--pid", paced_daemon.process.pid)
    assert run.figures["connected"] == run.figures["complete"] == 40
    assert run.figures["stamped"] == 40 * 30 and run.figures["missing"] == 0
    assert run.latencies["delivery"]["count"] > 0


def test_a_completion_is_a_stream_to_follow(paced_daemon):
    run = Measured(
        "fanout", "--trigger", f"{paced_daemon.url}/v1/chat/completions", "--trigger-body",
        COMPLETION[:-1] + ',"stream":true}', "--subscribers", 10, "--expect-events", 30,
        "--subscribe", paced_daemon.url + "/v1/streams/{id}?format=openai")
    assert run.figures["stamped"] == 300 and run.figures["errors"] == 0


def test_subscribers_come_back_to_a_backlog(daemon):
    run = Measured("fanout", *streams(daemon), "--subscribers", 20, "--backlog", 20)
    assert run.figures["stamped"] == 20 * 19 and run.figures["missing"] == 0


def test_subscribers_come_to_the_whole_of_a_stream_without_ids(daemon):
    url = f"{daemon.url}/v1/streams"
    run = Measured("fanout", "--trigger", url, *TRIGGER, "--subscribers", 20, "--backlog", 20,
                   "--subscribe", url + "/{id}?format=openai", "--pid", daemon.process.pid)
    assert run.figures["stamped"] == 20 * 20 and run.figures["missing"] == 0
    assert run.figures["early"] == 0 and run.figures["published"] == 20


def test_a_backlog_that_does_not_come(daemon):
    run = Run("fanout", *streams(daemon), "--backlog", 21, "--timeout", "1s")
    assert run.status == 1 and "the probe got 20 of 21 events" in run.errors


def test_too_few_events_are_missed(paced_daemon):
    run = Measured("fanout", *streams(paced_daemon), "--subscribers", 2, "--expect-events", 31,
                   status=1)
    assert run.figures["missing"] == 2


def test_a_trigger_that_is_refused(paced_daemon):
    run = Run("fanout", "--trigger", f"{paced_daemon.url}/v1/streams", "--trigger-body", "{}",
              "--subscribe", paced_daemon.url + "/v1/streams/{id}")
    assert run.status == 1 and "of 1 streams 0 were started: status 400" in run.errors


def test_readers_who_break_off_get_exactly_what_was_written(paced_daemon):
    run = Measured("resume", *streams(paced_daemon), "--subscribers", 30, "--streams", 2,
                   "--breaks", 6, "--expect-events", 30, "--expect", "breaks>60")
    assert run.figures["exact"] == run.figures["readers"] == 32
    assert run.figures["lost"] == run.figures["duplicated"] == 0


def test_a_soak_is_bounded_and_sampled(daemon, tmp_path):
    report = tmp_path / "soak.html"
    run = Measured(
        "soak", "--url", f"{daemon.url}/v1/chat/completions", "-c", 8, "--duration", "1800ms",
        "--round", "700ms", "--pause", "100ms", "--sample", "200ms", "--max-growth", "1GB",
        "--pid", daemon.process.pid, "--gauges", f"{daemon.url}/metrics",
        "--gauge", "deltad_connections", "--report", report)
    assert run.figures["rounds"] >= 2 and run.figures["seconds"] < 2.3
    assert run.figures["complete"] > 20 and run.figures["breaks"] > 5
    assert run.figures["errors"] == 0 and "rss_growth" in run.figures
    assert "deltad_connections" in report.read_text()


def test_growth_fails_a_soak(daemon):
    run = Measured(
        "soak", "--url", f"{daemon.url}/v1/chat/completions", "-c", 8, "--duration", "1s",
        "--round", "1s", "--sample", "100ms", "--pid", daemon.process.pid, "--max-growth", "1GB",
        "--expect", "rss_growth<-1GB", status=1)
    assert len(run.failures) == 1 and "expected rss_growth<-1GB: found" in run.failures[0]
