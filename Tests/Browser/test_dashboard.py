"""The page at /dashboard, in Chromium."""

import json
import re

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect
from Relay import asking
from Support.processes import Daemon, wait_until

KEYS = [
    {"name": name, "environment": f"DELTAD_KEY_{name.upper()}", "apis": [api]}
    for name, api in (("alice", "completions"), ("root", "admin"))
]
ENVIRONMENT = {"DELTAD_KEY_ALICE": "secret-of-alice", "DELTAD_KEY_ROOT": "secret-of-root"}
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def opened(context, daemon):
    """The page, with its first figures."""
    page = context.new_page()
    page.goto(daemon.url + "/dashboard")
    expect(page.locator("#verdict")).to_have_text("Ready")
    return page


def cell(page, table, row, column):
    """A cell by the texts of its row's first cell and of its column's head."""
    heads = page.locator(f"#{table} th").all_text_contents()
    found = page.locator(f"#{table} tbody tr", has=page.get_by_text(row, exact=True))
    return found.locator("td").nth(heads.index(column))


def tile(page, title):
    return page.locator("#tiles li", has=page.get_by_role("heading", name=title, exact=True))


def plot(page, title):
    return page.locator("figure", has=page.get_by_role("heading", name=title, exact=True))


def quiet(daemon):
    wait_until(lambda: daemon.metrics()["deltad_streams_live"] == 0, "all to have ended")
    return daemon.metrics()


# What it shows.


def test_its_figures_agree_with_metrics(start, contexts, model, name):
    daemon = start({"loops": 2})
    model.script(name, [{"answer": "Hello there"}])
    model.script(f"{name}-broken", [{"head": {"status": 500}}])
    page = opened(contexts(), daemon)
    for _ in range(7):
        assert asking.complete(daemon, name).status == 200
    for _ in range(2):
        assert asking.complete(daemon, f"{name}-broken").status == 500
    metrics = quiet(daemon)
    expect(cell(page, "requests", "completions", "2xx")).to_have_text("7")
    expect(cell(page, "requests", "completions", "5xx")).to_have_text("2")
    expect(cell(page, "ends", "done", "Since start")).to_have_text("7")
    asked = cell(page, "upstreams", "scripted", "Asked since start")
    expect(asked).to_have_text("9")
    assert metrics['deltad_requests_total{api="completions",status="200"}'] == 7
    assert metrics['deltad_generations_total{end="done"}'] == 7
    attempts = {n: v for n, v in metrics.items() if n.startswith("deltad_upstream_attempts")}
    assert sum(attempts.values()) == 9
    expect(cell(page, "upstreams", "scripted", "Answered, last minute")).to_have_text("7")
    expect(cell(page, "upstreams", "scripted", "How it failed")).to_have_text("status 5xx 2")
    for title, family in (("Streams in memory", "streams"), ("Streams", "streams_live")):
        label = plot(page, title).locator("canvas").get_attribute("aria-label")
        assert re.search(rf" {metrics[f'deltad_{family}']}(,|$)", label), label
    expect(tile(page, "Subscribers").locator(".value")).to_have_text("0")
    expect(page.locator("#loops tbody tr")).to_have_count(2)
    version = next(n for n in metrics if n.startswith("deltad_build"))
    assert re.search(r'version="(.+?)"', version)[1] in page.locator("#about").text_content()


def test_live_streams_come_and_go(start, contexts, model, name):
    daemon = start()
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    page = opened(contexts(), daemon)
    expect(page.locator("#streams tbody")).to_have_text("no stream grows at the moment")
    path = asking.start_stream(daemon, name)
    shown = path.removeprefix("/v1/streams/")[:14] + "…"
    expect(cell(page, "streams", shown, "Model")).to_have_text(name)
    expect(cell(page, "streams", shown, "State")).to_have_text("streaming")
    expect(tile(page, "Live streams").locator(".value")).to_have_text("1")
    model.open(name)
    expect(page.locator("#streams tbody")).to_have_text("no stream grows at the moment")


