"""The six connections that a browser has over HTTP/1.1, shared by tabs of both pages."""

from playwright.sync_api import expect

from .reading import View
from .stories import PARTS, WHOLE, Story, wait_for_readers


def asking_tab(context, daemon, model, name, stop_at=PARTS[0]):
    story = Story(model, "story", name)
    page = context.new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view = View(page)
    view.ask()
    view.expect_text(stop_at)
    return story, view


def dashboard(context, daemon):
    page = context.new_page()
    page.goto(daemon.url + "/dashboard")
    return page


def test_in_each_of_four_tabs_an_answer_can_be_stopped(context, daemon, model, name):
    tabs = [asking_tab(context, daemon, model, f"{name}-{number}") for number in range(4)]
    # Viewers have yielded to the readers, and show the same.
    for _, view in tabs:
        wait_for_readers(daemon, view.stream(), 1)
        expect(view.page.locator("[data-part=note]:visible")).to_have_count(3)
    tabs[0][0].tell()
    tabs[0][1].expect_text("".join(PARTS[:2]))
    for _, view in tabs:
        view.page.click("#stop")
        view.expect_end("^Stopped")


def test_a_viewer_that_yields_goes_on_where_it_was(context, page, daemon, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    view.expect_text(PARTS[0])
    view.part(0, "slow").click()
    wait_for_readers(daemon, view.stream(), 4)
    watching = [dashboard(context, daemon) for _ in range(3)]
    for other in watching:
        expect(other.locator("#connection")).to_have_text("live")
    wait_for_readers(daemon, view.stream(), 1)
    story.finish()
    view.expect_text(WHOLE)
    view.expect_states("complete")


def test_a_dashboard_without_a_connection_says_that_it_waits(context, page, daemon, model, name):
    view = View(page)
    Story(model, "story", name)
    view.ask()
    view.expect_text(PARTS[0])
    for _ in range(3):
        expect(dashboard(context, daemon).locator("#connection")).to_have_text("live")
    late = dashboard(context, daemon)
    expect(late.locator("#connection")).to_have_text(
        "waiting: other tabs have this browser's connections")
    page.click("#stop")
    view.expect_end("^Stopped")
    # An answer that has ended leaves its place.
    expect(late.locator("#connection")).to_have_text("live")
