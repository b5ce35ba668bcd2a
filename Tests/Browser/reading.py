"""What a page shows, and what one does with it."""

import re

from playwright.sync_api import expect


def open_with_turns(page, count, text):
    """The page as it is after so many turns, each answered with this."""
    turns = [{"question": f"{number}", "text": text, "name": "story", "stream": "strm_0x",
              "end": {"words": "Complete.", "isFailure": False}} for number in range(count)]
    page.evaluate("kept => sessionStorage.setItem('deltad page', JSON.stringify(kept))", {
        "viewers": 1, "target": "story", "conversation": None, "turns": turns})
    page.reload()
    expect(page.locator("#target option")).not_to_have_count(0)
    return View(page)


def ready(page, daemon):
    """The daemon's page, ready to be asked."""
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    return View(page)


class View:
    """A page of the daemon, as its user sees it."""

    def __init__(self, page):
        self.page = page
        self.answers = page.locator(".message.answer p")
        self.viewers = page.locator(".viewer")
        self.status = page.locator("#status")

    def ask(self, question="What was there?", target="story"):
        self.page.select_option("#target", target)
        self.page.fill("#question", question)
        self.page.keyboard.press("Enter")

    def expect_text(self, text, viewers=3):
        """Exactly this in the conversation's last answer and in each of so many viewers.

        Not by `to_have_text`, which takes white space lightly.
        """
        expect(self.viewers).to_have_count(viewers)
        for place in [self.answers.last, *self.viewers.locator(".text").all()]:
            expect(place).to_have_js_property("textContent", text)

    def part(self, viewer, name):
        return self.viewers.nth(viewer).locator(f"[data-part={name}]")

    def expect_states(self, words, viewers=3):
        for viewer in range(viewers):
            expect(self.part(viewer, "state")).to_have_text(words)

    def expect_end(self, words):
        expect(self.status).to_have_text(re.compile(words))

    def link(self):
        return self.page.locator("#link").get_attribute("href")

    def stream(self):
        return self.link().partition("#")[2]