def test_who_is_turned_away_is_counted(start, contexts, model, name):
    daemon = start({"rates": {"completions": {"requests": 1, "per": "1h"}}})
    model.script(name, [{"answer": "Hello"}])
    page = opened(contexts(), daemon)
    expect(page.locator("#refusals tbody")).to_have_text("nobody since the start")
    assert [asking.complete(daemon, name).status for _ in range(3)] == [200, 429, 429]
    expect(cell(page, "refusals", "rate of an address", "Since start")).to_have_text("2")
    expect(tile(page, "Turned away").locator(".value")).to_have_text("2")


def test_an_upstream_that_is_left_alone_is_named(start, contexts, model, name):
    daemon = start(upstream={"breaker": {"failures": 1, "pause": "1h"}})
    model.script(name, [{"head": {"status": 500}}])
    page = opened(contexts(), daemon)
    assert asking.complete(daemon, name).status == 500
    expect(page.locator("#verdict")).to_have_text("Not ready: every upstream is left alone")
    expect(page.locator("#health")).to_contain_text("left alone: scripted")
    expect(cell(page, "upstreams", "scripted", "Circuit")).to_have_text("open")


# How it is used.


def test_a_paused_page_stands_still_and_goes_on(start, contexts, model, name):
    daemon = start()
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    page, other = opened(contexts(), daemon), opened(contexts(), daemon)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#connection")).to_contain_text("paused at")
    asking.start_stream(daemon, name)
    expect(tile(other, "Live streams").locator(".value")).to_have_text("1")
    expect(tile(page, "Live streams").locator(".value")).to_have_text("0")
    page.get_by_role("button", name="Go on").click()
    expect(tile(page, "Live streams").locator(".value")).to_have_text("1")
    expect(page.locator("#connection")).to_have_text("live")
    model.open(name)


def test_plots_are_read_by_pointer_and_by_keyboard(start, contexts):
    page = opened(contexts(), start())
    canvas = plot(page, "Readers").locator("canvas")
    moment = re.compile(r"^\d\d:\d\d:\d\d$")
    canvas.hover()
    expect(plot(page, "Readers").locator(".when")).to_have_text(moment)
    # Every other plot tells of the same moment.
    expect(plot(page, "Memory").locator(".when")).to_have_text(moment)
    page.locator("h1").hover()
    expect(plot(page, "Memory").locator(".when")).not_to_have_text(moment)
    first = plot(page, "Streams").locator("canvas")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(canvas).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator("p.unseen")).to_have_text(re.compile(r"^Readers, .*: subscribers 0, "))
    expect(plot(page, "Readers").locator(".when")).to_have_text(moment)
    page.keyboard.press("Escape")
    expect(plot(page, "Readers").locator(".when")).not_to_have_text(moment)
    # One stop of the tabulator for all of them.
    assert page.locator("canvas[tabindex='0']").count() == 1


@pytest.mark.parametrize("density", [1, 2, 3])
def test_plots_are_drawn_with_the_screens_own_pixels(start_once, contexts, density):
    page = opened(contexts(device_scale_factor=density, viewport=SIZES["desktop"]), start_once)
    is_crisp = """() => [...document.querySelectorAll("canvas")].every(canvas => {
      const box = canvas.getBoundingClientRect()
      return Math.abs(canvas.width - box.width * devicePixelRatio) <= 1
        && Math.abs(canvas.height - box.height * devicePixelRatio) <= 1
    })"""
    page.wait_for_function(is_crisp)
    page.set_viewport_size(SIZES["phone"])
    page.wait_for_function(is_crisp)
    drawn = page.locator("canvas").first.evaluate("""canvas => canvas.getContext("2d")
      .getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte > 0)""")
    assert drawn


