"""The examples of docs/deltad-js.md, in pages of another origin than the daemon's."""

import re

import pytest
from Support.processes import ROOT
from playwright.sync_api import expect

from .stories import PARTS, WHOLE, Story, asked, begin, wait_for_readers

PAGES = "http://127.0.0.1:9"  # answered by the browser's driver alone
KEY = "widget-key-of-24-letters"
SETTINGS = {"cors": {"origins": [PAGES]}}

# What of React the hook needs.
REACT = """
let slots = [], next = 0, draw
const slot = make => slots[next] ??= make(), step = value => (next++, value)
export const useState = first => {
  const own = slot(() => ({ value: first }))
  return step([own.value, value => { own.value = value; queueMicrotask(draw) }])
}
export const useEffect = (effect, uses) => {
  const own = step(slot(() => ({})))
  if (own.uses?.every((use, at) => Object.is(use, uses[at]))) return
  own.undo?.()
  Object.assign(own, { uses, undo: effect() })
}
export const render = component => { draw = () => { next = 0; component() }; draw() }
"""


def examples():
    text = (ROOT / "docs/deltad-js.md").read_text()
    return re.findall(r"```(?:js|jsx|html)\n(.*?)```", text, re.S)


@pytest.fixture
def visit(context):
    """Opens a page of the other origin, made of these files; the daemon's name in them is real."""

    def visit(daemon, files):
        page = context.new_page()

        def answer(route):
            name = route.request.url.removeprefix(f"{PAGES}/")
            body = files[name].replace("https://relay.example.com", daemon.url)
            kind = "text/javascript" if name.endswith(".js") else "text/html"
            route.fulfill(body=body, content_type=f"{kind}; charset=utf-8")

        page.route(f"{PAGES}/**", answer)
        page.goto(f"{PAGES}/page")
        return page

    return visit


def script(code):
    return f"<!doctype html><link rel=icon href=data:,><p></p><script type=module>{code}</script>"


def test_the_first_lines_show_an_answer(visit, start, model, name):
    daemon = start({**SETTINGS, "agents": [
        {"id": "agent_demo", "slug": "demo", "model": "guided"}]})
    Story(model, "guided", name).finish()
    show = "window.show = piece => document.querySelector('p').append(piece);"
    page = visit(daemon, {"page": script(show + examples()[0])})
    expect(page.locator("p")).to_have_js_property("textContent", WHOLE)


def test_the_page_shows_an_answer_and_survives_a_reload(visit, daemon, model, name):
    story = Story(model, "guided", name)
    page = visit(daemon, {"page": examples()[1]})
    page.click("button")
    answer = page.locator("#answer")
    expect(answer).to_have_js_property("textContent", PARTS[0])
    page.reload()
    story.finish()
    expect(answer).to_have_js_property("textContent", WHOLE)


def test_the_hook_shows_an_answer_and_leaves_with_its_component(visit, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    code = f"""
      import {{ Deltad }} from "{daemon.url}/deltad.js"
      import {{ render }} from "./react.js"
      import {{ useAnswer }} from "./hook.js"
      const deltad = new Deltad({{ url: "{daemon.url}" }})
      window.show = stream => render(() => {{
        const {{ text, state }} = useAnswer(deltad, stream)
        document.querySelector("p").textContent = `${{state}}: ${{text}}`
      }})
      show("{identifier}")
    """
    hook = examples()[2].replace('"react"', '"./react.js"')
    page = visit(daemon, {"page": script(code), "react.js": REACT, "hook.js": hook})
    shown = page.locator("p")
    expect(shown).to_have_js_property("textContent", f"streaming: {PARTS[0]}")
    page.evaluate("show(undefined)")
    wait_for_readers(daemon, identifier, 0)
    page.evaluate("id => show(id)", identifier)
    story.finish()
    expect(shown).to_have_js_property("textContent", f"done: {WHOLE}")


def test_the_widget_is_replaced(visit, start, model, name):
    daemon = start({
        **SETTINGS,
        "agents": [{"id": "agent_guide", "slug": "guide", "model": "guided"}],
        "keys": [{"name": "widget", "key": {"environment": "WIDGET_KEY"}, "apis": ["widget"]}],
    }, environment={"WIDGET_KEY": KEY})
    code = 'import { mount } from "./widget.js"; mount(document.querySelector("p"))'
    page = visit(daemon, {"page": script(code), "widget.js": examples()[3]})
    for number in range(2):
        Story(model, "guided", f"{name}-{number}").finish()
        page.fill("input", "Hello <b>there</b>")
        page.keyboard.press("Enter")
        expect(page.locator("[role=log] p")).to_have_count(2 * number + 2)
        last = page.locator("[role=log] p").last
        expect(last).to_have_js_property("textContent", WHOLE)
    expect(page.locator("[role=log] p").first).to_have_text("Hello <b>there</b>")
    roles = [message["role"] for message in asked(model)]
    assert roles == ["user", "assistant", "user"]


def test_a_page_of_an_origin_that_may_not_is_refused(contexts, daemon):
    page = contexts(allowed=["CORS", "net::ERR_FAILED", "403"]).new_page()
    page.route("http://127.0.0.1:10/**", lambda route: route.fulfill(
        body=script(""), content_type="text/html"))
    page.goto("http://127.0.0.1:10/page")
    assert page.evaluate(
        "url => fetch(url).then(() => 'read', error => error.name)",
        f"{daemon.url}/v1/models") == "TypeError"
