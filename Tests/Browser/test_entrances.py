"""What the page is for, over HTTP/1.1 directly and over HTTP/2 by nginx as shipped."""

import pytest
from playwright.sync_api import expect
from Relay import asking
from Relay.wire import fetch

from .reading import View
from .stories import PARTS, WHOLE, Story, snapshot
from .test_dashboard import ENVIRONMENT, KEYS, cell, quiet, tile

# Chromium says so of every request that fails.
NETWORK = ["net::ERR_", "502"]
CUT = 3000  # ms


@pytest.fixture
def page(contexts, entrance):
    page = entrance.open(contexts(**entrance.options))
    expect(page.locator("#target option")).not_to_have_count(0)
    return page


@pytest.fixture
def view(page):
    return View(page)


def test_an_answer_arrives_as_it_is_made(view, model, name):
    story = Story(model, "story", name)
    view.ask("What was there?")
    for count in range(1, len(PARTS) + 1):
        view.expect_text("".join(PARTS[:count]))
        view.expect_states("reading")
        story.tell()
    view.expect_states("complete")
    view.expect_end("^Complete. 24 tokens$")
    expect(view.page.locator(".message.question p")).to_have_text("What was there?")


def test_ten_viewers_show_the_same_with_the_connections_that_there_are(
    entrance, view, model, name
):
    story = Story(model, "story", name)
    view.ask()
    view.expect_text(PARTS[0])
    for _ in range(7):
        view.page.click("#more")
    story.tell()
    view.expect_text("".join(PARTS[:2]), viewers=10)
    # A browser has six for a host over HTTP/1.1: three are left for what is asked meanwhile.
    readers, sharing = (4, 7) if entrance.protocol == "http/1.1" else (11, 0)
    assert snapshot(entrance.daemon, view.stream())["subscribers"] == readers
    expect(view.page.locator("[data-part=note]:visible")).to_have_count(sharing)
    story.finish()
    view.expect_text(WHOLE, viewers=10)
    view.expect_states("complete", viewers=10)


def test_after_three_seconds_without_network_everybody_has_everything(
    contexts, entrance, model, name
):
    story = Story(model, "story", name)
    page = entrance.open(contexts(allowed=NETWORK, **entrance.options))
    view = View(page)
    expect(page.locator("#target option")).not_to_have_count(0)
    view.ask()
    view.expect_text(PARTS[0])
    for _ in range(7):
        page.click("#more")
    view.expect_text(PARTS[0], viewers=10)
    entrance.line.cut()
    story.tell()
    view.expect_states("coming back", viewers=10)
    page.wait_for_timeout(CUT)
    view.expect_text(PARTS[0], viewers=10)
    entrance.line.mend()
    view.expect_text("".join(PARTS[:2]), viewers=10)
    story.finish()
    view.expect_text(WHOLE, viewers=10)
    view.expect_end("^Complete")


def test_a_reload_picks_the_answer_up(view, model, name):
    story = Story(model, "story", name)
    view.ask("And then?")
    story.tell()
    view.expect_text("".join(PARTS[:2]))
    view.page.reload()
    view.expect_text("".join(PARTS[:2]))
    expect(view.page.locator(".message.question p")).to_have_text("And then?")
    story.finish()
    view.expect_text(WHOLE)
    view.expect_end("^Complete")
    view.page.reload()
    expect(view.answers).to_have_js_property("textContent", WHOLE)
    expect(view.page.locator("#send")).to_be_enabled()


def another(contexts, entrance, view):
    """The link in a browser that shares nothing with the first."""
    page = contexts(**entrance.options).new_page()
    page.goto(view.link())
    return View(page)


def test_another_browser_comes_late_by_the_link(contexts, entrance, view, model, name):
    story = Story(model, "story", name)
    view.ask()
    story.tell()
    view.expect_text("".join(PARTS[:2]))
    late = another(contexts, entrance, view)
    late.expect_text("".join(PARTS[:2]), viewers=1)
    story.finish()
    late.expect_text(WHOLE, viewers=1)
    view.expect_text(WHOLE)


def test_stop_stops_all(contexts, entrance, view, model, name):
    Story(model, "story", name)
    view.ask()
    view.expect_text(PARTS[0])
    other = another(contexts, entrance, view)
    other.expect_text(PARTS[0], viewers=1)
    view.page.click("#stop")
    view.expect_states("stopped")
    other.expect_states("stopped", viewers=1)
    view.expect_end("^Stopped.$")
    view.expect_text(PARTS[0])
    assert model.wait("story", "gone")[-1]["outcome"] == "gone"


def test_the_dashboards_figures_agree_with_metrics_behind_a_proxy(
    contexts, start, make_entrance, model, name
):
    # Who comes by the proxy is on no loopback of ours, and needs the key.
    daemon = start({"keys": KEYS, "trustedProxies": ["127.0.0.1"], "loops": 2},
                   environment=ENVIRONMENT)
    entrance = make_entrance("h2", daemon)
    page = entrance.open(contexts(allowed=["403"], **entrance.options), "/dashboard")
    page.locator("#key").fill(ENVIRONMENT["DELTAD_KEY_ROOT"])
    page.keyboard.press("Enter")
    expect(page.locator("#connection")).to_have_text("live")
    model.script(name, [{"answer": "Hello there"}])
    key = {"Authorization": f"Bearer {ENVIRONMENT['DELTAD_KEY_ALICE']}"}
    for _ in range(5):
        answer = fetch(daemon.port, "POST", asking.COMPLETIONS, asking.body(name), key)
        assert answer.status == 200
    metrics = quiet(daemon)
    expect(cell(page, "requests", "completions", "2xx")).to_have_text("5")
    assert metrics['deltad_requests_total{api="completions",status="200"}'] == 5
    expect(cell(page, "ends", "done", "Since start")).to_have_text("5")
    assert metrics['deltad_generations_total{end="done"}'] == 5
    expect(tile(page, "Live streams").locator(".value")).to_have_text("0")
