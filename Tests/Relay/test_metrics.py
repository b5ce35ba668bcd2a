"""What the daemon says of itself: its metrics, and whether it is ready."""

import itertools

import pytest

from . import asking
from .scraping import OPEN_METRICS, families, needs_promtool, promtool, scrape
from .wire import Exchange, fetch


@pytest.fixture(scope="module")
def four(start, model):
    """A daemon that has answered four requests."""
    daemon = start({"loops": 2})
    model.script("four", [{"answer": "Hello"}])
    for _ in range(4):
        assert asking.complete(daemon, "four").status == 200
    return daemon


EXPECTED = [
    'deltad_requests_total{api="completions",status="200"} 4',
    'deltad_upstream_attempts_total{upstream="scripted",outcome="answered"} 4',
    'deltad_first_event_seconds_count{upstream="scripted"} 4',
    'deltad_loop_up{loop="0"} 1',
    'deltad_loop_up{loop="1"} 1',
]


@pytest.mark.parametrize("accept", ["*/*", OPEN_METRICS])
def test_who_asks_chooses_the_format(four, accept):
    answer = scrape(four, accept)
    assert answer.status == 200 and answer.header("cache-control") == "no-store"
    is_open = accept == OPEN_METRICS
    assert ("openmetrics" in answer.header("content-type")) == is_open
    lines = answer.body.decode().splitlines()
    assert (lines[-1] == "# EOF") == is_open
    assert any(line.startswith("# UNIT ") for line in lines) == is_open
    assert [line for line in EXPECTED if line not in lines] == []


def test_prometheus_client_reads_open_metrics(four):
    found = families(four)
    assert found["deltad_requests"].type == "counter"
    assert found["deltad_build"].type == "info"
    assert found["deltad_loop_turn_seconds"].type == "histogram"
    assert found["deltad_client_sent_bytes"].unit == "bytes"


@needs_promtool
def test_promtool_has_nothing_to_say(four):
    assert promtool("check", "metrics", text=bytes(scrape(four).body)) == ""


def test_every_decision_is_counted(start, model, name):
    base = model.base_url
    upstreams = [
        {
            "name": "first",
            "kind": "openai",
            "baseURL": base + "/first",
            "retry": {"retries": 1, "base": "0s"},
            "breaker": {"failures": 4, "pause": "1h"},
        },
        {"name": "second", "kind": "openai", "baseURL": base + "/second"},
    ]
    daemon = start(
        {
            "upstreams": upstreams,
            "models": [{"id": "*", "upstream": "first", "fallbacks": ["second"]}],
        }
    )
    bad = [{"head": {"status": 500}}]
    model.script(name, bad, bad, [{"answer": "Hello"}], bad, bad, [{"answer": "Hello"}])
    for _ in range(3):
        assert asking.complete(daemon, name).status == 200
    metrics = daemon.metrics()
    expected = {
        'attempts_total{upstream="first",outcome="status_5xx"}': 4,
        'attempts_total{upstream="second",outcome="answered"}': 3,
        'decisions_total{upstream="first",decision="retry"}': 2,
        'decisions_total{upstream="first",decision="fallback"}': 2,
        'decisions_total{upstream="first",decision="circuit_open"}': 1,
        'circuit_state{upstream="first",state="open"}': 1,
        'circuit_state{upstream="first",state="closed"}': 0,
        'circuit_state{upstream="second",state="closed"}': 1,
    }
    assert {key: metrics["deltad_upstream_" + key] for key in expected} == expected
    ready = fetch(daemon.port, "GET", "/readyz").json()
    assert ready == {
        "status": "ready",
        "upstreams": [
            {"name": "first", "circuit": "open"},
            {"name": "second", "circuit": "closed"},
        ],
    }


def test_an_answer_that_is_stopped_is_an_attempt_too(start, model, name):
    daemon = start()
    model.script(name, [{"text": "Hello"}, {"gate": name}])
    path = asking.start_stream(daemon, name)
    with asking.open_read(daemon, path) as reader:
        reader.read_body(b"Hello")
        fetch(daemon.port, "DELETE", path)
    metrics = daemon.metrics()
    assert metrics['deltad_upstream_attempts_total{upstream="scripted",outcome="cancelled"}'] == 1
    assert metrics['deltad_generations_total{end="cancelled"}'] == 1


