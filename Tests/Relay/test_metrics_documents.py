"""What is written about the metrics, and made of them, is true of a real scrape."""

import json
import re

import pytest
from Support.processes import ROOT, wait_until

from . import asking
from .scraping import OPEN_METRICS, needs_promtool, promtool, samples, scrape
from .wire import fetch

RULES = ROOT / "etc/prometheus/deltad.rules.yml"
DASHBOARD = ROOT / "etc/grafana/deltad.json"
PAGE = ROOT / "docs/metrics.md"
OPERATIONS = ROOT / "docs/operations.md"
# What Prometheus adds to each sample, and itself says of each target.
FROM_PROMETHEUS = {"instance", "job"}
OF_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def daemon(start, model):
    """A daemon that has served requests of all kinds."""
    upstreams = [
        {"name": name, "kind": "openai", "baseURL": model.base_url, "retry": {"retries": 0}}
        for name in ("first", "second")
    ]
    daemon = start(
        {
            "loops": 2,
            "upstreams": upstreams,
            "models": [{"id": "*", "upstream": "first", "fallbacks": ["second"]}],
        }
    )
    model.script("good", [{"answer": "Hello"}])
    model.script("ill", [{"head": {"status": 500}}], [{"answer": "Hello"}])
    model.script("cut", [{"text": "Hello"}, {"close": True}])
    model.script("held", [{"text": "Hello"}, {"gate": "held"}])
    for name in ("good", "ill", "cut"):
        for stream in (True, False):
            asking.complete(daemon, name, stream)
    path = asking.start_stream(daemon, "good", user="me")
    for form in ("sse", "openai", "ndjson", "chunk", "json"):
        asking.read(daemon, path, form)
    held = asking.start_stream(daemon, "held")
    with asking.open_read(daemon, held) as reader:
        reader.read_body(b"Hello")
        fetch(daemon.port, "DELETE", held)
        reader.whole()
    model.open("held")
    for way in ("/healthz", "/readyz", "/openapi.json", "/v1/models", "/nowhere", "/"):
        fetch(daemon.port, "GET", way)
    for agent in ("/v1/chats", "/v1/api/chat/nobody", "/v1/chat"):
        fetch(daemon.port, "POST", agent, {})
    wait_until(lambda: daemon.metrics()["deltad_streams_live"] == 0, "all to have ended")
    return daemon


# MARK: The formats


@needs_promtool
def test_promtool_has_nothing_to_say(daemon):
    assert promtool("check", "metrics", text=bytes(scrape(daemon).body)) == ""


def test_both_formats_have_the_same_samples(daemon):
    """Their values may differ: each scrape is a request."""

    def named(accept):
        lines = scrape(daemon, accept).body.decode().splitlines()
        return [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]

    assert named("*/*") == named(OPEN_METRICS)


def test_histograms_are_cumulative_and_end_with_their_count(daemon):
    metrics = daemon.metrics()
    counts = [name for name in metrics if re.search(r"_count(\{|$)", name)]
    assert len(counts) >= 7
    for count in counts:
        prefix = count.replace("_count", "_bucket").removesuffix("}")
        prefix += "," if "{" in prefix else "{"
        buckets = [value for name, value in metrics.items() if name.startswith(prefix + 'le="')]
        assert len(buckets) > 5 and buckets == sorted(buckets), count
        assert buckets[-1] == metrics[prefix + 'le="+Inf"}'] == metrics[count]


# MARK: The page


def test_the_page_has_every_family_with_its_type_and_labels(daemon):
    row = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| ((?:`\w+`(?:, )?)*) ?\|", re.M)
    written = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in row.findall(PAGE.read_text())
    }
    text = scrape(daemon).body.decode()
    found = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M):
        sample = name + ("_count" if kind == "histogram" else "")
        labels = re.findall(rf"^{sample}(?:\{{(.*)\}})? ", text, re.M)
        assert labels, f"nothing has moved {name}"
        found[name] = (kind, {label for one in labels for label in re.findall(r'(\w+)="', one)})
    assert written == found


def test_the_page_has_every_value_of_labels_that_the_daemon_thinks_up(daemon):
    """Of those that are not the configuration's: what moves seldom is written too."""
    text = PAGE.read_text()
    found = samples(daemon)
    for label, name in [
        ("limit", "deltad_refusals_total"),
        ("reason", "deltad_unfinished_answers_total"),
        ("reason", "deltad_refused_connections_total"),
        ("reason", "deltad_archive_failures_total"),
        ("outcome", "deltad_upstream_attempts_total"),
        ("decision", "deltad_upstream_decisions_total"),
        ("state", "deltad_upstream_circuit_state"),
        ("queue", "deltad_archive_queue_length"),
    ]:
        (row,) = re.findall(rf"^\| `{name}`.*", text, re.M)
        assert {value for value in found[name][label] if f"`{value}`" not in row} == set(), name


