"""Tabs that share one connection by deltad.js, where the one that reads fails the others."""

from .stories import PARTS, WHOLE, Story, begin
from .test_module import ENDED, SETTINGS, blank, has_all, wait_for_text

__all__ = ["SETTINGS"]

SHARED = "id => keep(deltad.follow(id, { shared: true }))"
HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true })"
KEY = "key-of-the-tab-that-may-read"


def two_tabs(context, url, identifier):
    """The first one reads and tells the second."""
    tabs = [blank(context, url) for _ in range(2)]
    for tab in tabs:
        tab.evaluate(SHARED, identifier)
        wait_for_text(tab, PARTS[0])
    return tabs


def wait_for_all(tabs):
    for tab in tabs:
        tab.wait_for_function("answer.state === 'done'")
        assert has_all(tab.evaluate(ENDED))


def test_a_hidden_tab_on_a_dead_connection_reads_on_when_online(
    context, daemon, line, model, name
):
    story, identifier = Story(model, "story", name), begin(daemon)
    tabs = two_tabs(context, line.url, identifier)
    tabs[0].evaluate(HIDDEN)
    line.hush()
    story.finish()
    tabs[0].evaluate("dispatchEvent(new Event('online'))")
    wait_for_all(tabs)


def test_a_tab_that_is_seen_makes_the_hidden_one_look(context, daemon, line, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    tabs = two_tabs(context, line.url, identifier)
    tabs[0].evaluate(HIDDEN)
    line.hush()
    story.finish()
    # Longer than half of what is taken for death, and not that long.
    tabs[0].evaluate("(now => { Date.now = () => now() + 30_000 })(Date.now)")
    tabs[1].evaluate("dispatchEvent(new Event('visibilitychange'))")
    wait_for_all(tabs)


def test_a_tab_that_holds_the_lock_and_says_nothing_is_robbed_of_it(context, daemon, model, name):
    story, identifier = Story(model, "story", name), begin(daemon)
    frozen, tab = (blank(context, daemon.url) for _ in range(2))
    frozen.evaluate("""url => new Promise(done => {
      navigator.locks.request("deltad " + url, () => (done(), new Promise(() => {})))
        .catch(() => {})
    })""", f"{daemon.url}/v1/streams/{identifier}")
    tab.evaluate("""async id => {
      const { Deltad } = await import("/deltad.js")
      keep(new Deltad({ silence: 500 }).follow(id, { shared: true }))
    }""", identifier)
    wait_for_text(tab, PARTS[0])
    story.finish()
    wait_for_all([tab])


def test_who_is_robbed_of_the_lock_leaves_its_connection_and_listens(
    context, daemon, model, name
):
    story, identifier = Story(model, "story", name), begin(daemon)
    tabs = [blank(context, daemon.url) for _ in range(2)]
    # A tab whose clock stands promises to be heard from soon, and is not.
    tabs[0].evaluate("""async id => {
      const { Deltad } = await import("/deltad.js")
      window.setTimeout = () => 0
      keep(new Deltad({ silence: 500 }).follow(id, { shared: true }))
    }""", identifier)
    wait_for_text(tabs[0], PARTS[0])
    tabs[1].evaluate(SHARED, identifier)
    daemon.wait_for_log(rf" path=/v1/streams/{identifier[:14]} .* end=clientLeft")
    story.finish()
    wait_for_all(tabs)
    # The lock is free when all is over.
    assert tabs[0].evaluate("navigator.locks.query().then(({ held }) => held)") == []


def test_a_tab_that_may_not_read_does_not_end_the_one_that_may(contexts, start, model, name):
    daemon = start({
        "models": [{"id": "story", "upstream": "scripted"}],
        "keys": [{"name": "reader", "environment": "DELTAD_READER", "apis": ["streams"]}],
        "streams": {"requireKeyToRead": True},
    }, environment={"DELTAD_READER": KEY})
    Story(model, "story", name).finish()
    context = contexts(allowed=["401"])
    stranger, reader = (blank(context, daemon.url) for _ in range(2))
    identifier = reader.evaluate("""async key => {
      const { Deltad } = await import("/deltad.js")
      window.deltad = new Deltad({ key })
      const messages = [{ role: "user", content: "x" }]
      const answer = await deltad.streams({ model: "story", messages })
      answer.close()
      return answer.id
    }""", KEY)
    held = []
    stranger.route("**/v1/streams/**", lambda route: held.append(route))
    with stranger.expect_request("**/v1/streams/**"):
        stranger.evaluate(SHARED, identifier)
    reader.evaluate(SHARED, identifier)
    held[0].continue_()
    ended = stranger.evaluate(ENDED)
    assert ended["status"] == 401
    wait_for_all([reader])


def test_a_frame_that_may_not_share_reads_by_itself(context, daemon, model, name):
    Story(model, "story", name).finish()
    identifier = begin(daemon)
    page = context.new_page()
    inner = "<!doctype html><p></p>"
    # To the daemon such a frame is another origin.
    allow = {"Access-Control-Allow-Origin": "*"}

    def pass_on(route):
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, **allow})

    page.route("**/outer", lambda route: route.fulfill(
        body="<link rel=icon href=data:,><iframe sandbox=allow-scripts src=/inner></iframe>",
        content_type="text/html"))
    page.route("**/inner", lambda route: route.fulfill(body=inner, content_type="text/html"))
    page.route("**/*.js", pass_on)
    page.route("**/v1/streams/**", pass_on)
    page.goto(f"{daemon.url}/outer")
    frame = page.frames[1]
    frame.evaluate("""async ([url, id]) => {
      const { Deltad } = await import(url + "/deltad.js")
      window.answer = new Deltad({ url }).follow(id, { shared: true })
    }""", [daemon.url, identifier])
    frame.wait_for_function("answer.state === 'done'")
    assert frame.evaluate("answer.text") == WHOLE
