// What is shown as words and numbers: health, tiles, tables.

import { make, setText } from "./dashboard-chart.js"
import { busy } from "./dashboard-panels.js"
import { duration, show } from "./dashboard-units.js"

const MINUTE = 60_000

const verdicts = {
  ready: ["good", "Ready"],
  draining: ["warn", "About to end: nothing new begins"],
  memory: ["bad", "Not ready: the memory for streams is used up"],
  archive: ["bad", "Not ready: the disk does not take what is stored"],
  upstreams: ["bad", "Not ready: every upstream is left alone"],
}

const refusals = {
  address_rate: "rate of an address", address_streams: "one address at one time",
  key_rate: "rate of a key", key_streams: "one key at one time", queue_full: "queue full",
  queue_timeout: "too long in the queue", memory: "memory for streams",
  conversation: "conversation busy", draining: "about to end",
}

const unfinished = {
  client_left: "not taken whole: the client left", stalled: "not taken whole: it took nothing more",
  closed: "not sent whole: the end of the daemon",
}

const states = {
  waiting: "waiting", retrying: "will be asked again", streaming: "streaming", storing: "storing",
}

// MARK: Health

/** `[level, name, words]` of each; the first is the verdict. */
export function health(sample) {
  const loops = sample.family("deltad_loop_up")
  const up = loops.filter(({ value }) => value).length
  const circuits = sample.family("deltad_upstream_circuit_state").filter(({ value }) => value)
  const open = circuits.filter(({ state }) => state === "open").map(({ upstream }) => upstream)
  const probing = circuits.filter(({ state }) => state === "probing").map(name => name.upstream)
  const isFailing = sample.value("deltad_archive_failing") > 0
  const queue = sample.value("deltad_archive_queue_length")
  const isReloaded = sample.value("deltad_config_last_reload_successful") > 0
  const used = sample.value("deltad_log_memory_bytes")
    / sample.value("deltad_log_memory_limit_bytes")
  const files = sample.value("process_open_fds") / sample.value("process_max_fds")
  const [level, words] = verdicts[sample.state] ?? ["bad", sample.state]
  return [
    [level, "", words],
    [up === loops.length ? "good" : "bad", "Loops",
      up === loops.length ? `all ${up} answer` : `${loops.length - up} of ${loops.length} silent`],
    [open.length ? (open.length === circuits.length ? "bad" : "warn")
      : probing.length ? "warn" : "good", "Upstreams",
      open.length ? "left alone: " + open.join(", ")
        : probing.length ? "on probation: " + probing.join(", ") : `${circuits.length} in use`],
    [isFailing ? "bad" : queue > 1000 ? "warn" : "good", "Archive",
      isFailing ? "takes nothing" : queue ? `${show(queue, "count")} waiting` : "takes all"],
    // Full is as it should be: the oldest that have ended make room.
    [sample.state === "memory" ? "bad" : used > 1.05 ? "warn" : "good", "Memory for streams",
      show(used, "share") + " used"],
    [files > 0.9 ? "bad" : files > 0.75 ? "warn" : "good", "Descriptors",
      show(files, "share") + " used"],
    [isReloaded ? "good" : "warn", "Configuration",
      isReloaded ? "as in the file" : "the file was refused"],
  ]
}

export function showHealth(verdict, list, sample) {
  const [[level, , words], ...items] = health(sample)
  verdict.dataset.level = level
  setText(verdict, words)
  while (list.children.length < items.length) {
    const item = make("li")
    item.append(make("span"), make("b"))
    list.append(item)
  }
  items.forEach(([level, name, words], at) => {
    const item = list.children[at]
    item.dataset.level = level
    setText(item.children[0], name)
    setText(item.children[1], words)
  })
}

// MARK: Tiles