# MARK: Expressions

METRIC = re.compile(r"\b((?:deltad|process)_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def rules():
    """`{alert: expression}`."""
    found = {}
    for rule in re.split(r"^      - alert: ", RULES.read_text(), flags=re.M)[1:]:
        name = rule.split("\n", 1)[0]
        expression = re.search(r"expr: (?:>-\n)?(.*?)\n        (?:for|labels):", rule, re.S)[1]
        found[name] = expression
    return found


def panels():
    """`{title: expression}` of all queries of the dashboard."""
    dashboard = json.loads(DASHBOARD.read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    }
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found[f"variable {variable['name']}"] = variable["query"]["query"]
    return found


EXPRESSIONS = {**rules(), **panels()}


def test_expressions_are_found():
    assert len(rules()) >= 12 and len(panels()) >= 40
    assert all(METRIC.search(expression) for expression in EXPRESSIONS.values())


def test_expressions_use_names_labels_and_values_that_there_are(daemon):
    found = samples(daemon)
    wrong = []
    for title, expression in EXPRESSIONS.items():
        known = set(FROM_PROMETHEUS)
        for name, matchers in METRIC.findall(expression):
            if name not in found and name not in OF_PROMETHEUS:
                wrong.append(f"{title}: {name}")
                continue
            labels = found.get(name, {})
            known |= set(labels)
            for label, operator, values in MATCHER.findall(matchers):
                if label in FROM_PROMETHEUS:
                    continue
                values = set(values.split("|")) if "~" in operator else {values}
                strange = {value for value in values - labels.get(label, set()) if "." not in value}
                if label not in labels or strange:
                    wrong.append(f"{title}: {name}{{{label}}} {strange}")
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            strange = {label.strip() for label in group.split(",")} - known
            wrong += [f"{title}: by {label}" for label in strange]
    assert wrong == []


def test_a_counter_is_never_shown_as_it_is():
    """Only how fast it grows means anything; and a gauge has no rate."""
    wrong = []
    for title, expression in EXPRESSIONS.items():
        for match in METRIC.finditer(expression):
            before = expression[: match.start()]
            is_counter = re.search(r"_(total|bucket|sum|count)$", match[1])
            if bool(is_counter) != before.endswith("rate("):
                wrong.append(f"{title}: {match[0]}")
    assert wrong == []


# MARK: The dashboard


def test_the_dashboard_explains_each_panel_and_follows_its_variables():
    dashboard = json.loads(DASHBOARD.read_text())
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == [
        *["Traffic", "Latency", "Readers", "Upstreams", "Limits", "Archive", "Loops", "Process"],
    ]
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert all(panel["description"].endswith(".") for panel in shown)
    assert {panel["datasource"]["uid"] for panel in shown} == {"${datasource}"}
    queries = [target["expr"] for panel in shown for target in panel["targets"]]
    for query in queries:
        assert query.count('instance=~"$instance"') == len(METRIC.findall(query)), query
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)


