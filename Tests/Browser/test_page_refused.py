"""The page where the daemon refuses it something."""

import pytest
from playwright.sync_api import expect
from Support.processes import wait_until

from .reading import View, ready
from .stories import PARTS, WHOLE, Story, wait_for_readers
from .watching import RECORD_PAUSES

KEY = "sk-front-4Rt9"
SAME_TAB = "sessionStorage.getItem('deltad key')"
LATER = {"status": 429, "headers": {"Retry-After": "60"}}


def of_viewer(request):
    """Viewers read with EventSource, or ask for no type."""
    return request.resource_type == "eventsource" or request.headers.get("accept") == "*/*"


def answer_viewers(page, answer):
    """Answers the viewers' requests alone, and counts those made with fetch."""
    seen = []

    def handle(route):
        if not of_viewer(route.request):
            return route.fallback()
        if route.request.resource_type == "fetch":
            seen.append(route.request.url)
        return route.fulfill(**answer)

    page.route("**/v1/streams/*?after=*", handle)
    return seen


@pytest.mark.parametrize("status", [400, 403, 410])
def test_a_viewer_that_is_refused_for_good_asks_no_more(contexts, daemon, model, name, status):
    page = contexts(allowed=[str(status)]).new_page()
    Story(model, "story", name)
    view = ready(page, daemon)
    seen = answer_viewers(page, {"status": status})
    view.ask()
    view.expect_states("not to be read")
    assert len(seen) == 3


def test_a_viewer_behind_the_end_shows_how_it_ended(page, daemon, model, name):
    story, view = Story(model, "story", name), View(page)
    answer_viewers(page, {"status": 204})
    view.ask()
    story.finish()
    view.expect_end("^Complete")
    view.expect_states("complete")


def test_a_viewer_waits_as_long_as_it_is_told(contexts, daemon, model, name):
    page = contexts(allowed=["429"]).new_page()
    page.add_init_script(RECORD_PAUSES)
    Story(model, "story", name)
    view = ready(page, daemon)
    answer_viewers(page, LATER)
    view.ask()
    # EventSource tells nothing of its refusal; asked again with fetch, it is heeded.
    wait_until(lambda: page.evaluate("pauses.filter(time => time === 60_000).length") == 3,
               "each viewer to wait for a minute")
    view.expect_states("coming back")


def test_pauses_grow_are_random_and_never_shorter_than_asked_for(page):
    pauses = page.evaluate("""async () => {
      const { pauseBeforeRetry } = await import("/event-stream.js")
      const of = (failures, options) =>
        Array.from({ length: 50 }, () => pauseBeforeRetry(failures, options))
      return [of(0, {}), of(3, {}), of(40, {}), of(0, { atLeast: 60_000 }), of(0, { retry: 0 })]
    }""")
    for found, most in zip(pauses, [1000, 8000, 30_000, None, 100]):
        if most is None:
            assert set(found) == {60_000}
            continue
        assert most / 2 <= min(found) < max(found) <= most


def test_retry_after_is_read_in_both_forms(page):
    found = page.evaluate("""async () => {
      const { retryAfter } = await import("/event-stream.js")
      const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString()
      return ["7", inTwoMinutes, "soon", "-1", null, "3000000"].map(value =>
        retryAfter(new Response("", { headers: value === null ? {} : { "Retry-After": value } })))
    }""")
    assert found[0] == 7000 and 100_000 < found[1] <= 120_000 and found[2:5] == [0, 0, 0]
    # What timers do not hold they do not wait for at all.
    assert found[5] == 2**30


@pytest.mark.parametrize("then", ["drop", "remove"])
def test_a_viewer_that_is_dropped_while_it_waits_comes_back_once(
    contexts, daemon, model, name, then
):
    page = contexts(allowed=["503"]).new_page()
    story = Story(model, "story", name)
    view = ready(page, daemon)
    view.ask()
    view.expect_text(PARTS[0])
    answer_viewers(page, {"status": 503, "headers": {"Retry-After": "1"}})
    view.part(0, "slow").click()
    expect(view.part(0, "state")).to_have_text("coming back")
    view.part(0, "drop").click()
    page.unroute("**/v1/streams/*?after=*")
    view.part(0, then).click()
    # Longer than it was told to wait.
    page.wait_for_timeout(1500)
    viewers = 3 if then == "drop" else 2
    wait_for_readers(daemon, view.stream(), viewers + 1)
    if then == "drop":
        view.part(0, "slow").click()
    story.finish()
    view.expect_text(WHOLE, viewers=viewers)
    view.expect_states("complete", viewers=viewers)