/** `[title, value, note, level]` of each. */
function tiles(history) {
  const now = history.latest
  const latest = name => history.series.get(name).at(-1)
  const minute = history.over(MINUTE)
  const wait = share => show(minute?.quantile("deltad_first_event_seconds", share), "seconds")
  const delay = share => show(minute?.quantile("deltad_event_delay_seconds", share), "seconds")
  const count = name => show(now.value(name), "count")
  const refused = minute
    ? minute.count("deltad_refusals") + minute.count("deltad_refused_connections") : NaN
  const retried = minute?.count("deltad_upstream_decisions", ({ decision }) => decision === "retry")
  const decided = minute?.count("deltad_upstream_decisions", ({ decision }) =>
    ["fallback", "continuation", "circuit_open"].includes(decision))
  const limit = now.value("deltad_log_memory_limit_bytes")
  const used = now.value("deltad_log_memory_bytes")
  return [
    ["Live streams", count("deltad_streams_live"), count("deltad_generations_queued") + " queued"],
    ["Subscribers", count("deltad_subscribers"), count("deltad_connections") + " connections"],
    ["Events to readers", show(latest("events.out"), "rate") + "/s",
      show(latest("events.in"), "rate") + "/s from upstreams"],
    ["First event, p50", wait(0.5), `p95 ${wait(0.95)}, p99 ${wait(0.99)}`],
    ["Added, p50", delay(0.5), `p99 ${delay(0.99)}`],
    ["Turned away", show(refused, "count"), "in the last minute", refused > 0 ? "warn" : ""],
    ["Tried again", show(retried + decided, "count"),
      `${show(decided, "count")} of them elsewhere, in the last minute`,
      retried + decided > 0 ? "warn" : ""],
    ["Memory", show(now.value("process_resident_memory_bytes"), "bytes"),
      `logs ${show(used, "bytes")} of ${show(limit, "bytes")}`],
  ]
}

export function showTiles(list, history) {
  tiles(history).forEach(([title, value, note, level], at) => {
    let item = list.children[at]
    if (!item) {
      item = make("li")
      item.append(make("h2"), make("p", "value"), make("p", "note"))
      list.append(item)
    }
    item.dataset.level = level ?? ""
    for (const [position, text] of [title, value, note].entries()) {
      setText(item.children[position], text)
    }
  })
}

// MARK: Tables

/** Of rows that are arrays; `numbers` are columns that are set right. What stays is not touched. */
export class Table {
  #body = make("tbody")
  #columns

