// Reads /dashboard/events for as long as the page lives.
//
// With fetch, since EventSource can send no key and hides the status of a refusal. An answer that
// ends is asked for again, one second behind its last event: so there is one a second, whether the
// daemon ends a full answer, or each with one event because it is about to end itself.

import { events, pauseBeforeRetry, retryAfter } from "./event-stream.js"
import { tabStorage } from "./tab-storage.js"

// The other page of the daemon keeps another one: this may do more.
const KEY = "deltad admin key"
const SILENCE = 5000 // ms; there is an event a second
const LONGEST_PAUSE = 5000 // unless the daemon asks for a longer one

/** Sent once a 403 has been answered; kept by the tab. */
export const key = {
  value: tabStorage.getItem(KEY),
  set(value) {
    this.value = value
    // A full one keeps nobody out.
    try { tabStorage.setItem(KEY, value) } catch {}
  },
  forget() {
    this.value = null
    tabStorage.removeItem(KEY)
  },
}

/**
 * - onEvent: hears of each event, parsed.
 * - onState: "connecting", "live", "lost" (it is tried again).
 * - askForKey: is called on a refusal; resolves when there is another key.
 */
export async function follow(url, { onEvent, onState, askForKey }) {
  let retry = 1000
  let failures = 0
  for (;;) {
    // Not the wall clock, which may be set back.
    const began = performance.now()
    let last = 0
    let atLeast = 0
    try {
      await read(url, {
        onEvent(event) {
          last = performance.now()
          failures = 0
          onState("live")
          onEvent(event)
        },
        onRetry: time => { retry = time },
      })
    } catch (error) {
      if (error.status === 403) {
        onState("refused")
        await askForKey(key.value !== null)
        continue
      }
      atLeast = error.retryAfter ?? 0
      onState("lost")
    }
    const pause = last
      ? retry : pauseBeforeRetry(failures++, { retry, longest: LONGEST_PAUSE, atLeast })
    const passed = performance.now() - (last || began)
    await new Promise(done => setTimeout(done, pause - passed))
  }
}

async function read(url, { onEvent, onRetry }) {
  const connection = new AbortController()
  let watchdog
  const onBytes = () => {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => connection.abort(), SILENCE)
  }
  try {
    onBytes()
    const headers = { Accept: "text/event-stream" }
    if (key.value) headers.Authorization = "Bearer " + key.value
    const response = await fetch(url, { headers, signal: connection.signal, cache: "no-store" })
    if (!response.ok) {
      response.body?.cancel().catch(() => {})
      throw Object.assign(new Error("refused"), {
        status: response.status, retryAfter: retryAfter(response) })
    }
    for await (const { data } of events(response.body, { onBytes, onRetry })) {
      onEvent(JSON.parse(data))
    }
  } finally {
    clearTimeout(watchdog)
  }
}
