"""The page at /dashboard where keys are refused, clocks are set, and nothing has come yet."""

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import expect
from Support.processes import wait_until

from .test_dashboard import ENVIRONMENT, KEYS, event, plot
from .watching import RECORD_PAUSES

FEED = "**/dashboard/events"


@pytest.fixture
def closed(start):
    return start({
        "keys": KEYS, "metrics": {"allow": []}, "models": [{"id": "story", "upstream": "scripted"}],
    }, environment=ENVIRONMENT)


def give(page, key):
    expect(page.get_by_role("dialog")).to_be_visible()
    page.locator("#key").fill(key)
    page.keyboard.press("Enter")


def test_a_key_that_no_header_can_carry_is_not_taken(closed, contexts):
    page = contexts(allowed=["403"]).new_page()
    page.goto(closed.url + "/dashboard")
    give(page, "secret-of-root\u200b")
    expect(page.locator("#key:invalid")).to_be_visible()
    give(page, "secret-of-root")
    expect(page.locator("#connection")).to_have_text("live")


def test_the_pages_of_a_tab_have_each_a_key_of_its_own(closed, contexts):
    page = contexts(allowed=["401", "403"]).new_page()
    page.goto(closed.url + "/dashboard")
    give(page, "secret-of-root")
    expect(page.locator("#connection")).to_have_text("live")
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("authorization")))
    page.goto(closed.url)
    give(page, "secret-of-alice")
    expect(page.locator("#target option")).not_to_have_count(0)
    assert {*sent} == {None, "Bearer secret-of-alice"}
    page.goto(closed.url + "/dashboard")
    expect(page.locator("#connection")).to_have_text("live")


def test_it_waits_as_long_as_it_is_told(daemon, contexts):
    page = contexts(allowed=["429"]).new_page()
    page.add_init_script(RECORD_PAUSES)
    page.route(FEED, lambda route: route.fulfill(status=429, headers={"Retry-After": "60"}))
    page.goto(daemon.url + "/dashboard")
    expect(page.locator("#connection")).to_have_text("no word; asking again")
    # Less the time that the refusal took.
    wait_until(lambda: page.evaluate("pauses.some(time => time > 50_000)"), "a pause of a minute")


def test_a_clock_that_is_set_back_begins_anew(daemon, contexts):
    page = contexts().new_page()
    page.goto(daemon.url + "/dashboard")
    hour = 3_600_000
    events = [event(2 * hour, sent=5), event(2 * hour + 1000, sent=15),
              event(hour, sent=16), event(hour + 1000, sent=20)]
    found = page.evaluate("""async events => {
      const { History } = await import("/dashboard-history.js")
      const { definitions } = await import("/dashboard-panels.js")
      const history = new History({ "events.out": definitions["events.out"] })
      const added = events.map(event => history.add(event))
      return [added, history.times, history.series.get("events.out").slice(1)]
    }""", events)
    assert found == [[True] * 4, [hour, hour + 1000], [4]]


def test_everybody_can_read_it_before_anything_has_come(daemon, contexts):
    page = contexts(allowed=["net::ERR_"]).new_page()
    page.route(FEED, lambda route: route.abort())
    page.goto(daemon.url + "/dashboard")
    expect(page.locator("#connection")).to_have_text("no word; asking again")
    expect(plot(page, "Readers").locator("canvas")).to_have_attribute("aria-label", "Readers")
    found = Axe().run(page)["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
