// One viewer of a stream: a card with a connection of its own, which can be dropped and slowed.

import { events, isFinal, pauseBeforeRetry, retryAfter } from "./event-stream.js"

const AWAY = 3000 // ms between a connection that somebody has dropped and the return
const PACE = 250 // ms between two events for one that reads slowly

export class Viewer {
  #answer
  #onChange
  #text
  #close = () => {}
  #lastEventId = 0
  #events = 0
  #resumedFrom = null
  #timer = 0
  #failures = 0
  #retry = 1000
  #isAway = false
  #isSlow = false
  #isOver = false
  #isRefused = false
  #toEnd
  #parts = {}

  /**
   * `place` is what permits a connection of its own: `{release}`, or null where the browser has
   * none left; then it shows what the answer's other reader gets, as when the place is lost.
   */
  constructor(template, { answer, number, place, key, onChange, onRemove }) {
    this.element = template.content.firstElementChild.cloneNode(true)
    this.place = place
    this.key = key
    this.#answer = answer
    this.#onChange = onChange
    for (const part of this.element.querySelectorAll("[data-part]")) {
      this.#parts[part.dataset.part] = part
    }
    const { name, text, note, drop, slow, remove } = this.#parts
    name.textContent = "Viewer " + number
    name.id = "viewer-" + number
    this.#text = new GrowingText(text)
    this.#toEnd = keepAtEnd(text)
    note.hidden = Boolean(place)
    slow.hidden = !place
    if (place) place.onLost = () => this.#losePlace()
    drop.onclick = () => this.#isAway ? this.#return() : this.#drop()
    slow.onclick = () => this.#changePace()
    remove.onclick = () => { this.close(); onRemove(this) }
    for (const part of [text, drop, slow, remove]) part.setAttribute("aria-describedby", name.id)
    this.#connect()
  }

  get length() {
    return this.#text.length
  }

  /** Resolves when its place is free. */
  close() {
    clearTimeout(this.#timer)
    this.#close()
    this.#isOver = true
    return this.place?.release()
  }

  /** `length` is how far the one that is ahead has come. */
  show(length) {
    const { events, lag, resumed } = this.#parts
    events.textContent = this.#events
    lag.textContent = Math.max(0, length - this.length)
    resumed.textContent = this.#resumedFrom === null ? "–" : "#" + this.#resumedFrom
    this.#toEnd()
  }

  #say(state, words) {
    this.element.dataset.state = state
    this.#parts.state.textContent = words
    this.#onChange()
  }

  #connect() {
    clearTimeout(this.#timer)
    this.#close()
    this.#say("connecting", "connecting")
    if (!this.place) this.#close = this.#listen()
    else if (this.#isSlow || this.key || this.#isRefused) this.#close = this.#read()
    else this.#close = this.#subscribe()
  }

  // MARK: Three ways to read

  #subscribe() {
    const source = new EventSource(`${this.#answer.url}?after=${this.#lastEventId}`)
    source.onopen = () => this.#say("reading", "reading")
    source.onmessage = event => this.#take(event)
    source.addEventListener("done", event => this.#take(event))
    source.addEventListener("error", event => {
      if (event.data) this.#take(event)
      // Once refused it does not come back by itself.
      else if (source.readyState === EventSource.CLOSED) {
        this.#isRefused = true
        this.#tryAgain()
      } else this.#comeBack()
    })
    return () => source.close()
  }

  // EventSource reads as fast as it can, sends no key, and does not say why it was refused.
  #read() {
    const abort = new AbortController()
    const { url } = this.#answer
    const headers = this.key ? { Authorization: "Bearer " + this.key } : {}
    const read = async () => {
      const response = await fetch(`${url}?after=${this.#lastEventId}`,
        { headers, signal: abort.signal, cache: "no-store" })
      if (response.status === 204) return this.#endAs(await this.#snapshot(headers, abort.signal))
      if (isFinal(response.status)) return this.#end("failed", "not to be read")
      if (response.status !== 200) {
        throw Object.assign(new Error("refused"), { atLeast: retryAfter(response) })
      }
      this.#say("reading", this.#isSlow ? "reading slowly" : "reading")
      const onRetry = time => { this.#retry = time }
      for await (const event of events(response.body, { onRetry })) {
        if (abort.signal.aborted) return
        this.#take({ ...event, lastEventId: event.id })
        if (this.#isSlow) await new Promise(done => setTimeout(done, PACE))
      }
      throw new Error("cut")
    }
    read().catch(error => { if (!abort.signal.aborted) this.#tryAgain(error.atLeast) })
    return () => abort.abort()
  }

  // Past the end there are no events: how it ended is in the snapshot.
  async #snapshot(headers, signal) {
    const response = await fetch(this.#answer.url + "?format=json", { headers, signal })
    if (!response.ok) throw new Error("refused")
    return response.json()
  }

  #listen() {
    return this.#answer.subscribe((_, answer) => {
      const piece = answer.text.slice(this.length)
      if (piece) {
        this.#events++
        this.#append(piece)
        this.#lastEventId = answer.lastEventId
      }
      if (answer.error) this.#end("failed", answer.error.message)
      else if (answer.state === "done") answer.finished.then(result => this.#endAs(result))
      else this.#say("reading", answer.state === "waiting" ? "coming back" : "reading")
    })
  }

  // MARK: What arrives

  #take({ type, data, lastEventId }) {
    if (this.#isOver) return
    const said = JSON.parse(data)
    if (lastEventId) this.#lastEventId = lastEventId
    this.#failures = 0
    if (type === "done") return this.#endAs(said)
    if (type === "error") return this.#endAs({ error: said })
    if (this.element.dataset.state !== "reading") this.#say("reading", "reading")
    this.#events++
    this.#append(said.text)
  }

  #append(piece) {
    this.#text.append(piece)
    this.#onChange()
  }

  #endAs({ error, finishReason }) {
    if (error) this.#end("failed", error.message)
    else this.#end("done", finishReason === "cancelled" ? "stopped" : "complete")
  }

