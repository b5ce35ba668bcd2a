// What is plotted, in the order in which an operator asks.

const status = first => ({ api, status }) => api !== "operations" && status.startsWith(first)
const limits = (...names) => ({ limit }) => names.includes(limit)
const outcome = (...names) => sample => names.includes(sample.outcome)
const decision = (...names) => sample => names.includes(sample.decision)
const answered = ["answered", "cancelled"]

/** What loops do without waiting, of their time. */
export function busy(step, wanted) {
  const turns = step?.histogram("deltad_loop_turn_seconds", wanted)
  return turns && turns.sum >= 0 ? turns.sum / step.seconds : NaN
}

function busiest(change) {
  if (!change) return NaN
  const loops = change.to.labels("deltad_loop_turn_seconds", "loop")
  return Math.max(...loops.map(loop => busy(change, sample => sample.loop === loop)))
}

/** By name: a number of a sample, of the step to it, or of the last seconds. */
export const definitions = {
  "streams.live": now => now.value("deltad_streams_live"),
  "streams.running": now => now.value("deltad_generations_running"),
  "streams.queued": now => now.value("deltad_generations_queued"),
  "readers.subscribers": now => now.value("deltad_subscribers"),
  "readers.connections": now => now.value("deltad_connections"),
  "readers.blocked": now => now.value("deltad_connections_blocked"),
  "events.out": (_, step) => step?.rate("deltad_events_sent"),
  "events.in": (_, step) => step?.rate("deltad_events_received"),
  "bytes.out": (_, step) => step?.rate("deltad_client_sent_bytes"),
  "bytes.in": (_, step) => step?.rate("deltad_client_received_bytes"),
  "bytes.upstream": (_, step) => step?.rate("deltad_upstream_received_bytes"),
  "requests.2": (_, step) => step?.rate("deltad_requests", status("2")),
  "requests.4": (_, step) => step?.rate("deltad_requests", status("4")),
  "requests.5": (_, step) => step?.rate("deltad_requests", status("5")),
  "requests.left": (_, step) => step?.rate("deltad_requests", status("0")),
  "first.50": (_, __, last) => last?.quantile("deltad_first_event_seconds", 0.5),
  "first.95": (_, __, last) => last?.quantile("deltad_first_event_seconds", 0.95),
  "first.99": (_, __, last) => last?.quantile("deltad_first_event_seconds", 0.99),
  "delay.50": (_, __, last) => last?.quantile("deltad_event_delay_seconds", 0.5),
  "delay.99": (_, __, last) => last?.quantile("deltad_event_delay_seconds", 0.99),
  "whole.50": (_, __, last) => last?.quantile("deltad_generation_duration_seconds", 0.5),
  "whole.95": (_, __, last) => last?.quantile("deltad_generation_duration_seconds", 0.95),
  "lag.50": (_, __, last) => last?.quantile("deltad_subscriber_lag_bytes", 0.5),
  "lag.99": (_, __, last) => last?.quantile("deltad_subscriber_lag_bytes", 0.99),
  "refused.rate": (_, step) => step?.rate("deltad_refusals", limits("address_rate", "key_rate")),
  "refused.places": (_, step) => step?.rate(
    "deltad_refusals", limits("address_streams", "key_streams")),
  "refused.queue": (_, step) => step?.rate(
    "deltad_refusals", limits("queue_full", "queue_timeout")),
  "refused.other": (_, step) => step && step.rate("deltad_refused_connections")
    + step.rate("deltad_refusals", limits("memory", "conversation", "draining")),
  "attempts.answered": (_, step) => step?.rate("deltad_upstream_attempts", outcome("answered")),
  "attempts.failed": (_, step) => step?.rate(
    "deltad_upstream_attempts", ({ outcome }) => !answered.includes(outcome)),
  "attempts.cancelled": (_, step) => step?.rate("deltad_upstream_attempts", outcome("cancelled")),
  "decisions.retry": (_, step) => step?.rate("deltad_upstream_decisions", decision("retry")),
  "decisions.fallback": (_, step) => step?.rate(
    "deltad_upstream_decisions", decision("fallback", "circuit_open")),
  "decisions.continuation": (_, step) => step?.rate(
    "deltad_upstream_decisions", decision("continuation")),
  "decisions.giveUp": (_, step) => step?.rate(
    "deltad_upstream_decisions", decision("give_up", "budget_spent")),
  "memory.log": now => now.value("deltad_log_memory_bytes"),
  "memory.process": now => now.value("process_resident_memory_bytes"),
  "memory.archive": now => now.value("deltad_archive_queue_bytes"),
  "loops.all": (_, step) => step?.rate("process_cpu_seconds"),
  "loops.busiest": (_, step) => busiest(step),
  "turns.50": (_, __, last) => last?.quantile("deltad_loop_turn_seconds", 0.5),
  "turns.99": (_, __, last) => last?.quantile("deltad_loop_turn_seconds", 0.99),
  "commits.50": (_, __, last) => last?.quantile("deltad_archive_commit_seconds", 0.5),
  "commits.99": (_, __, last) => last?.quantile("deltad_archive_commit_seconds", 0.99),
  "queue.write": now => now.value("deltad_archive_queue_length", ({ queue }) => queue === "write"),
  "queue.read": now => now.value("deltad_archive_queue_length", ({ queue }) => queue === "read"),
  "changes.made": (_, step) => step?.rate("deltad_archive_changes"),
  "changes.failed": (_, step) => step?.rate("deltad_archive_failures"),
  "streams.all": now => now.value("deltad_streams"),
  "descriptors.watched": now => now.value("deltad_watched_descriptors"),
  "loops.timers": now => now.value("deltad_timers"),
  "descriptors.open": now => now.value("process_open_fds"),
}

