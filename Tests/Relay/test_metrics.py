"""What the daemon says of itself: its metrics, and whether it is ready."""

import re

import pytest

from . import asking
from .wire import Exchange, fetch

FAMILY = re.compile(r"# TYPE ([a-z_]+) (counter|gauge)")
SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*\})? -?\d+')
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def scrape(daemon, accept="*/*", **headers):
    return fetch(daemon.port, "GET", "/metrics", headers={"Accept": accept, **headers})


@pytest.mark.parametrize("accept", ["*/*", OPEN_METRICS])
def test_every_line_is_well_formed(start, model, name, accept):
    daemon = start({"loops": 2})
    model.script(name, [{"answer": "Hello"}])
    for _ in range(4):
        assert asking.complete(daemon, name).status == 200
    answer = scrape(daemon, accept)
    assert answer.status == 200 and answer.header("cache-control") == "no-store"
    is_open = accept == OPEN_METRICS
    assert ("openmetrics" in answer.header("content-type")) == is_open
    lines = answer.body.decode().splitlines()
    assert (lines[-1] == "# EOF") == is_open
    family, kind, seen = None, None, set()
    for line in lines:
        if match := FAMILY.fullmatch(line):
            family, kind = match.groups()
            assert family not in seen
            assert kind == "gauge" or family.endswith("_total") != is_open
            seen.add(family)
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            suffix = "_total" if kind == "counter" and is_open else ""
            assert match[1] == family + suffix, line
    assert 'deltad_requests_total{api="completions",status="200"} 4' in lines
    assert 'deltad_upstream_attempts_total{upstream="scripted",outcome="answered"} 4' in lines
    assert [line for line in lines if line.startswith("deltad_loop_up")] == [
        'deltad_loop_up{loop="0"} 1',
        'deltad_loop_up{loop="1"} 1',
    ]


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


def test_addresses_that_may_read_them_can_be_configured(start):
    daemon = start({"metrics": {"allow": ["203.0.113.0/24"]}})
    assert scrape(daemon).status == 403
    assert scrape(daemon, **{"X-Forwarded-For": "203.0.113.9"}).status == 200


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