@pytest.fixture(scope="module")
def start_once(start):
    return start({"loops": 2})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_it(start_once, contexts, size, scheme):
    page = opened(contexts(viewport=SIZES[size], color_scheme=scheme), start_once)
    found = Axe().run(page)["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


# Who may see it.


@pytest.fixture
def closed(start):
    return start(
        {"keys": KEYS, "metrics": {"allow": []}}, environment=ENVIRONMENT)


def test_a_key_is_asked_for_and_kept_by_the_tab(closed, contexts):
    context = contexts(allowed=["403"])
    page = context.new_page()
    page.goto(closed.url + "/dashboard")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page.locator("#connection")).to_have_text("takes a key")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    page.locator("#key").fill("secret-of-alice")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-note")).to_have_text("This key does not open admin.")
    page.locator("#key").fill("secret-of-root")
    page.keyboard.press("Enter")
    expect(page.locator("#connection")).to_have_text("live")
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.locator("#connection")).to_have_text("live")
    expect(dialog).to_be_hidden()
    assert "secret" not in json.dumps(context.storage_state())
    other = context.new_page()
    other.goto(closed.url + "/dashboard")
    expect(other.get_by_role("dialog")).to_be_visible()


# Daemons that come and go.


@pytest.fixture
def run(model, tmp_path_factory):
    """Starts daemons at a port of their own, each when the one before has ended."""
    running = []

    def run(listen):
        daemon = Daemon({
            "listen": [listen],
            "upstreams": [{"name": "scripted", "kind": "openai", "baseURL": model.base_url}],
            "models": [{"id": "*", "upstream": "scripted"}],
            "timeouts": {"shutdown": "1m", "release": "0s"},
            "loops": 2,
        }, tmp_path_factory.mktemp("deltad"))
        running.append(daemon)
        return daemon

    yield run
    for daemon in running:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def test_it_comes_back_after_a_restart(run, contexts):
    daemon = run("127.0.0.1:0")
    refused = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET"]
    page = opened(contexts(allowed=refused), daemon)
    started = daemon.metrics()["process_start_time_seconds"]
    daemon.process.kill()
    daemon.process.wait()
    expect(page.locator("#connection")).to_have_text("no word; asking again")
    again = run(f"127.0.0.1:{daemon.port}")
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#verdict")).to_have_text("Ready")
    assert again.metrics()["process_start_time_seconds"] >= started


def test_a_daemon_that_ends_is_watched_to_its_end(run, contexts, model, name):
    daemon = run("127.0.0.1:0")
    page = opened(contexts(allowed=["ERR_"]), daemon)
    model.script(name, [{"text": "Hello"}, {"gate": name}, {"done": True}])
    asking.start_stream(daemon, name)
    expect(tile(page, "Live streams").locator(".value")).to_have_text("1")
    daemon.process.terminate()
    expect(page.locator("#verdict")).to_have_text("About to end: nothing new begins")
    expect(page.locator("#connection")).to_have_text("live")
    model.open(name)
    assert daemon.process.wait(10) == 0
    expect(page.locator("#connection")).to_have_text("no word; asking again")


# The arithmetic.


HISTOGRAMS = [
    # bounds, cumulative counts, share, as histogram_quantile of Prometheus has it
    ([1, 2, 4], [0, 4, 4, 4], 0.5, 1.5),
    ([1, 2, 4], [4, 4, 4, 4], 0.5, 0.5),
    ([1, 2, 4], [1, 2, 4, 4], 1, 4),
    ([1, 2, 4], [0, 0, 0, 3], 0.5, 4),
    ([0.1, 0.2], [10, 20, 20], 0.25, 0.05),
    ([0.1, 0.2], [10, 20, 20], 0.99, 0.198),
]


def test_percentiles_are_those_of_prometheus(start_once, contexts):
    page = opened(contexts(), start_once)
    for bounds, counts, share, expected in HISTOGRAMS:
        found = page.evaluate(
            """async ([bounds, counts, share]) => {
              const { quantile } = await import("/dashboard-history.js")
              return quantile({ bounds, counts }, share)
            }""", [bounds, counts, share])
        assert found == pytest.approx(expected), (bounds, counts, share)
    nothing = page.evaluate("""async () => {
      const { quantile } = await import("/dashboard-history.js")
      return String(quantile({ bounds: [1], counts: [0, 0] }, 0.5))
    }""")
    assert nothing == "NaN"


