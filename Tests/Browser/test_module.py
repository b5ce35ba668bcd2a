"""deltad.js: every API's answer, read to its end through whatever happens."""

import json

import pytest
from Relay.wire import fetch

from .stories import PARTS, WHOLE, Story, asked, begin, snapshot, wait_for_readers

SETTINGS = {"streams": {"whenUnread": {"grace": "0ms"}}}
NETWORK = ["net::ERR_"]
BLANK = "<!doctype html><title>blank</title><link rel=icon href=data:,>"

# What the pages of these tests have: a client, and a record of all that an answer has said.
PRELUDE = """async url => {
  const { Deltad } = await import("/deltad.js")
  window.deltad = new Deltad()
  window.keep = answer => {
    window.answer = answer
    window.pieces = []
    answer.subscribe(piece => piece && pieces.push(piece))
  }
}"""
ENDED = """answer.finished.then(
  result => ({ ...result, pieces: pieces.join("") }),
  ({ code, status, retryable }) => ({ code, status, retryable, pieces: pieces.join("") }))"""


def blank(context, url):
    """An empty page of this origin, with the module."""
    page = context.new_page()
    page.route(f"{url}/blank", lambda route: route.fulfill(body=BLANK, content_type="text/html"))
    page.goto(f"{url}/blank")
    page.evaluate(PRELUDE)
    return page


def wait_for_text(page, text):
    page.wait_for_function("text => answer.text === text", arg=text)


def has_all(ended):
    assert (ended["text"], ended["pieces"]) == (WHOLE, WHOLE)
    return True


@pytest.fixture
def tab(context, daemon):
    return blank(context, daemon.url)


STARTS = {
    "streams": "deltad.streams({ model: 'story', messages: [{ role: 'user', content: 'x' }] })",
    "streams-agent": "deltad.streams({ agent: 'guide', message: 'x' })",
    "completions":
        "deltad.completions({ model: 'story', messages: [{ role: 'user', content: 'x' }] })",
    "agents": "deltad.agents('guide', { message: 'x' })",
    "widget": "deltad.widget({ sessionId: 'visitor-1', message: 'x' })",
}


@pytest.mark.parametrize("way", STARTS)
def test_an_answer_of_each_api_is_followed_as_a_stream(tab, daemon, model, name, way):
    stories = [Story(model, each, f"{name}-{each}") for each in ("story", "guided")]
    tab.evaluate(f"async () => keep(await {STARTS[way]})")
    wait_for_text(tab, PARTS[0])
    # Who asked has gone; the answer has not, although this daemon ends those that nobody reads.
    wait_for_readers(daemon, tab.evaluate("answer.id"), 1)
    for story in stories:
        story.finish()
    ended = tab.evaluate(ENDED)
    assert has_all(ended)
    assert ended["usage"] == {"promptTokens": 3, "completionTokens": 24, "totalTokens": 27}
    assert bool(tab.evaluate("answer.conversationId")) == (way in ("streams-agent", "agents"))


def test_a_chats_answer_comes_whole_and_the_chat_goes_on(tab, model, name):
    for number in range(2):
        Story(model, "guided", f"{name}-{number}").finish()
        tab.evaluate("""async () => keep(await deltad.chats(
          { ...(window.answer ? { chatId: answer.chatId } : { agentId: "agent_guide" }),
            input: "x" }))""")
        assert has_all(tab.evaluate(ENDED))
    assert len(asked(model)) == 4


