"""What the page keeps, and how it goes on after what fails and passes."""

import json

import pytest
from playwright.sync_api import expect
from Support.processes import wait_until

from .reading import View, open_with_turns, ready
from .stories import PARTS, WHOLE, Story, asked

# What is kept.


def test_a_full_storage_keeps_nobody_from_asking(page, model, name):
    story, view = Story(model, "story", name), View(page)
    page.evaluate("""() => {
      let all = ""
      for (let step = 1 << 22; step >= 1; step >>= 1) {
        try {
          sessionStorage.setItem("full", all + "x".repeat(step))
          all += "x".repeat(step)
        } catch {}
      }
    }""")
    view.ask("q" * 600)
    story.finish()
    view.expect_end("^Complete")
    view.expect_text(WHOLE)


def test_the_oldest_turns_of_a_long_conversation_are_dropped(page, daemon, model, name):
    view, story = open_with_turns(page, 12, "x" * 100_000), Story(model, "story", name)
    view.ask("The last")
    story.finish()
    view.expect_end("^Complete")
    kept = json.loads(page.evaluate("sessionStorage.getItem('deltad page')"))["turns"]
    assert [turn["question"] for turn in kept] == [*(f"{n}" for n in range(2, 12)), "The last"]


def test_what_is_kept_is_counted_as_it_is_sent(page, daemon, model, name):
    """In bytes: of these letters each has three."""
    view = open_with_turns(page, 3, "漢" * 100_000)
    for number in range(4):
        Story(model, "story", f"{name}-{number}", ["漢" * 100_000]).finish()
        view.ask("The last")
        expect(view.answers).to_have_count(4 + number)
        view.expect_end("^Complete")
        assert len(asked(model, "story")) == 2 * 3 + 1


@pytest.fixture
def cookieless(contexts, daemon):
    """A page in a browser that keeps nothing."""
    page = contexts().new_page()
    page.add_init_script("""
      const refuse = () => { throw new DOMException("no", "SecurityError") }
      Object.defineProperty(window, "sessionStorage", { get: refuse })
      navigator.locks.request = async () => refuse()
    """)
    return page


def test_a_browser_that_keeps_nothing_shows_answers(cookieless, daemon, model, name):
    story, view = Story(model, "story", name), ready(cookieless, daemon)
    view.ask()
    story.finish()
    view.expect_text(WHOLE)
    view.expect_end("^Complete")


def test_a_browser_that_keeps_nothing_shows_the_dashboard(cookieless, daemon):
    cookieless.goto(daemon.url + "/dashboard")
    expect(cookieless.locator("#connection")).to_have_text("live")


# What fails, and passes.


def test_a_reload_without_network_picks_the_answer_up_later(contexts, daemon, model, name):
    page = contexts(allowed=["net::ERR_"]).new_page()
    story, view = Story(model, "story", name), ready(page, daemon)
    view.ask()
    view.expect_text(PARTS[0])
    page.route("**/deltad.js*", lambda route: route.abort())
    page.reload()
    expect(view.status).to_have_text("The daemon cannot be reached: asking again.")
    expect(page.locator(".message.question p")).to_have_text("What was there?")
    page.unroute("**/deltad.js*")
    view.expect_text(PARTS[0])
    story.finish()
    view.expect_text(WHOLE)
    view.expect_end("^Complete")


def test_the_chat_says_that_the_connection_is_lost(contexts, line, model, name):
    page = contexts(allowed=["net::ERR_"]).new_page()
    story, view = Story(model, "story", name), View(page)
    page.goto(line.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view.ask()
    view.expect_text(PARTS[0])
    line.cut()
    expect(view.status).to_have_text("The connection is lost: coming back.")
    line.mend()
    expect(view.status).to_have_text("The answer arrives.")
    story.finish()
    view.expect_end("^Complete")


def test_a_conversation_that_the_daemon_has_lost_begins_anew(contexts, daemon, model, name):
    page = contexts(allowed=["404"]).new_page()
    view = ready(page, daemon)
    Story(model, "guided", f"{name}-1").finish()
    view.ask(target="agent:guide")
    view.expect_end("^Complete")
    page.evaluate("""() => {
      const kept = JSON.parse(sessionStorage.getItem("deltad page"))
      kept.conversation = "conv_" + "x".repeat(20)
      sessionStorage.setItem("deltad page", JSON.stringify(kept))
    }""")
    page.reload()
    expect(page.locator("#target option")).not_to_have_count(0)
    story = Story(model, "guided", f"{name}-2")
    view.ask(target="agent:guide")
    expect(view.status).to_have_text(
        "The daemon does not know the conversation any more: this is a new one.")
    story.finish()
    view.expect_end("^Complete")
    assert len(asked(model)) == 2


def test_who_asks_before_the_models_are_listed_waits_for_them(contexts, daemon, model, name):
    page, held = contexts().new_page(), []
    page.route("**/v1/models", lambda route: held.append(route))
    page.goto(daemon.url)
    Story(model, "story", name).finish()
    wait_until(lambda: page.wait_for_timeout(10) or held, "the list to be asked for")
    page.click("#suggestion")
    expect(page.locator("#status")).to_have_text("Asking…")
    held[0].continue_()
    View(page).expect_end("^Complete")


def test_what_is_written_while_a_question_is_on_its_way_stays(page, model, name):
    story, held = Story(model, "story", name), []
    page.route("**/v1/streams", lambda route: held.append(route))
    view = View(page)
    view.ask()
    wait_until(lambda: page.wait_for_timeout(10) or held, "the question")
    page.fill("#question", "And then?")
    held[0].continue_()
    view.expect_text(PARTS[0])
    story.finish()
    view.expect_end("^Complete")
    expect(page.locator("#question")).to_have_value("And then?")


# The list of models.


def test_a_running_answer_is_picked_up_without_the_list(contexts, daemon, model, name):
    page = contexts(allowed=["net::ERR_"]).new_page()
    story, view = Story(model, "story", name), ready(page, daemon)
    view.ask()
    view.expect_text(PARTS[0])
    page.route("**/v1/models", lambda route: route.abort("connectionreset"))
    page.reload()
    view.expect_text(PARTS[0])
    story.finish()
    view.expect_text(WHOLE)
    view.expect_end("^Complete")
    page.unroute("**/v1/models")
    expect(page.locator("#target option")).not_to_have_count(1)


def test_the_list_of_models_is_asked_for_again(contexts, daemon):
    page = contexts(allowed=["503"]).new_page()
    page.route("**/v1/models", lambda route: route.fulfill(status=503), times=1)
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(1)
    expect(page.locator("#status")).to_have_text("The models are listed.")


def test_who_asks_where_nobody_answers_is_told_so(contexts, start):
    daemon = start({"models": [{"id": "*", "upstream": "scripted"}]})
    page = contexts().new_page()
    page.goto(daemon.url)
    expect(page.locator("#status")).to_have_text("No model is listed.")
    page.click("#suggestion")
    expect(page.locator("#status")).to_have_text("No model is listed.")
    expect(page.locator("#send")).to_be_enabled()


def test_what_was_said_of_the_network_is_taken_back(contexts, daemon):
    page = contexts(allowed=["net::ERR_"]).new_page()
    page.route("**/deltad.js*", lambda route: route.abort())
    ready(page, daemon)
    page.locator("#question").press_sequentially("W")
    expect(page.locator("#status")).to_have_text("The daemon cannot be reached: asking again.")
    page.unroute("**/deltad.js*")
    expect(page.locator("#status")).to_have_text("")
