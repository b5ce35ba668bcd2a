"""How the page behaves towards those who use it, and towards their network."""

import pathlib
import urllib.parse

import axe_core_python
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from Support.processes import wait_until

from .reading import View, open_with_turns
from .stories import PARTS, WHOLE, Story

KEY = "sk-front-4Rt9"
FIRST_PAINT = 50_000  # bytes, not compressed
PHONE = {"width": 360, "height": 740}
AXE = (pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
SHIFTS = """
window.shifted = 0
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifted += entry.value
}).observe({ type: "layout-shift", buffered: true })
"""


def test_the_first_paint_is_small_and_all_from_here(contexts, daemon):
    page = contexts().new_page()
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()))
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    total = sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes)
    assert 10_000 < total < FIRST_PAINT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 860}, PHONE])
def test_nothing_keeps_anybody_out(contexts, daemon, model, name, scheme, viewport):
    Story(model, "story", name)
    page = contexts(viewport=viewport, color_scheme=scheme, reduced_motion="reduce").new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    view.part(0, "drop").click()
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(({ violations }) => violations.map("
                          "({ id, nodes }) => [id, nodes.map(node => node.html)]))")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_nothing_moves_while_text_arrives(contexts, daemon, model, name):
    story = Story(model, "story", name, ["One", *(f"\nline {n}" for n in range(30))])
    page = contexts(viewport=PHONE).new_page()
    page.add_init_script(SHIFTS)
    page.goto(daemon.url)
    expect(page.locator("#target option")).not_to_have_count(0)
    view = View(page)
    view.ask()
    view.expect_text("One")
    before = page.evaluate("window.shifted")
    story.finish()
    view.expect_end("^Complete")
    view.expect_states("complete")
    assert page.evaluate("window.shifted") == before


def test_a_long_text_looks_and_is_copied_as_if_it_were_in_one_piece(page, model, name):
    """It is in blocks, each of which begins behind a line's end."""
    lines = [f"line {n} " + "of words " * (n % 40) + "\n" * (1 + n % 3) for n in range(200)]
    text = "".join(lines) + "the last\n\n"
    story, view = Story(model, "story", name, [*lines, "the last\n\n"]), View(page)
    view.ask()
    story.finish()
    view.expect_end("^Complete")
    view.expect_text(text)
    for box in (view.answers.last, view.part(0, "text")):
        blocks, height, copied = box.evaluate("""box => {
          getSelection().selectAllChildren(box)
          const blocks = box.children.length, copied = getSelection().toString()
          const height = box.scrollHeight
          box.replaceChildren(box.textContent)
          return [blocks, height - box.scrollHeight, copied]
        }""")
        assert blocks > 3 and height == 0
        assert copied.rstrip("\n") == text.rstrip("\n")


LONG_NAME = "meta-llama/Llama-3.3-70B-Instruct-Turbo-FP8-2025"


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_a_long_name_of_a_model_stays_in_its_place(contexts, start, width):
    daemon = start({"models": [{"id": LONG_NAME, "upstream": "scripted"}]})
    page = contexts(viewport={"width": width, "height": 740}).new_page()
    page.goto(daemon.url)
    expect(page.locator("#target option")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    form, send = (page.locator(each).bounding_box() for each in ("#ask", "#send"))
    assert send["x"] + send["width"] < form["x"] + form["width"]


def test_what_is_written_from_right_to_left_is_shown_so(page, model, name):
    story, view = Story(model, "story", name, ["שלום לכולם!"]), View(page)
    view.ask("מה שלומך?")
    story.finish()
    view.expect_end("^Complete")
    texts = page.locator(".message p, .viewer .text").all()
    assert len(texts) == 5
    for text in texts:
        expect(text).to_have_css("direction", "rtl")
    page.fill("#question", "שלום")
    expect(page.locator("#question")).to_have_css("direction", "rtl")


def test_what_cannot_be_copied_is_selected(page, model, name):
    Story(model, "story", name)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error('no')) }")
    page.click("[data-copies=curl]")
    view.expect_end("^It is selected.$")
    assert page.evaluate("getSelection().toString()").startswith("curl -N http")


def test_a_reload_shows_the_end_of_a_long_conversation(page, daemon):
    open_with_turns(page, 30, "x\n" * 9)
    expect(page.locator(".message.answer")).to_have_count(30)
    expect_end_in_sight(page.locator("#messages"))


def expect_end_in_sight(box):
    wait_until(lambda: box.evaluate(
        "box => box.scrollHeight - box.scrollTop - box.clientHeight") < 2, "the end in sight")


def test_the_end_is_in_sight_until_somebody_scrolls_up(page, model, name):
    lines = "".join(f"\nline {n}" for n in range(60))
    story, view = Story(model, "story", name, ["One", lines, lines, lines]), View(page)
    view.ask()
    story.tell()
    view.expect_text("One" + lines)
    messages = page.locator("#messages")
    for box in (messages, view.part(0, "text")):
        expect_end_in_sight(box)
    messages.evaluate("box => box.scrollTop = 100")
    story.tell()
    view.expect_text("One" + lines * 2)
    expect(messages).to_have_js_property("scrollTop", 100)
    messages.evaluate("box => box.scrollTop = box.scrollHeight")
    story.tell()
    view.expect_text("One" + lines * 3)
    for box in (messages, view.part(0, "text")):
        expect_end_in_sight(box)


def test_each_token_is_not_read_out_but_the_end_is(page, model, name):
    story, view = Story(model, "story", name), View(page)
    view.ask()
    view.expect_text(PARTS[0])
    live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert]"
    assert page.locator(live).all_text_contents() == ["The answer arrives."]
    story.finish()
    view.expect_end("^Complete")


def test_the_keyboard_reaches_everything_in_order(page, model, name):
    Story(model, "story", name)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    page.locator("#messages").focus()
    reached = []
    while "device" not in reached:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            "(document.activeElement.closest('#device') ?? document.activeElement).id"
            " || document.activeElement.dataset.part"))
    viewer = ["remove", "text", "drop", "slow"]
    # What is disabled while an answer runs is passed over.
    assert reached == ["question", "stop", "more", *viewer, *viewer, *viewer, "device"]


def test_the_code_on_the_page_is_its_link(page, model, name, tmp_path):
    Story(model, "story", name)
    view = View(page)
    view.ask()
    view.expect_text(PARTS[0])
    expect(page.locator("#code path")).to_have_count(1)
    page.locator("#code").screenshot(path=tmp_path / "code.png")
    (code,) = zxingcpp.read_barcodes(Image.open(tmp_path / "code.png"))
    assert code.text == view.link()
    assert urllib.parse.urlsplit(code.text).fragment.startswith("strm_")


def test_where_keys_are_needed_the_page_asks_and_keeps_it_in_the_tab(
    contexts, start, model, name, tmp_path
):
    (tmp_path / "key").write_text(KEY)
    daemon = start({
        "models": [{"id": "story", "upstream": "scripted"}],
        "keys": [{"name": "front", "file": str(tmp_path / "key"),
                  "apis": ["completions", "streams"]}],
        "streams": {"requireKeyToRead": True},
    })
    story = Story(model, "story", name)
    page = contexts(allowed=["401"]).new_page()
    page.goto(daemon.url)
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    expect(page.locator("#target option")).to_have_count(1)
    view = View(page)
    view.ask()
    story.finish()
    view.expect_text(WHOLE)
    page.reload()
    expect(page.locator("#target option")).to_have_count(1)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("sessionStorage.getItem('deltad key')") == KEY
