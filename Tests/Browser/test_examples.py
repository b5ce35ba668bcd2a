"""The examples of docs/deltad-js.md, in pages of another origin than the daemon's."""

import http.server
import re
import threading

import pytest
from playwright.sync_api import expect
from Support.processes import ROOT

from .conftest import SETTINGS
from .reading import View
from .stories import PARTS, WHOLE, Story, asked, begin, wait_for_readers

KEY = "widget-key-of-24-letters"

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


class Pages(http.server.BaseHTTPRequestHandler):
    """Files of another origin, by name."""

    def do_GET(self):
        name = self.path.strip("/")
        # Browsers look for a picture of the site that nobody has named.
        body = self.server.files.get(name, "").encode()
        kind = "text/javascript" if name.endswith(".js") else "text/html"
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture(scope="module")
def pages():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        server.origin = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def daemon(start, pages):
    return start({**SETTINGS, "cors": {"origins": [pages.origin]}})


@pytest.fixture
def visit(context, pages):
    """Opens a page of the other origin, made of these files; daemon and agent in them are ours."""

    def visit(daemon, files):
        pages.files = {
            name: text.replace("https://relay.example.com", daemon.url).replace('"demo"', '"guide"')
            for name, text in files.items()}
        page = context.new_page()
        page.goto(f"{pages.origin}/page")
        return page

    return visit


def script(code):
    return f"<!doctype html><link rel=icon href=data:,><p></p><script type=module>{code}</script>"


def test_the_first_lines_show_an_answer(visit, daemon, model, name):
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


def test_the_page_shows_the_last_answer_alone(visit, daemon, model, name):
    page = visit(daemon, {"page": examples()[1]})
    first = Story(model, "guided", f"{name}-first", ["The first", " goes on"])
    page.click("button")
    expect(page.locator("#answer")).to_have_text("The first")
    second = Story(model, "guided", f"{name}-second", ["The second", " goes on"])
    page.click("button")
    expect(page.locator("#answer")).to_have_text("The second")
    first.finish()
    second.finish()
    expect(page.locator("#answer")).to_have_text("The second goes on")
    expect(page.locator("#error")).to_have_text("")


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
    # That it has been closed is nothing to show.
    expect(shown).to_have_js_property("textContent", f"streaming: {PARTS[0]}")
    page.evaluate("id => show(id)", identifier)
    story.finish()
    expect(shown).to_have_js_property("textContent", f"done: {WHOLE}")


def test_the_widget_is_replaced(visit, pages, start, model, name, tmp_path):
    (tmp_path / "key").write_text(KEY)
    daemon = start({
        **SETTINGS,
        "cors": {"origins": [pages.origin]},
        "keys": [{"name": "widget", "file": str(tmp_path / "key"), "apis": ["widget"]}],
    })
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
    assert roles == ["system", "user", "assistant", "user"]


def test_our_own_page_may_ask_as_ever(context, daemon, model, name):
    Story(model, "story", name).finish()
    page = context.new_page()
    page.goto(daemon.url)
    view = View(page)
    view.ask()
    view.expect_text(WHOLE)


def test_a_page_of_an_origin_that_may_not_is_refused(contexts, pages, start):
    daemon = start({**SETTINGS, "cors": {"origins": ["https://other.example"]}})
    pages.files = {"page": script("")}
    page = contexts(allowed=["CORS", "net::ERR_FAILED", "403"]).new_page()
    page.goto(f"{pages.origin}/page")
    assert page.evaluate(
        "url => fetch(url).then(() => 'read', error => error.name)",
        f"{daemon.url}/v1/models") == "TypeError"
