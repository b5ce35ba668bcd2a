"""Text is in the page by the next frame after its event.

Told by order and not by times: what a frame's callbacks see is what that frame paints.
"""

from .reading import View
from .stories import Story, begin

# Of each event that a reader gets, whether the next frame shows all that it has got by then.
RECORD_FRAMES = r"""
window.frames = { viewer: [], answer: [] }
const places = { viewer: ".viewer .text", answer: ".message.answer p" }
const reader = who => {
  let had = ""
  return data => {
    const said = JSON.parse(data).text
    if (!said) return
    had += said
    const expected = had
    requestAnimationFrame(() => {
      frames[who].push(document.querySelector(places[who]).textContent.startsWith(expected))
    })
  }
}

window.EventSource = class extends EventSource {
  constructor(...options) {
    super(...options)
    const take = reader("viewer")
    this.addEventListener("message", event => take(event.data))
  }
}

const fetchOfBrowser = window.fetch
window.fetch = async (url, ...options) => {
  const response = await fetchOfBrowser(url, ...options)
  if (!/\?after=/.test(url)) return response
  const take = reader("answer"), decoder = new TextDecoder()
  let rest = ""
  const body = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      const events = (rest + decoder.decode(chunk, { stream: true })).split("\n\n")
      rest = events.pop()
      controller.enqueue(chunk)
      for (const event of events) take(/^data: (.*)$/m.exec(event)?.[1] ?? "{}")
    },
  }))
  return new Response(body, { status: response.status, headers: response.headers })
}
"""
WORDS = [f"word {number} " for number in range(50)]


def test_text_is_there_in_the_next_frame(contexts, daemon, model, name):
    story, identifier = Story(model, "story", name, WORDS), begin(daemon)
    page = contexts().new_page()
    page.add_init_script(RECORD_FRAMES)
    page.goto(f"{daemon.url}/#{identifier}")
    view = View(page)
    for count in range(1, len(WORDS)):
        view.expect_text("".join(WORDS[:count]), viewers=1)
        story.tell()
    story.finish()
    view.expect_text("".join(WORDS), viewers=1)
    page.wait_for_function(
        "count => frames.viewer.length >= count && frames.answer.length === frames.viewer.length",
        arg=len(WORDS))
    assert page.evaluate("Object.values(frames).flat().every(Boolean)")