const window = "of the last 10 s"

function chart(title, unit, series, note) {
  return { title, unit, note, series: Object.entries(series).map(([key, name]) => ({ key, name })) }
}

export const groups = [
  { title: "How much", charts: [
    chart("Streams", "count", {
      "streams.live": "live", "streams.running": "places taken", "streams.queued": "queued" }),
    chart("Readers", "count", {
      "readers.subscribers": "subscribers", "readers.connections": "connections",
      "readers.blocked": "blocked" }),
    chart("Events", "rate", {
      "events.out": "to readers", "events.in": "from upstreams" }, "a second"),
    chart("Bytes", "bytesRate", {
      "bytes.out": "to clients", "bytes.upstream": "from upstreams", "bytes.in": "from clients" }),
  ] },
  { title: "How fast", charts: [
    chart("Time to first event", "seconds", {
      "first.50": "p50", "first.95": "p95", "first.99": "p99" }, window),
    chart("Added by the relay", "seconds", { "delay.50": "p50", "delay.99": "p99" }, window),
    chart("Whole answers", "seconds", { "whole.50": "p50", "whole.95": "p95" }, window),
    chart("Lag of slow readers", "bytes", { "lag.50": "p50", "lag.99": "p99" }, window),
  ] },
  { title: "Turned away and tried again", charts: [
    chart("Requests", "rate", {
      "requests.2": "2xx", "requests.4": "4xx", "requests.5": "5xx", "requests.left": "client left",
    }, "ended a second"),
    chart("Turned away", "rate", {
      "refused.rate": "rates", "refused.places": "at one time", "refused.queue": "queue",
      "refused.other": "other" }, "a second"),
    chart("Requests to upstreams", "rate", {
      "attempts.answered": "answered", "attempts.failed": "failed",
      "attempts.cancelled": "cancelled" }, "ended a second"),
    chart("After a failure", "rate", {
      "decisions.retry": "asked again", "decisions.fallback": "next upstream",
      "decisions.continuation": "continued", "decisions.giveUp": "given up" }, "a second"),
  ] },
  { title: "The machine", charts: [
    chart("Memory", "bytes", {
      "memory.process": "process", "memory.log": "logs", "memory.archive": "archive queue" }),
    chart("Processors", "share", { "loops.all": "process", "loops.busiest": "busiest loop" },
      "100 % is one of them"),
    chart("Turns of the loops", "seconds", { "turns.50": "p50", "turns.99": "p99" }, window),
    chart("Descriptors", "count", {
      "descriptors.open": "open", "descriptors.watched": "watched", "loops.timers": "timers" }),
    chart("Archive: commits", "seconds", { "commits.50": "p50", "commits.99": "p99" }, window),
    chart("Archive: changes", "rate", {
      "changes.made": "made", "changes.failed": "failed" }, "a second"),
    chart("Archive: waiting", "count", { "queue.write": "changes", "queue.read": "reads" }),
    chart("Streams in memory", "count", {
      "streams.all": "all", "streams.live": "live" }),
  ] },
]