  #end(state, words) {
    if (this.#isOver) return
    this.close()
    this.#parts.drop.hidden = this.#parts.slow.hidden = true
    this.#say(state, words)
  }

  // MARK: Connections that end

  #drop() {
    clearTimeout(this.#timer)
    this.#close()
    this.#isAway = true
    this.#say("away", "dropped at #" + this.#lastEventId)
    this.#parts.drop.textContent = "Resume now"
    this.#timer = setTimeout(() => this.#return(), AWAY)
  }

  #return() {
    this.#isAway = false
    this.#parts.drop.textContent = "Drop"
    this.#resumedFrom = this.#lastEventId
    this.#connect()
  }

  #comeBack() {
    this.#resumedFrom = this.#lastEventId
    this.#say("away", "coming back")
  }

  #tryAgain(atLeast) {
    this.#close()
    this.#comeBack()
    const pause = pauseBeforeRetry(this.#failures++, { retry: this.#retry, atLeast })
    this.#timer = setTimeout(() => this.#return(), pause)
  }

  #losePlace() {
    if (this.#isOver) return
    this.place = null
    this.#isSlow = false
    this.#parts.note.hidden = false
    this.#parts.slow.hidden = true
    if (!this.#isAway) this.#connect()
  }

  #changePace() {
    this.#isSlow = !this.#isSlow
    this.#parts.slow.textContent = this.#isSlow ? "Full speed" : "Slow down"
    this.#parts.slow.setAttribute("aria-pressed", this.#isSlow)
    this.#return()
  }
}

/** A box's text, in blocks of whole lines: of a long one the last alone is laid out anew. */
export class GrowingText {
  static #longest = 1 << 12 // UTF-16 code units
  #box
  #last
  length = 0

  constructor(box) {
    this.#box = box
    this.#begin()
  }

  append(piece) {
    this.length += piece.length
    const end = this.#last.length < GrowingText.#longest ? 0 : piece.indexOf("\n") + 1
    if (end) {
      // A line's end at the end of a block makes no line.
      this.#last.appendData(piece.slice(0, end))
      this.#begin()
    }
    this.#last.appendData(piece.slice(end))
  }

  #begin() {
    const block = document.createElement("span")
    block.className = "block"
    block.append(this.#last = document.createTextNode(""))
    this.#box.append(block)
  }
}

/**
 * Keeps the end of a box in sight, until its reader scrolls up to read. Returns what is to be
 * called when the box has grown; with true it begins anew.
 */
export function keepAtEnd(box) {
  let end = 0, isAtEnd = true
  // The event comes some time after the scrolling, when the end may be elsewhere.
  box.onscroll = () => { isAtEnd = box.scrollTop > end - 2 }
  return isAnew => {
    if (!isAtEnd && !isAnew) return
    box.scrollTop = box.scrollHeight
    end = box.scrollTop
    isAtEnd = true
  }
}