def test_the_pieces_are_iterated_from_the_beginning_however_late(tab, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    story.finish()
    tab.evaluate("id => keep(deltad.follow(id))", identifier)
    assert has_all(tab.evaluate(ENDED))
    pieces = tab.evaluate("""async () => {
      const pieces = []
      for await (const piece of answer) pieces.push(piece)
      return pieces
    }""")
    assert pieces == [WHOLE]


@pytest.mark.parametrize("link", ["{id}", "/v1/streams/{id}", "{url}/v1/streams/{id}",
                                  "{url}/#{id}"])
def test_a_second_viewer_has_an_id_or_a_url(tab, daemon, model, name, link):
    story, identifier = Story(model, "story", name), begin(daemon)
    tab.evaluate("link => keep(deltad.follow(link))", link.format(id=identifier, url=daemon.url))
    wait_for_text(tab, PARTS[0])
    story.finish()
    assert has_all(tab.evaluate(ENDED))


def test_a_line_that_is_cut_at_every_part_loses_and_doubles_nothing(
    contexts, daemon, line, model, name
):
    tab = blank(contexts(allowed=NETWORK), line.url)
    story, identifier = Story(model, "story", name), begin(daemon)
    tab.evaluate("id => keep(deltad.follow(id))", identifier)
    for count in range(1, len(PARTS) + 1):
        wait_for_text(tab, "".join(PARTS[:count]))
        line.cut()
        tab.wait_for_function("answer.state === 'waiting'")
        story.tell()
        line.mend()
        # It need not wait for its time when the browser is online again.
        tab.evaluate("dispatchEvent(new Event('online'))")
    assert has_all(tab.evaluate(ENDED))


def test_a_connection_that_says_nothing_is_made_anew(tab, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tab.evaluate("""async id => {
      const { Deltad } = await import("/deltad.js")
      keep(new Deltad({ silence: 500 }).follow(id))
    }""", identifier)
    wait_for_text(tab, PARTS[0])
    # Twice: the first time might be a connection that never came about.
    daemon.wait_for_log(rf" path=/v1/streams/{identifier[:14]} .* end=clientLeft", 2)
    story.finish()
    assert has_all(tab.evaluate(ENDED))


def test_a_reload_goes_on_behind_what_was_had(tab, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tab.evaluate("id => keep(deltad.follow(id))", identifier)
    wait_for_text(tab, PARTS[0])
    had = tab.evaluate("({ after: answer.lastEventId, text: answer.text })")
    tab.reload()
    tab.evaluate(PRELUDE)
    tab.evaluate("([id, had]) => keep(deltad.follow(id, had))", [identifier, had])
    story.finish()
    assert has_all(tab.evaluate(ENDED))
    # Past the end there is nothing more to read, and how it ended is known all the same.
    end = tab.evaluate("({ after: answer.lastEventId, text: answer.text })")
    tab.evaluate("([id, end]) => keep(deltad.follow(id, end))", [identifier, end])
    assert has_all(tab.evaluate(ENDED))
    assert tab.evaluate("answer.state") == "done"


def test_stopping_ends_it_for_all(tab, daemon, model, name):
    Story(model, "story", name)
    identifier = begin(daemon)
    tab.evaluate("id => keep(deltad.follow(id))", identifier)
    wait_for_text(tab, PARTS[0])
    assert tab.evaluate("answer.stop()")["status"] == "cancelled"
    assert tab.evaluate(ENDED)["finishReason"] == "cancelled"


@pytest.mark.parametrize("end", ["answer.close()", "abort.abort()"])
def test_closing_ends_the_reading_and_not_the_answer(tab, daemon, model, name, end):
    Story(model, "story", name)
    identifier = begin(daemon)
    tab.evaluate("""id => {
      window.abort = new AbortController()
      keep(deltad.follow(id, { signal: abort.signal }))
    }""", identifier)
    wait_for_text(tab, PARTS[0])
    reader = fetch(daemon.port, "GET", f"/v1/streams/{identifier}?format=json").json()
    assert reader["subscribers"] == 1
    tab.evaluate(end)
    assert tab.evaluate(ENDED)["code"] == "closed"


def test_what_is_not_there_is_gone(contexts, daemon):
    tab = blank(contexts(allowed=["404"]), daemon.url)
    tab.evaluate("id => keep(deltad.follow(id))", f"strm_0{'x' * 22}")
    ended = tab.evaluate(ENDED)
    assert (ended["code"], ended["status"], ended["retryable"]) == ("gone", 404, False)


def test_an_answer_that_fails_rejects_with_the_servers_word(tab, daemon, model):
    model.script("story", [{"text": "It was"}, {"close": True}])
    tab.evaluate("id => keep(deltad.follow(id))", begin(daemon))
    ended = tab.evaluate(ENDED)
    assert (ended["code"], ended["retryable"], ended["pieces"]) == (
        "upstream_error", True, "It was")


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_to_wait_asks_again_after_that_time_and_is_answered_once(
    contexts, daemon, model, name, status
):
    tab = blank(contexts(allowed=[str(status)]), daemon.url)
    Story(model, "story", name).finish()
    refused = []

    def refuse_once(route):
        if refused:
            return route.continue_()
        refused.append(route.request.headers["idempotency-key"])
        return route.fulfill(status=status, headers={"Retry-After": "1"}, body=json.dumps(
            {"error": {"code": "rate_limited", "message": "later"}}))

    asked = []
    tab.on("request", lambda request: request.method == "POST" and asked.append(request))
    tab.route("**/v1/streams", refuse_once)
    tab.evaluate(f"async () => keep(await {STARTS['streams']})")
    assert has_all(tab.evaluate(ENDED))
    # By another name: with the same one a refusal that came from a model would come again.
    names = [request.headers["idempotency-key"] for request in asked]
    assert len(set(names)) == 2 and names[0] == refused[0]
    assert len(model.log("story")) == 1


def test_a_question_that_the_network_swallows_is_answered_once(
    contexts, daemon, model, name
):
    tab = blank(contexts(allowed=NETWORK), daemon.url)
    Story(model, "story", name).finish()
    swallowed = []

    def swallow_once(route):
        if swallowed:
            return route.continue_()
        # It arrives, and the answer does not.
        swallowed.append(route.fetch())
        return route.abort("connectionreset")

    tab.route("**/v1/streams", swallow_once)
    tab.evaluate(f"async () => keep(await {STARTS['streams']})")
    assert has_all(tab.evaluate(ENDED))
    assert tab.evaluate("answer.id") == swallowed[0].json()["id"]
    assert len(model.log("story")) == 1


def test_more_answers_than_connections_are_read_at_once(context, start, model, name):
    # Who asks leaves before there is a reader: such answers wait a while for one.
    daemon = start({"streams": {"whenUnread": {"grace": "1m"}}})
    tab = blank(context, daemon.url)
    story = Story(model, "story", name)
    tab.evaluate(f"""async () => {{
      const all = await Promise.all(Array.from({{ length: 6 }}, () => {STARTS['completions']}))
      window.answers = all
    }}""")
    # Each of six requests holds one of the browser's six connections.
    tab.wait_for_function("text => answers.filter(answer => answer.text === text).length === 6",
                          arg=PARTS[0])
    story.finish()
    tab.wait_for_function("text => answers.every(answer => answer.text === text)", arg=WHOLE)


def test_who_asked_stays_while_the_reader_is_refused(contexts, daemon, model, name):
    tab = blank(contexts(allowed=["429"]), daemon.url)
    story, refused = Story(model, "story", name), []

    def refuse_twice(route):
        if len(refused) == 2:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")

    tab.route("**/v1/streams/*", refuse_twice)
    tab.evaluate(f"async () => keep(await {STARTS['completions']})")
    # By then this daemon would have ended what nobody reads.
    wait_for_text(tab, PARTS[0])
    story.finish()
    assert has_all(tab.evaluate(ENDED))
    assert len(refused) == 2


def test_a_question_that_was_swallowed_and_then_refused_is_answered_once(
    contexts, daemon, model, name
):
    tab = blank(contexts(allowed=[*NETWORK, "429"]), daemon.url)
    Story(model, "story", name).finish()
    names = []

    def fail_twice(route):
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            route.fetch()
            return route.abort("connectionreset")
        if len(names) == 2:
            return route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")
        return route.continue_()

    tab.route("**/v1/streams", fail_twice)
    tab.evaluate(f"async () => keep(await {STARTS['streams']})")
    assert has_all(tab.evaluate(ENDED))
    assert len(names) == 3 and len(set(names)) == 1
    assert len(model.log("story")) == 1


@pytest.mark.parametrize(("status", "body"), [(403, "null"), (400, '"no"'), (401, "<p>no</p>")])
def test_a_refusal_in_no_shape_that_is_known_is_final_all_the_same(
    contexts, daemon, status, body
):
    tab = blank(contexts(allowed=[str(status)]), daemon.url)
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        route.fulfill(status=status, body=body, content_type="application/json")

    tab.route("**/v1/streams/*", refuse)
    tab.evaluate("id => keep(deltad.follow(id))", f"strm_0{'x' * 22}")
    ended = tab.evaluate(ENDED)
    assert (ended["code"], ended["status"]) == (f"http_{status}", status)
    assert len(asked) == 1


def test_who_cannot_stop_for_want_of_a_network_is_told_so(contexts, daemon, model, name):
    tab = blank(contexts(allowed=NETWORK), daemon.url)
    Story(model, "story", name)
    tab.evaluate("id => keep(deltad.follow(id))", begin(daemon))
    wait_for_text(tab, PARTS[0])
    tab.route("**/v1/streams/*", lambda route: route.abort())
    assert tab.evaluate("answer.stop().catch(error => [error.name, error.code])") == [
        "DeltadError", "network"]
    tab.evaluate("answer.close()")


# MARK: Several tabs


def test_tabs_share_one_connection_and_the_next_one_takes_over(context, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tabs = [blank(context, daemon.url) for _ in range(3)]
    for tab in tabs:
        tab.evaluate("id => keep(deltad.follow(id, { shared: true }))", identifier)
        wait_for_text(tab, PARTS[0])
    assert snapshot(daemon, identifier)["subscribers"] == 1
    for count in (2, 3):
        # The one that reads goes.
        tabs.pop(0).close()
        story.tell()
        for tab in tabs:
            wait_for_text(tab, "".join(PARTS[:count]))
        wait_for_readers(daemon, identifier, 1)
    story.finish()
    for tab in tabs:
        assert has_all(tab.evaluate(ENDED))
    # And who comes when all is over reads for itself.
    late = blank(context, daemon.url)
    late.evaluate("id => keep(deltad.follow(id, { shared: true }))", identifier)
    assert has_all(late.evaluate(ENDED))


def test_a_tab_that_closes_its_answer_ends_no_others(context, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tabs = [blank(context, daemon.url) for _ in range(2)]
    for tab in tabs:
        tab.evaluate("id => keep(deltad.follow(id, { shared: true }))", identifier)
        wait_for_text(tab, PARTS[0])
    tabs[0].evaluate("answer.close()")
    story.finish()
    assert has_all(tabs[1].evaluate(ENDED))
    assert tabs[0].evaluate("answer.text") == PARTS[0]


# MARK: Event streams

VECTORS = [
    ("data: a\n\n", [["", "message", "a"]]),
    ("data:a\r\n\r\ndata: b\r\rdata: c\n\n", [["", "message", x] for x in "abc"]),
    ("id: 1\nevent: x\ndata: 1\ndata:  2\n\ndata\n\n", [["1", "x", "1\n 2"], ["1", "message", ""]]),
    (": comment\nid: 7\n\ndata: a\n\n", [["7", "message", "a"]]),
    ("id: 1\nid: 2\0\ndata: a\n\n", [["1", "message", "a"]]),
    ("\ufeffdata: ü🌊\u2028x\n\n", [["", "message", "ü🌊\u2028x"]]),
    ("event: x\n\ndata: a\n\ndata: cut", [["", "message", "a"]]),
    ("unknown: x\ndata: a: b\n\n", [["", "message", "a: b"]]),
]


@pytest.mark.parametrize(("stream", "expected"), VECTORS)
def test_events_are_the_same_wherever_the_stream_is_split(tab, stream, expected):
    found = tab.evaluate("""async bytes => {
      const { events } = await import("/event-stream.js")
      const read = async pieces => {
        const body = new ReadableStream({ start(controller) {
          for (const piece of pieces) controller.enqueue(new Uint8Array(piece))
          controller.close()
        } })
        const found = []
        for await (const { id, type, data } of events(body)) found.push([id, type, data])
        return found
      }
      const splits = bytes.map((_, at) => [bytes.slice(0, at), bytes.slice(at)])
      return Promise.all([[bytes], bytes.map(byte => [byte]), ...splits].map(read))
    }""", list(stream.encode()))
    assert all(events == expected for events in found)