def event(time, started=1, sent=0, loops=(1, 1), first=(0, 0)):
    return {"time": time, "state": "ready", "streams": [], "moreStreams": 0, "metrics": {
        "process_start_time_seconds": [{"value": started}],
        "deltad_loop_up": [{"loop": str(i), "value": up} for i, up in enumerate(loops)],
        "deltad_events_sent": [{"value": sent}],
        "deltad_first_event_seconds": [
            {"upstream": "u", "bounds": [1.0], "counts": list(first), "sum": 0}],
    }}


def gathered(page, events, series):
    """What the history makes of the events: of one series, with NaN as None."""
    return page.evaluate("""async ([events, name]) => {
      const { History } = await import("/dashboard-history.js")
      const { definitions } = await import("/dashboard-panels.js")
      const history = new History({ [name]: definitions[name] })
      for (const event of events) history.add(event)
      return history.series.get(name).map(value => Number.isNaN(value) ? null : value)
    }""", [events, series])


def test_rates_are_differences_over_time(start_once, contexts):
    page = opened(contexts(), start_once)
    events = [event(0, sent=5), event(1000, sent=15), event(3000, sent=15), event(4000, sent=16)]
    assert gathered(page, events, "events.out") == [None, 10, 0, 1]
    # Two loops tell of the same moment.
    assert gathered(page, [*events, event(4100, sent=20)], "events.out") == [None, 10, 0, 1]


def test_what_cannot_be_compared_is_a_gap(start_once, contexts):
    page = opened(contexts(), start_once)
    restarted = [event(0, sent=100), event(1000, started=2, sent=1),
                 event(2000, started=2, sent=3)]
    assert gathered(page, restarted, "events.out") == [None, None, 2]
    silent = [event(0, sent=100), event(1000, sent=40, loops=(1, 0)), event(2000, sent=130),
              event(3000, sent=140)]
    assert gathered(page, silent, "events.out") == [None, None, None, 10]


def test_percentiles_are_of_ten_seconds(start_once, contexts):
    page = opened(contexts(), start_once)
    events = [event(1000 * second, first=(second // 5, second // 5)) for second in range(30)]
    found = gathered(page, events, "first.50")
    assert found[:5] == [None] * 5 and found[5:15] == [0.5] * 10
    ended = [event(1000 * second, first=(1, 1)) for second in range(30)]
    assert gathered(page, ended, "first.50") == [None] * 30


def test_ten_minutes_are_kept(start_once, contexts):
    page = opened(contexts(), start_once)
    events = [event(1000 * second, sent=second) for second in range(700)]
    assert len(gathered(page, events, "events.out")) == 601


def test_units_are_those_that_people_read(start_once, contexts):
    page = opened(contexts(), start_once)
    cases = {
        ("count", 9999): "9,999", ("count", 12_345): "12.3 k", ("rate", 0.25): "0.25",
        ("rate", 2_345): "2.35 k", ("bytes", 0): "0 B", ("bytes", 1 << 20): "1 MiB",
        ("bytesRate", 1536): "1.5 KiB/s", ("seconds", 0): "0", ("seconds", 0.00005): "50 µs",
        ("seconds", 0.0123): "12.3 ms", ("seconds", 2.5): "2.5 s", ("seconds", 150): "2 min 30 s",
        ("share", 0.055): "5.5 %", ("share", 0.55): "55 %", ("count", None): "–",
    }
    for (unit, value), expected in cases.items():
        found = page.evaluate("""async ([unit, value]) => {
          const { show } = await import("/dashboard-units.js")
          return show(value ?? NaN, unit)
        }""", [unit, value])
        assert found == expected, (unit, value)
    for unit, most, last in (("count", 7, 8), ("rate", 0.9, 1), ("bytes", 3 << 20, 3 << 20),
                             ("seconds", 0.045, 0.06), ("count", 0, 4), ("share", 1.3, 1.5)):
        lines = page.evaluate("""async ([most, unit]) => {
          const { ticks } = await import("/dashboard-units.js")
          return ticks(most, unit)
        }""", [most, unit])
        assert lines[0] == 0 and 2 <= len(lines) <= 6, (unit, most, lines)
        assert lines[-1] == pytest.approx(last), (unit, most, lines)