  constructor(table, columns) {
    this.#columns = columns
    const head = make("thead")
    const row = make("tr")
    for (const { title, isNumber } of columns) {
      const cell = make("th", isNumber ? "number" : "")
      cell.scope = "col"
      cell.textContent = title
      row.append(cell)
    }
    head.append(row)
    table.append(head, this.#body)
  }

  show(rows, nothing = "none") {
    const body = this.#body
    const shown = rows.length ? rows : [[nothing]]
    while (body.children.length > shown.length) body.lastChild.remove()
    shown.forEach((values, at) => {
      const row = body.children[at] ?? body.appendChild(make("tr"))
      row.className = rows.length ? values.level ?? "" : "nothing"
      while (row.children.length > values.length) row.lastChild.remove()
      values.forEach((value, position) => {
        const column = this.#columns[position]
        const cell = row.children[position]
          ?? row.appendChild(make("td", column.isNumber ? "number" : ""))
        setText(cell, value)
        cell.colSpan = rows.length ? 1 : this.#columns.length
      })
    })
  }
}

const text = title => ({ title })
const number = title => ({ title, isNumber: true })

export const columns = {
  upstreams: [text("Upstream"), text("Circuit"), number("Answered, last minute"),
    number("Failed"), text("How it failed"), text("What was done"), number("First event p50"),
    number("p95"), number("Asked since start")],
  refusals: [text("Limit"), number("Last minute"), number("Since start")],
  ends: [text("End"), number("Last minute"), number("Since start")],
  requests: [text("API"), number("A second"), number("2xx"), number("4xx"), number("5xx"),
    number("Client left")],
  loops: [text("Loop"), text("State"), number("Busy"), number("Turn p99"), number("Turns a second")],
  streams: [text("Stream"), text("Model"), text("Upstream"), text("API"), text("State"),
    number("Age"), number("Events"), number("Bytes"), number("Readers"), number("Attempts")],
}

export function upstreamRows(history) {
  const now = history.latest
  const minute = history.over(MINUTE)
  const names = now.labels("deltad_upstream_circuit_state", "upstream")
  return names.map(name => {
    const isIts = ({ upstream }) => upstream === name
    const circuit = now.family("deltad_upstream_circuit_state")
      .find(sample => isIts(sample) && sample.value).state
    const counts = (family, label) => now.labels(family, label).map(what => [what, minute?.count(
      family, sample => isIts(sample) && sample[label] === what)])
    const outcomes = counts("deltad_upstream_attempts", "outcome")
    const failures = outcomes.filter(([what, count]) =>
      count > 0 && what !== "answered" && what !== "cancelled")
    const answered = minute ? outcomes.find(([what]) => what === "answered")?.[1] ?? 0 : NaN
    const failed = minute ? failures.reduce((sum, [, count]) => sum + count, 0) : NaN
    const wait = share => show(
      minute?.quantile("deltad_first_event_seconds", share, isIts), "seconds")
    const row = [name, circuit, show(answered, "count"), show(failed, "count"), listed(failures),
      listed(counts("deltad_upstream_decisions", "decision")), wait(0.5), wait(0.95),
      show(now.value("deltad_upstream_attempts", isIts), "count")]
    row.level = circuit === "open" ? "bad" : circuit === "probing" || failed > 0 ? "warn" : ""
    return row
  })
}

const listed = counts => counts.filter(([, count]) => count > 0)
  .map(([what, count]) => `${what.replaceAll("_", " ")} ${show(count, "count")}`).join(", ") || "–"

export function refusalRows(history) {
  const now = history.latest
  const minute = history.over(MINUTE)
  const row = (words, family, label, name) => {
    const isIt = sample => sample[label] === name
    const count = minute?.count(family, isIt)
    const total = now.value(family, isIt)
    const row = [words, show(count, "count"), show(total, "count")]
    row.level = count > 0 ? "warn" : ""
    return total ? row : null
  }
  return [
    ...now.labels("deltad_refusals", "limit").map(name =>
      row(refusals[name] ?? name, "deltad_refusals", "limit", name)),
    row("connections, too many", "deltad_refused_connections", "reason", "limit"),
    row("connections, proxy's header", "deltad_refused_connections", "reason", "proxy_header"),
  ].filter(Boolean)
}

export function endRows(history) {
  const now = history.latest
  const minute = history.over(MINUTE)
  const row = (words, family, label, name) => {
    const isIt = sample => sample[label] === name
    const [count, total] = [minute?.count(family, isIt), now.value(family, isIt)]
    return total ? [words, show(count, "count"), show(total, "count")] : null
  }
  return [
    ...now.labels("deltad_generations", "end").map(name =>
      row(name.replaceAll("_", " "), "deltad_generations", "end", name)),
    ...Object.entries(unfinished).map(([name, words]) =>
      row(words, "deltad_unfinished_answers", "reason", name)),
  ].filter(Boolean)
}

export function requestRows(history) {
  const now = history.latest
  const minute = history.over(MINUTE)
  return now.labels("deltad_requests", "api").map(api => {
    const count = first => show(now.value("deltad_requests", sample =>
      sample.api === api && sample.status.startsWith(first)), "count")
    const rate = minute?.rate("deltad_requests", sample => sample.api === api)
    return [api, show(rate, "rate"), count("2"), count("4"), count("5"), count("0")]
  })
}

export function loopRows(history) {
  const now = history.latest
  const change = history.over(10_000)
  return now.family("deltad_loop_up").map(({ loop, value }) => {
    const isIts = sample => sample.loop === loop
    const turns = change?.histogram("deltad_loop_turn_seconds", isIts)
    const row = [loop, value ? "answers" : "silent", show(busy(change, isIts), "share"),
      show(change?.quantile("deltad_loop_turn_seconds", 0.99, isIts), "seconds"),
      show(turns ? turns.counts.at(-1) / change.seconds : NaN, "rate")]
    row.level = value ? "" : "bad"
    return row
  })
}

export function streamRows({ streams }) {
  return streams.map(stream => {
    const row = [stream.id + "…", stream.model, stream.upstream, stream.api, states[stream.state],
      duration(stream.ageMilliseconds / 1000), show(stream.events, "count"),
      show(stream.bytes, "bytes"), show(stream.readers, "count"), show(stream.attempts, "count")]
    row.level = stream.state === "retrying" ? "warn" : ""
    return row
  })
}