def test_strangers_learn_nothing_without_an_administrators_key(start, tmp_path):
    for name in ("admin", "alice"):
        (tmp_path / name).write_text(f"secret-of-{name}")
    daemon = start(
        {
            "keys": [
                {"name": "alice", "file": str(tmp_path / "alice")},
                {"name": "admin", "file": str(tmp_path / "admin"), "apis": ["admin"]},
            ]
        }
    )
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    assert scrape(daemon).status == 200
    assert scrape(daemon, **stranger).status == 403
    ready = fetch(daemon.port, "GET", "/readyz", headers=stranger)
    assert (ready.status, ready.json()) == (200, {"status": "ready"})
    for key, status in (("alice", 403), ("admin", 200)):
        fields = {"Authorization": f"Bearer secret-of-{key}", **stranger}
        assert scrape(daemon, **fields).status == status


def test_a_page_whose_own_name_points_here_does_not_read_them(start):
    daemon = start({"metrics": {"listen": ["127.0.0.1:0"]}})
    ports = [int(address.rpartition(":")[2]) for address in daemon.addresses]
    for host, status in (
        ("127.0.0.1:8080", 200), ("[::1]:8080", 200), ("localhost", 200), ("deltad:8080", 200),
        ("a.localhost:8080", 200), ("LOCALHOST.", 200), ("localhost.localdomain", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example:8080", 403), ("evil.example.", 403),
        ("localhost.evil.example", 403),
    ):
        for port, path in itertools.product(ports, ("/metrics", "/dashboard/events")):
            with Exchange(port, "GET", path, headers={"Host": host}) as exchange:
                assert exchange.head().status == status, (host, path)


def test_addresses_that_may_read_them_can_be_configured(start):
    daemon = start({"metrics": {"allow": ["203.0.113.0/24"]}})
    assert scrape(daemon).status == 403
    assert scrape(daemon, **{"X-Forwarded-For": "203.0.113.9"}).status == 200


def test_not_ready_while_every_upstream_is_left_alone(start, model, name):
    def settings(*places):
        upstreams = [
            {"name": name, "kind": "openai", "baseURL": f"{model.base_url}/{place}",
             "breaker": {"failures": 1, "pause": "1h"}}
            for name, place in zip(("first", "second"), places, strict=True)
        ]
        models = [{"id": name, "upstream": "first"}, {"id": "*", "upstream": "second"}]
        return {"loops": 1, "upstreams": upstreams, "models": models}

    daemon = start(settings("first", "second"))
    stranger = {"X-Forwarded-For": "203.0.113.9"}

    def readiness(**fields):
        answer = fetch(daemon.port, "GET", "/readyz", headers=fields)
        return answer.status, answer.json()

    for script in (name, f"{name}-second"):
        model.script(script, [{"head": {"status": 500}}])
        assert readiness(**stranger) == (200, {"status": "ready"})
        assert asking.complete(daemon, script).status == 500
    status, said = readiness()
    assert (status, said["status"], said["reason"]) == (503, "unready", "upstreams")
    assert [upstream["circuit"] for upstream in said["upstreams"]] == ["open", "open"]
    assert readiness(**stranger) == (503, {"status": "unready", "reason": "upstreams"})
    # Another server in the place of one of them, of which nothing bad is known.
    daemon.reload(settings("first", "third"))
    assert readiness(**stranger) == (200, {"status": "ready"})
    circuits = [upstream["circuit"] for upstream in readiness()[1]["upstreams"]]
    assert circuits == ["open", "closed"]


def test_a_daemon_that_ends_is_not_ready(start, model, name):
    daemon = start({"timeouts": {"shutdown": "30s"}})
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    with asking.open_completion(daemon, name) as running:
        running.read_body(b"Hello")
        # A connection that is there already is still answered.
        with Exchange(daemon.port, "GET", "/readyz") as ready:
            assert ready.whole().status == 200
        model.open(name)
        running.whole()


def test_head_has_no_body(daemon):
    for path in ("/metrics", "/readyz"):
        answer = fetch(daemon.port, "OPTIONS", path)
        assert "HEAD" in answer.header("allow")
