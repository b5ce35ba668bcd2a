"""What deltad.js tells those who listen, and how it asks: in pages without a line to be cut."""

import pytest

from .stories import PARTS, WHOLE, Story, begin
from .test_module import ENDED, NETWORK, SETTINGS, STARTS, blank, has_all, tab, wait_for_text

__all__ = ["SETTINGS", "tab"]


def test_who_subscribes_in_a_listener_has_the_text_once(tab, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tab.evaluate("""id => {
      keep(deltad.follow(id))
      window.second = ""
      let isFirst = true
      answer.subscribe(piece => {
        if (!piece || !isFirst) return
        isFirst = false
        answer.subscribe(piece => { second += piece })
      })
    }""", identifier)
    wait_for_text(tab, PARTS[0])
    story.finish()
    assert has_all(tab.evaluate(ENDED))
    assert tab.evaluate("second") == WHOLE


def test_a_listener_that_closes_keeps_no_piece_from_the_next(tab, daemon, model, name):
    Story(model, "story", name)
    tab.evaluate("""id => {
      window.answer = deltad.follow(id)
      window.heard = []
      answer.subscribe(piece => piece && answer.close())
      answer.subscribe(piece => heard.push(piece))
    }""", begin(daemon))
    tab.wait_for_function("answer.state === 'failed'")
    text = tab.evaluate("answer.text")
    assert text
    assert tab.evaluate("heard.slice(-2)") == [text, ""]
    assert tab.evaluate("heard.join('')") == text


def test_who_leaves_in_a_listener_hears_no_more(tab, daemon, model, name):
    Story(model, "story", name).finish()
    tab.evaluate("""id => {
      window.heard = ""
      let leave = () => {}
      window.answer = deltad.follow(id)
      answer.subscribe(piece => piece && leave())
      leave = answer.subscribe(piece => { heard += piece })
    }""", begin(daemon))
    tab.evaluate("answer.finished")
    assert tab.evaluate("heard") == ""


def test_a_server_that_asks_for_no_pause_is_not_stormed(tab):
    pauses = tab.evaluate("""async () => {
      const { Deltad } = await import("/deltad.js")
      const pauses = [], later = setTimeout
      window.setTimeout = (act, time) => later(act, (pauses.push(time), 0))
      let asked = 0
      const answer = new Deltad({ silence: 1e6, fetch: async () => {
        if (++asked === 6) answer.close()
        return new Response("retry: 0\\n\\n")
      } }).follow("strm_0x")
      await answer.finished.catch(() => {})
      return pauses.filter(time => time < 1e6)
    }""")
    assert len(pauses) == 5
    # Half of each is random.
    assert all(pause >= 50 * 2 ** number for number, pause in enumerate(pauses))


# MARK: Asking


def test_an_answer_that_is_cut_behind_its_head_is_asked_for_again(tab, model, name):
    Story(model, "story", name).finish()
    tab.evaluate("""async () => {
      const { Deltad } = await import("/deltad.js")
      window.names = []
      window.deltad = new Deltad({ fetch: async (url, request) => {
        const response = await fetch(url, request)
        if (request.method !== "POST" || names.push(request.headers["Idempotency-Key"]) > 1) {
          return response
        }
        await response.text()
        const cut = new ReadableStream({ start: body => body.error(new TypeError("cut")) })
        return new Response(cut, { status: response.status, headers: response.headers })
      } })
    }""")
    tab.evaluate(f"async () => keep(await {STARTS['streams']})")
    assert has_all(tab.evaluate(ENDED))
    first, second = tab.evaluate("names")
    assert first == second
    assert len(model.log("story")) == 1


def test_an_answer_that_is_cut_again_and_again_rejects_with_our_error(tab):
    error = tab.evaluate("""async () => {
      const { Deltad, DeltadError } = await import("/deltad.js")
      const later = setTimeout
      window.setTimeout = act => later(act, 0)
      const cut = () => new ReadableStream({ start: body => body.error(new TypeError("cut")) })
      const headers = { "Content-Type": "application/json", "X-Stream-Id": "strm_0x" }
      const deltad = new Deltad({ fetch: async () => new Response(cut(), { headers }) })
      const error = await deltad.streams({}).catch(error => error)
      return [error instanceof DeltadError, error.code]
    }""")
    assert error == [True, "network"]


def test_a_question_on_a_dead_connection_is_asked_again_when_the_browser_is_online(
    contexts, daemon, model, name
):
    tab = blank(contexts(allowed=NETWORK), daemon.url)
    story = Story(model, "guided", name)
    held = []

    def hold_the_first(route):
        if held:
            return route.continue_()
        held.append(route)
        return None

    tab.route("**/v1/chats", hold_the_first)
    with tab.expect_request("**/v1/chats") as first:
        tab.evaluate("""() => {
          deltad.chats({ agentId: "agent_guide", input: "x" }).then(keep)
        }""")
    with tab.expect_request("**/v1/chats") as second:
        tab.evaluate("dispatchEvent(new Event('online'))")
    story.finish()
    tab.wait_for_function("window.answer")
    assert has_all(tab.evaluate(ENDED))
    names = [each.value.headers["idempotency-key"] for each in (first, second)]
    assert names[0] == names[1]


@pytest.mark.parametrize("page_is", ["persisted: true", "persisted: false"])
def test_a_page_that_comes_back_asks_again_and_one_that_has_loaded_does_not(tab, page_is):
    asked = tab.evaluate("""async persisted => {
      const { Deltad } = await import("/deltad.js")
      let asked = 0
      const abort = new AbortController()
      const fetch = (url, { signal }) => new Promise((_, reject) => {
        asked++
        signal.addEventListener("abort", () => reject(signal.reason))
      })
      const asking = new Deltad({ fetch }).streams({}, { signal: abort.signal }).catch(() => {})
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted }))
      await new Promise(done => setTimeout(done))
      abort.abort()
      await asking
      return asked
    }""", page_is == "persisted: true")
    assert asked == (2 if page_is == "persisted: true" else 1)


def test_a_pause_before_asking_again_ends_with_its_signal(tab):
    tab.evaluate("""async () => {
      const { Deltad } = await import("/deltad.js")
      const abort = new AbortController()
      // A pause that no time ends.
      window.setTimeout = () => { queueMicrotask(() => abort.abort()) }
      const fetch = async () => new Response("{}", { status: 503 })
      new Deltad({ fetch }).streams({}, { signal: abort.signal })
        .catch(error => { window.code = error.code })
    }""")
    tab.wait_for_function("window.code === 'closed'")


def test_how_it_ended_is_asked_again_where_nobody_says_it(tab, daemon, model, name):
    Story(model, "story", name).finish()
    identifier = begin(daemon)
    tab.evaluate("id => keep(deltad.follow(id))", identifier)
    assert has_all(tab.evaluate(ENDED))
    held = []

    def hold_the_first(route):
        if held:
            return route.continue_()
        held.append(route)
        return None

    tab.route("**/*format=json", hold_the_first)
    tab.evaluate("""async id => {
      const { Deltad } = await import("/deltad.js")
      const had = { after: answer.lastEventId, text: answer.text }
      keep(new Deltad({ silence: 500 }).follow(id, had))
    }""", identifier)
    tab.wait_for_function("answer.state === 'done'")
    assert held
    assert tab.evaluate("answer.text") == WHOLE