@needs_promtool
def test_prometheus_understands_each_query_of_the_dashboard(tmp_path):
    """As recording rules, which promtool checks."""
    queries = [
        {"record": f"query:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, (title, expression) in enumerate(panels().items())
        if not title.startswith("variable")
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": queries}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", str(file))


# MARK: The alerts


@needs_promtool
def test_promtool_accepts_the_rules():
    assert f"{len(rules())} rules found" in promtool("check", "rules", str(RULES))


def test_each_alert_has_a_severity_a_summary_and_a_description():
    text = RULES.read_text()
    for part in ("severity: (critical|warning)}", "summary: ", "description: "):
        assert len(re.findall(part, text)) == len(rules()), part


def test_operators_are_told_of_each_alert():
    rules_text = RULES.read_text()
    times = dict(re.findall(r"alert: (\w+)\n(?:(?!- alert).)*?for: (\d+)m", rules_text, re.S))
    times["DeltadRestarts"] = re.search(r"\[(\d+)m\]", rules()["DeltadRestarts"])[1]
    severities = dict(re.findall(r"alert: (\w+)\n.*?severity: (\w+)", rules_text, re.S))
    rows = re.findall(r"^\| `(Deltad\w+)` \| (\d+) min \| (\w+) \|", OPERATIONS.read_text(), re.M)
    assert rows == [(name, times[name], severities[name]) for name in rules()]


UP = 'up{instance="a",job="deltad"}'
CALM = {
    UP: "1x60",
    'process_start_time_seconds{instance="a",job="deltad"}': "100x60",
    'deltad_loop_up{instance="a",loop="0"}': "1x60",
    'deltad_event_delay_seconds_bucket{instance="a",le="0.0001"}': "0+100x60",
    'deltad_event_delay_seconds_bucket{instance="a",le="+Inf"}': "0+100x60",
    'deltad_requests_total{instance="a",api="chats",status="200"}': "0+100x60",
    'deltad_requests_total{instance="a",api="chats",status="502"}': "0+1x60",
    'deltad_requests_total{instance="a",api="operations",status="503"}': "0+900x60",
    'deltad_generations_total{instance="a",end="done"}': "0+100x60",
    'deltad_generations_total{instance="a",end="cancelled"}': "0+500x60",
    'deltad_generations_total{instance="a",end="upstream_error"}': "0+1x60",
    'deltad_upstream_circuit_state{instance="a",upstream="u",state="open"}': "0x60",
    'deltad_upstream_circuit_state{instance="a",upstream="v",state="open"}': "0x60",
    'deltad_first_event_seconds_bucket{instance="a",upstream="u",le="1.0"}': "0+100x60",
    'deltad_first_event_seconds_bucket{instance="a",upstream="u",le="30.0"}': "0+100x60",
    'deltad_first_event_seconds_bucket{instance="a",upstream="u",le="+Inf"}': "0+100x60",
    'deltad_generations_queued{instance="a"}': "0x60",
    'deltad_refusals_total{instance="a",limit="queue_full"}': "7x60",
    'deltad_refusals_total{instance="a",limit="key_rate"}': "0+100x60",
    'deltad_archive_failing{instance="a"}': "0x60",
    'deltad_archive_commit_seconds_bucket{instance="a",le="0.01"}': "0+100x60",
    'deltad_archive_commit_seconds_bucket{instance="a",le="5.0"}': "0+100x60",
    'deltad_archive_commit_seconds_bucket{instance="a",le="+Inf"}': "0+100x60",
    'deltad_archive_queue_length{instance="a",queue="write"}': "5x60",
    'process_open_fds{instance="a",job="deltad"}': "50x60",
    'process_max_fds{instance="a",job="deltad"}': "100x60",
    'deltad_config_last_reload_successful{instance="a"}': "1x60",
}
# What is otherwise than in the calm, each for one alert.
STORMS = {
    "DeltadDown": {UP: "0x60"},
    "DeltadRestarts": {'process_start_time_seconds{instance="a",job="deltad"}': "100+60x60"},
    "DeltadLoopStuck": {'deltad_loop_up{instance="a",loop="0"}': "0x60"},
    "DeltadEventsDelayed": {
        'deltad_event_delay_seconds_bucket{instance="a",le="0.0001"}': "0+90x60",
        'deltad_event_delay_seconds_bucket{instance="a",le="1.0"}': "0+100x60",
    },
    "DeltadErrors": {'deltad_requests_total{instance="a",api="chats",status="502"}': "0+20x60"},
    "DeltadGenerationsFail": {
        'deltad_generations_total{instance="a",end="upstream_error"}': "0+30x60"
    },
    "DeltadUpstreamFails": {
        'deltad_upstream_circuit_state{instance="a",upstream="u",state="open"}': "1x60"
    },
    "DeltadNoUpstream": {
        'deltad_upstream_circuit_state{instance="a",upstream="u",state="open"}': "1x60",
        'deltad_upstream_circuit_state{instance="a",upstream="v",state="open"}': "1x60",
    },
    "DeltadFirstEventSlow": {
        'deltad_first_event_seconds_bucket{instance="a",upstream="u",le="1.0"}': "0+50x60"
    },
    "DeltadQueue": {'deltad_generations_queued{instance="a"}': "3x60"},
    "DeltadOverloaded": {'deltad_refusals_total{instance="a",limit="queue_full"}': "0+5x60"},
    "DeltadArchiveFails": {'deltad_archive_failing{instance="a"}': "0 1 0 1 0 1 0 1 0 1 0 1 1x50"},
    "DeltadArchiveSlow": {
        'deltad_archive_commit_seconds_bucket{instance="a",le="0.01"}': "0+50x60"
    },
    "DeltadArchiveBehind": {
        'deltad_archive_queue_length{instance="a",queue="write"}': "15000x60"
    },
    "DeltadDescriptors": {'process_open_fds{instance="a",job="deltad"}': "95x60"},
    "DeltadReloadRefused": {'deltad_config_last_reload_successful{instance="a"}': "0x60"},
}
# Where one alert is the reason for another.
ALSO = {"DeltadNoUpstream": {"DeltadUpstreamFails"}}


def firing(alerts, storm):
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values}
                         for name, values in {**CALM, **storm}.items()],
        "promql_expr_test": [
            {
                "expr": 'max by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "30m",
                "exp_samples": [
                    {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(alerts)
                ],
            }
        ],
    }


@needs_promtool
def test_each_alert_fires_when_it_should_and_no_other(tmp_path):
    assert set(STORMS) == set(rules())
    tests = [firing([], {})]
    for alert, storm in STORMS.items():
        tests.append(firing({alert} | ALSO.get(alert, set()), storm))
    file = tmp_path / "alerts.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m",
                                "tests": tests}))
    assert "SUCCESS" in promtool("test", "rules", str(file))