# Keys.


@pytest.fixture
def closed(start, tmp_path):
    (tmp_path / "key").write_text(KEY)
    return start({
        "models": [{"id": "story", "upstream": "scripted"}],
        "keys": [{"name": "front", "file": str(tmp_path / "key"),
                  "apis": ["completions", "streams"]}],
        "streams": {"requireKeyToRead": True},
    })


def give(page, key):
    expect(page.get_by_role("dialog")).to_be_visible()
    page.fill("#key", key)
    page.keyboard.press("Enter")


def test_a_key_that_no_header_can_carry_is_not_taken(closed, contexts):
    page = contexts(allowed=["401"]).new_page()
    page.goto(closed.url)
    give(page, KEY + "\u200b")
    expect(page.locator("#key:invalid")).to_be_visible()
    assert page.evaluate(SAME_TAB) is None
    give(page, KEY)
    expect(page.locator("#target option")).to_have_count(1)
    assert page.evaluate(SAME_TAB) == KEY


def test_a_key_that_is_refused_is_forgotten(closed, contexts):
    page = contexts(allowed=["401"]).new_page()
    asked = []
    page.on("response", lambda answer: asked.append(answer.status) if "v1/models" in answer.url
            else None)
    page.goto(closed.url)
    give(page, "sk-another")
    expect(page.locator("#keys")).to_have_js_property("returnValue", "")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(SAME_TAB) is None
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("The models cannot be listed.")
    assert asked == [401, 401]


def test_who_gives_no_key_at_first_is_asked_again_with_the_question(
    closed, contexts, model, name
):
    page = contexts(allowed=["401"]).new_page()
    Story(model, "story", name).finish()
    page.goto(closed.url)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("The models cannot be listed.")
    page.fill("#question", "Anybody?")
    page.keyboard.press("Enter")
    give(page, KEY)
    View(page).expect_end("^Complete")


def test_a_refusal_that_comes_late_costs_no_key(closed, contexts, model, name):
    page, held = contexts(allowed=["401"]).new_page(), []
    Story(model, "story", name).finish()
    page.add_init_script("""sessionStorage.setItem("deltad page", JSON.stringify(
      { target: "story", conversation: null, turns: [], viewers: 1 }))""")
    page.route("**/v1/models", lambda route: held.append(route), times=1)
    page.goto(closed.url)
    page.fill("#question", "Anybody?")
    page.keyboard.press("Enter")
    give(page, KEY)
    View(page).expect_end("^Complete")
    held[0].continue_()
    expect(page.locator("#target option")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate(SAME_TAB) == KEY


@pytest.mark.parametrize("path", ["/", "/dashboard"])
def test_a_full_storage_keeps_no_key_out(start, contexts, tmp_path, path):
    (tmp_path / "key").write_text(KEY)
    daemon = start({
        "keys": [{"name": "all", "file": str(tmp_path / "key"), "apis": ["completions", "admin"]}],
        "metrics": {"allow": []}, "models": [{"id": "story", "upstream": "scripted"}],
    })
    page = contexts(allowed=["401", "403"]).new_page()
    page.add_init_script("""Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError")
    }""")
    page.goto(daemon.url + path)
    give(page, KEY)
    expect(page.get_by_role("dialog")).to_be_hidden()
    if path == "/":
        expect(page.locator("#target option")).not_to_have_count(0)
    else:
        expect(page.locator("#connection")).to_have_text("live")


def test_a_link_on_another_device_asks_for_the_key(closed, contexts, model, name):
    story = Story(model, "story", name)
    page = contexts(allowed=["401"]).new_page()
    page.goto(closed.url)
    give(page, KEY)
    expect(page.locator("#target option")).to_have_count(1)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    other = contexts(allowed=["401"]).new_page()
    other.goto(view.link())
    give(other, KEY)
    late = View(other)
    late.expect_text(PARTS[0], viewers=1)
    story.finish()
    late.expect_text(WHOLE, viewers=1)
    late.expect_states("complete", viewers=1)
    expect(late.answers).to_have_count(1)
