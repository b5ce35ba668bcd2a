// The page at /dashboard: how the daemon does, once a second.

import { takeReadersPlace } from "./connections.js"
import { Chart, Cursor, make, readTheme, setText } from "./dashboard-chart.js"
import { follow, key } from "./dashboard-feed.js"
import { History } from "./dashboard-history.js"
import { definitions, groups } from "./dashboard-panels.js"
import * as tables from "./dashboard-tables.js"
import { clock, duration, show } from "./dashboard-units.js"

const part = id => document.getElementById(id)

const history = new History(definitions)
const cursor = new Cursor(() => draw())
const readout = make("p", "unseen")
readout.setAttribute("role", "status")

let theme = readTheme(document.body)
let isPaused = false
let frame = 0

// MARK: What there is to see

const charts = []
for (const { title, charts: specifications } of groups) {
  const section = make("section")
  const heading = make("h2")
  heading.textContent = title
  const grid = make("div", "charts")
  for (const specification of specifications) {
    const chart = new Chart(specification, {
      history, cursor, readout, onResize: () => draw(),
      onLeave: step => charts[charts.indexOf(chart) + step]?.focus(),
      onFocus: () => charts.forEach(other => { other.isTabStop = other === chart }),
    })
    chart.isTabStop = !charts.length
    charts.push(chart)
    grid.append(chart.element)
  }
  section.append(heading, grid)
  part("panels").append(section)
}
document.body.append(readout)

const shown = Object.fromEntries(Object.entries(tables.columns).map(
  ([name, columns]) => [name, new tables.Table(part(name), columns)]))

/** Once a frame, however much has changed; charts alone unless there is news. */
function draw() {
  if (frame) return
  frame = requestAnimationFrame(() => {
    frame = 0
    for (const chart of charts) chart.update(theme)
  })
}

function showNews() {
  const now = history.latest
  tables.showHealth(part("verdict"), part("health"), now)
  tables.showTiles(part("tiles"), history)
  shown.upstreams.show(tables.upstreamRows(history))
  shown.refusals.show(tables.refusalRows(history), "nobody since the start")
  shown.ends.show(tables.endRows(history), "none since the start")
  shown.requests.show(tables.requestRows(history))
  shown.loops.show(tables.loopRows(history))
  shown.streams.show(tables.streamRows(now), "no stream grows at the moment")
  setText(part("more"), now.moreStreams
    ? `the newest ${now.streams.length}; ${show(now.moreStreams, "count")} more` : "")
  const [build] = now.family("deltad_build")
  setText(part("about"), `${location.host}, version ${build.version}, `
    + `up ${duration(now.time / 1000 - now.startedAt)}`)
  draw()
}

// MARK: News

const words = {
  connecting: "connecting", live: "live", lost: "no word; asking again", refused: "takes a key",
  waiting: "waiting: other tabs have this browser's connections",
}
let connection = "connecting"

function showConnection() {
  const isLive = connection === "live"
  const since = isPaused && history.times.length ? clock(shownAt) : ""
  part("connection").dataset.level = isPaused ? "idle" : isLive ? "good" : "bad"
  setText(part("connection"), since ? `paused at ${since}` : words[connection])
  document.body.classList.toggle("stale", !isLive && history.times.length > 0)
}

let shownAt = 0

function take(event) {
  if (!history.add(event) || isPaused) return
  shownAt = event.time
  showNews()
}

part("pause").addEventListener("click", () => {
  isPaused = !isPaused
  part("pause").setAttribute("aria-pressed", isPaused)
  setText(part("pause"), isPaused ? "Go on" : "Pause")
  if (!isPaused && history.latest) {
    shownAt = history.latest.time
    showNews()
  }
  showConnection()
})

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  theme = readTheme(document.body)
  draw()
})

/** @param wasWrong a key was sent, and opens nothing. */
function askForKey(wasWrong) {
  const dialog = part("ask")
  key.forget()
  if (wasWrong) setText(part("ask-note"), "This key does not open admin.")
  part("key").value = ""
  return new Promise(done => {
    dialog.addEventListener("close", () => {
      const given = part("key").value
      if (given) key.set(given)
      done()
    }, { once: true })
    dialog.showModal()
  })
}

// Escape closes it without a key, and it would only come again.
part("ask").addEventListener("cancel", event => event.preventDefault())

function setConnection(state) {
  if (state === connection) return
  connection = state
  showConnection()
}

while (!await takeReadersPlace()) {
  setConnection("waiting")
  await new Promise(done => setTimeout(done, 1000))
}
setConnection("connecting")
follow("dashboard/events", { onEvent: take, onState: setConnection, askForKey })
