"""The page at /: a conversation, and its answer in several viewers."""

import re
import shlex
import subprocess

from playwright.sync_api import expect
from Relay.events import stream_events
from Support.processes import PATIENCE

from .reading import View
from .stories import END, PARTS, WHOLE, Story, asked, wait_for_readers


def test_tabs_leave_each_other_connections_to_ask_with(context, page, daemon, model, name):
    Story(model, "story", name)
    first = View(page)
    first.ask()
    first.expect_text(PARTS[0])
    story = Story(model, "guided", f"{name}-guided")
    other = context.new_page()
    other.goto(daemon.url)
    second = View(other)
    second.ask(target="agent:guide")
    second.expect_text(PARTS[0])
    expect(other.locator("[data-part=note]:visible")).to_have_count(3)
    page.click("#stop")
    first.expect_end("^Stopped.$")
    story.finish()
    second.expect_text(WHOLE)


def test_a_dropped_viewer_resumes_where_it_was(page, daemon, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    view.expect_text(PARTS[0])
    had = view.part(1, "events").text_content()
    view.part(1, "drop").click()
    wait_for_readers(daemon, view.stream(), 3)
    expect(view.part(1, "state")).to_have_text(re.compile("^dropped at #"))
    story.finish()
    # By itself, after its time, or at once when somebody asks for it.
    view.part(1, "drop").click()
    view.expect_text(WHOLE)
    view.expect_states("complete")
    expect(view.part(1, "resumed")).to_have_text(re.compile(r"^#\d+$"))
    assert int(view.part(1, "events").text_content()) > int(had) > 0


def test_a_dropped_viewer_comes_back_by_itself(page, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    view.expect_text(PARTS[0])
    view.part(0, "drop").click()
    story.tell()
    expect(view.part(0, "state")).to_have_text("reading")
    view.expect_text("".join(PARTS[:2]))


def test_a_slow_viewer_is_behind_alone_and_loses_nothing(page, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    view.expect_text(PARTS[0])
    view.part(2, "slow").click()
    expect(view.part(2, "state")).to_have_text("reading slowly")
    story.finish()
    view.expect_end("^Complete")
    expect(view.part(2, "lag")).not_to_have_text("0")
    expect(view.part(0, "lag")).to_have_text("0")
    view.part(2, "slow").click()
    view.expect_text(WHOLE)


def test_the_next_answers_viewers_have_the_places_of_the_last(page, daemon, model, name):
    Story(model, "story", name)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    view.part(1, "drop").click()
    page.click("#stop")
    view.expect_end("^Stopped.$")
    # The one that is away has its place still.
    story = Story(model, "guided", f"{name}-next")
    view.ask(target="agent:guide")
    expect(view.answers).to_have_count(2)
    view.expect_text(PARTS[0])
    wait_for_readers(daemon, view.stream(), 4)
    story.finish()
    view.expect_text(WHOLE)


def test_a_conversation_with_an_agent_goes_on(page, model, name):
    view = View(page)
    for number, question in enumerate(["Where?", "When?"]):
        Story(model, "guided", f"{name}-{number}", ["Here."]).finish()
        view.ask(question, target="agent:guide")
        expect(view.answers).to_have_count(number + 1)
        view.expect_end("^Complete")
        view.expect_text("Here.")
    messages = asked(model)
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "You show the island."), ("user", "Where?"), ("assistant", "Here."),
        ("user", "When?")]


def test_an_answer_that_fails_says_so(page, model):
    model.script("story", [{"text": "It was"}, {"close": True}])
    view = View(page)
    view.ask()
    view.expect_end("^Not complete: ")
    view.expect_text("It was")
    expect(page.locator("#send")).to_be_enabled()


def test_what_is_not_answered_can_be_asked_again(contexts, daemon, model):
    model.script("story", [{"head": {"status": 400}}, {"json": {"error": {"message": "no"}}}],
                 [{"text": "Yes"}, *({"finish": "stop"}, {"done": True})])
    page = contexts().new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view = View(page)
    view.ask()
    view.expect_end("^Not complete")
    view.ask()
    view.expect_end("^Complete")
    view.expect_text("Yes")


def test_a_stream_that_is_not_there_is_said_to_be_gone(contexts, daemon):
    page = contexts(allowed=["404"]).new_page()
    page.goto(f"{daemon.url}/#strm_0{'x' * 22}")
    View(page).expect_end("^Not complete: ")


def test_viewers_that_share_a_connection_are_told_that_it_was_stopped(page, model, name):
    Story(model, "story", name)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    for _ in range(3):
        page.click("#more")
    view.expect_text(PARTS[0], viewers=6)
    page.click("#stop")
    view.expect_states("stopped", viewers=6)


def test_an_answer_of_nothing_is_not_told_to_the_model(page, model, name):
    model.script("story", [{"head": {"status": 400}}, {"json": {"error": {"message": "no"}}}],
                 [{"text": "Yes"}, *END])
    view = View(page)
    view.ask()
    view.expect_end("^Not complete")
    view.ask("And now?")
    view.expect_end("^Complete")
    assert [message["content"] for message in asked(model, "story")] == ["And now?"]


def test_who_has_nothing_to_ask_asks_what_is_suggested(page, model, name):
    story, view = Story(model, "story", name), View(page)
    page.select_option("#target", "story")
    question = page.locator("#suggestion").text_content()
    page.click("#suggestion")
    view.expect_text(PARTS[0])
    expect(page.locator(".message.question p")).to_have_text(question)
    expect(page.locator("#empty")).to_be_hidden()
    story.finish()
    view.expect_end("^Complete")


def test_the_command_that_the_page_shows_reads_the_stream(page, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    story.finish()
    view.expect_end("^Complete")
    command = shlex.split(page.locator("#curl").text_content())
    said = subprocess.run([*command, "-sS"], capture_output=True, timeout=PATIENCE, check=True)
    texts = [event.data.get("text", "") for event in stream_events(said.stdout)]
    assert "".join(texts) == WHOLE


def test_links_lead_to_what_else_there_is(page, daemon):
    for link in page.locator("nav a").all():
        answer = page.request.get(f"{daemon.url}/{link.get_attribute('href')}")
        assert answer.status == 200
