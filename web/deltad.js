// Starts an answer by any of deltad's APIs, and reads it to its end. deltad.d.ts has the types.
//
// An answer only grows, so that a place in it is a number: the last event's id for the daemon, the
// text's length between tabs. What lies behind it is taken, and nothing is lost or doubled.
//
// Read with fetch: EventSource hides a refusal's status, Retry-After, and the comments by which a
// quiet connection is told from a dead one.

import { events, isFinal, pauseBeforeRetry, retryAfter } from "./event-stream.js"

const LONGEST_STAY = 1000 // ms

export class DeltadError extends Error {
  name = "DeltadError"

  constructor(code, message, { status = 0, retryable = false, retryAfter = 0 } = {}) {
    super(message)
    Object.assign(this, { code, status, retryable, retryAfter })
  }

  static async of(response) {
    const { status } = response
    const body = Object(await response.json().catch(() => null))
    // By API: {error: "…"}, {error: {…}}, {message: "…"}.
    const { code, name, message = body.message ?? body.error } = Object(body.error)
    return new DeltadError(
      status === 404 ? "gone" : (code ?? name ?? "http_" + status), String(message ?? status), {
        status, retryable: !isFinal(status), retryAfter: retryAfter(response),
      })
  }
}

export class Deltad {
  #options

  constructor({ url = "", fetch = globalThis.fetch, silence = 45_000, key } = {}) {
    this.url = withoutSlash(new URL(url || "/", globalThis.location?.href))
    this.#options = { fetch: (...request) => fetch(...request), silence, key }
  }

  streams(body, options) {
    return this.#start("/v1/streams", body, options)
  }

  completions(body, options) {
    return this.#start("/v1/chat/completions", { ...body, stream: true }, options)
  }

  chats(body, options) {
    const path = body.chatId ? "/v1/chats/response" : "/v1/chats"
    return this.#start(path, body, options, "X-API-Key")
  }

  agents(slug, body, options) {
    const path = "/v1/api/chat/" + encodeURIComponent(slug)
    return this.#start(path, { ...body, stream: true }, options)
  }

  widget(body, options) {
    return this.#start("/v1/chat/stream", body, options, "x-api-key")
  }

  follow(stream, options) {
    const [, link, id] = /^(.*?)(?:\/v1\/streams\/|\/?#)?(strm_\w+)$/.exec(stream) ?? []
    if (!id) throw new DeltadError("gone", "this is no stream's id", { status: 404 })
    const base = link ? new URL(link, this.url) : new URL(this.url)
    // A link may name another daemon, whose key this is not.
    const key = base.origin === new URL(this.url).origin ? this.#options.key : undefined
    return new Answer(id, withoutSlash(base), { ...this.#options, ...options, key })
  }

  async #start(path, body, options, keyField = "Authorization") {
    const { key } = this.#options
    const headers = { "Content-Type": "application/json" }
    if (key) headers[keyField] = (keyField === "Authorization" ? "Bearer " : "") + key
    // The network may fail behind a question that has arrived: asked again it is the same one.
    // The widget's preflight does not allow it.
    const isRepeatable = keyField !== "x-api-key"
    if (isRepeatable) headers["Idempotency-Key"] = randomName()
    const request = { method: "POST", headers, body: JSON.stringify(body) }
    const { response, isWhole, said } = await this.#ask(
      this.url + path, request, isRepeatable, options?.signal)
    const id = response.headers.get("X-Stream-Id") ?? said.id
    // Some answers end with their last reader: who asked leaves when the other one reads. Or when
    // that one hears nothing: then it lacks the connection.
    const leave = () => isWhole || response.body.cancel().catch(() => {})
    const asker = { leave, timer: setTimeout(leave, LONGEST_STAY) }
    return Object.assign(this.follow(id, { ...options, asker }), {
      chatId: said.chatId,
      conversationId: response.headers.get("X-Conversation-Id") ?? said.conversationId,
    })
  }

  async #ask(url, request, isRepeatable, given) {
    const over = new AbortController()
    let attempt, wake
    given?.addEventListener("abort", () => { attempt.abort(); wake?.() }, { signal: over.signal })
    // What waits for its answer behind a sleep or on another network may wait for ever.
    const askAgain = ({ type, persisted }) => (type === "online" || persisted) && attempt.abort()
    for (const type of isRepeatable ? ["online", "pageshow"] : []) {
      globalThis.addEventListener?.(type, askAgain, { signal: over.signal })
    }
    try {
      let isInDoubt = false
      for (let failures = 0; ;) {
        if (given?.aborted) throw closed()
        attempt = new AbortController()
        const error = await this.#askOnce(url, { ...request, signal: attempt.signal }, isRepeatable)
        if (!(error instanceof Error)) return error
        isInDoubt ||= error.status === 0
        if (attempt.signal.aborted) continue
        // Else something was perhaps done; a long wait is the user's to decide.
        const isRefused = [0, 429, 503].includes(error.status) && error.retryAfter <= 10_000
        if (!error.retryable || !isRefused || failures === 3) throw error
        // Where each attempt was answered nothing was done, and by the same name the refusal of a
        // model would come again.
        if (isRepeatable && !isInDoubt) request.headers["Idempotency-Key"] = randomName()
        const time = pauseBeforeRetry(failures++, { atLeast: error.retryAfter })
        await new Promise(done => setTimeout(wake = done, time))
      }
    } finally {
      over.abort()
    }
  }

  async #askOnce(url, request, isRepeatable) {
    try {
      const response = await this.#options.fetch(url, request)
      if (!response.ok) return await DeltadError.of(response)
      const isWhole = response.headers.get("Content-Type")?.includes("application/json")
      return { response, isWhole, said: isWhole ? Object(await response.json()) : {} }
    } catch (cause) {
      return new DeltadError("network", cause.message, { retryable: isRepeatable })
    }
  }
}

export class Answer {
  #options
  #listeners = new Set()
  #news = [] // of which the listeners have not heard
  #connection = null
  #readings = 0 // only the last one goes on
  #lastBytes = 0
  #retry = 1000
  #wake = null // ends a pause early
  #channel = null
  #asks = false // for all that was said before it listened
  #queue = null // for the lock
  #leads = false
  #due = 0 // when the leader has been heard from again
  #watchdog = null // of the leader
  #end = new AbortController()
  #settle

  constructor(id, base, { after = 0, text = "", ...options }) {
    Object.assign(this, { id, url: `${base}/v1/streams/${id}`, text, error: null })
    this.lastEventId = Number(after)
    this.state = "connecting"
    this.finished = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    this.finished.catch(() => {})
    this.#options = options
    const isSharing = options.shared && (text || !after) && globalThis.navigator?.locks
    isSharing ? this.#share() : this.#read()
    this.#listenToTheBrowser()
  }

  subscribe(listener) {
    this.#listeners.add(listener)
    listener(this.text, this)
    return () => this.#listeners.delete(listener)
  }

  async *[Symbol.asyncIterator]() {
    let had = 0, tell
    const unsubscribe = this.subscribe(() => tell?.())
    try {
      for (;;) {
        const piece = this.text.slice(had)
        had += piece.length
        if (piece) yield piece
        else if (this.#end.signal.aborted) return void await this.finished
        else await new Promise(done => { tell = done })
      }
    } finally {
      unsubscribe()
    }
  }

  async stop() {
    try {
      return await this.#json("DELETE")
    } catch (error) {
      if (error instanceof DeltadError) throw error
      throw new DeltadError("network", error.message, { retryable: true })
    }
  }

  close() {
    this.#finish(null, closed())
  }

  async #read() {
    const reading = ++this.#readings
    for (let failures = 0; ; failures++) {
      const before = this.lastEventId
      let failure
      try {
        await this.#readOnce()
      } catch (error) {
        failure = error
      }
      if (this.#end.signal.aborted || reading !== this.#readings) return
      if (failure?.retryable === false) {
        // What this tab is refused, another one may be allowed.
        if (failure.status !== 404) this.#leads = false
        return this.#finish(null, failure)
      }
      if (this.lastEventId > before) failures = 0
      this.#change("", "waiting")
      // What we have cut ourselves was dead, and had its time.
      if (this.#connection.signal.aborted) continue
      // An error that is not ours is the network's, and passes.
      const atLeast = failure instanceof DeltadError ? failure.retryAfter : 0
      const time = pauseBeforeRetry(failures, { retry: this.#retry, atLeast })
      await this.#pause(time, !atLeast)
    }
  }

  async #readOnce() {
    const connection = this.#connection = new AbortController()
    let watchdog
    const onBytes = () => {
      this.#lastBytes = Date.now()
      this.#promise(this.#options.silence)
      clearTimeout(watchdog)
      watchdog = setTimeout(() => connection.abort(), this.#options.silence)
    }
    try {
      onBytes()
      // Last-Event-ID would cost pages of other origins a preflight.
      const response = await this.#fetch(`?after=${this.lastEventId}`, {
        headers: { Accept: "text/event-stream" }, signal: connection.signal, cache: "no-store" })
      clearTimeout(this.#options.asker?.timer)
      if (response.status === 204) {
        // Past the end; how it ended is in the snapshot.
        const { error, finishReason, usage } = await this.#json("GET", connection.signal)
        return this.#finish({ finishReason, usage }, asError(error))
      }
      if (!response.ok) throw await DeltadError.of(response)
      this.#options.asker?.leave()
      if (this.#end.signal.aborted) return
      this.#change("", "streaming")
      const onRetry = time => { this.#retry = time }
      for await (const event of events(response.body, { onBytes, onRetry })) this.#take(event)
    } finally {
      clearTimeout(watchdog)
    }
  }

  #take({ id, type, data }) {
    if (this.#end.signal.aborted || Number(id) <= this.lastEventId) return
    const said = JSON.parse(data)
    this.lastEventId = Number(id)
    if (type === "message") this.#change(said.text, "streaming")
    else if (type === "done") this.#finish(said)
    else if (type === "error") this.#finish(null, asError(said))
  }

  async #json(method, signal) {
    const response = await this.#fetch("?format=json", { method, headers: {}, signal })
    if (!response.ok) throw await DeltadError.of(response)
    return response.json()
  }

  #fetch(query, request) {
    const { key, fetch } = this.#options
    if (key) request.headers.Authorization = "Bearer " + key
    return fetch(this.url + query, request)
  }

  #pause(time, isInterruptible) {
    this.#promise(time + this.#options.silence)
    return new Promise(done => {
      const timer = setTimeout(done, time)
      this.#wake = isOver => {
        if (!isInterruptible && !isOver) return
        clearTimeout(timer)
        done()
      }
    })
  }

  #listenToTheBrowser() {
    const { signal } = this.#end
    const look = ({ type }) => {
      // Others may watch what a hidden tab reads.
      if (type === "online" || !globalThis.document?.hidden) this.#look(type)
    }
    for (const type of ["online", "pageshow", "visibilitychange"]) {
      globalThis.addEventListener?.(type, look, { signal })
    }
    const given = this.#options.signal
    given?.addEventListener("abort", () => this.close(), { signal })
    if (given?.aborted) this.close()
  }

  // After sleep or on another network a connection may be dead and not know it.
  #look(type) {
    if (this.#channel && !this.#leads) {
      this.#channel.postMessage({ looks: true })
      if (Date.now() >= this.#due) this.#takeOver()
      return
    }
    this.#wake?.()
    const isQuiet = Date.now() - this.#lastBytes > this.#options.silence / 2
    if (type === "online" || isQuiet) this.#connection?.abort()
  }

  // Who holds the lock reads, and tells the other tabs. The browser hands it on, however its
  // holder goes; a holder that only sleeps is robbed of it.
  async #share(steal = false) {
    const queue = this.#queue = new AbortController()
    const name = "deltad " + this.url
    let hadIt = false
    try {
      this.#channel ??= new BroadcastChannel(name)
      this.#channel.onmessage = ({ data }) => this.#hear(data)
      this.#askForAll()
      this.#expect(this.#options.silence)
      // The two exclude each other.
      await navigator.locks.request(name, steal ? { steal } : { signal: queue.signal }, () => {
        if (queue.signal.aborted) return
        hadIt = true
        return this.#lead()
      })
    } catch {
      if (queue.signal.aborted) return
      if (hadIt) {
        this.#giveUp()
        return this.#share()
      }
      // A sandboxed frame has locks, and may not use them.
      clearTimeout(this.#watchdog)
      this.#channel?.close()
      this.#channel = null
      return this.#read()
    }
  }

  #lead() {
    clearTimeout(this.#watchdog)
    this.#leads = true
    this.#due = Date.now() + this.#options.silence
    this.#tell(0)
    return this.#read()
  }

  #giveUp() {
    this.#leads = false
    this.#readings++
    this.#connection?.abort()
    this.#wake?.(true)
  }

  #takeOver() {
    if (globalThis.document?.hidden) return
    this.#queue.abort()
    this.#share(true)
  }

  // The others know by it when something is wrong with the leader.
  #promise(time) {
    this.#due = Date.now() + time
    this.#tell(this.text.length)
  }

  #expect(time) {
    // The leader is to notice first that its connection is dead.
    const patience = time + this.#options.silence / 8
    this.#due = Date.now() + patience
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.#takeOver(), patience)
  }

  #tell(at, end) {
    if (!this.#leads) return
    const { text, lastEventId, state } = this
    const within = Math.max(0, this.#due - Date.now())
    this.#channel.postMessage({ at, text: text.slice(at), lastEventId, state, within, end })
  }

  #askForAll() {
    this.#asks = true
    this.#channel.postMessage({ asks: true })
  }

  #hear({ asks, looks, at, text, lastEventId, state, within, end }) {
    if (this.#leads && asks) return this.#tell(0)
    if (this.#leads && looks) return this.#look()
    if (this.#leads || asks || looks) return
    this.#expect(within)
    const had = this.text.length - at
    // Something was said before we listened.
    if (had < 0) return this.#asks || this.#askForAll()
    this.#asks = false
    this.lastEventId = Math.max(this.lastEventId, lastEventId)
    const piece = text.slice(had)
    if (piece || state !== this.state) this.#change(piece, state)
    if (end) this.#finish(end.result, asError(end.error))
  }

  #change(piece, state, end) {
    this.text += piece
    this.state = state
    this.#tell(this.text.length - piece.length, end)
    // Who subscribes from now on has been given this text.
    this.#news.push({ piece, listeners: [...this.#listeners] })
    // A listener has made this change, and the others have not all heard of the one before.
    if (this.#news.length > 1) return
    for (; this.#news.length; this.#news.shift()) this.#notify(this.#news[0])
  }

  #notify({ piece, listeners }) {
    for (const listener of listeners) {
      // Another one may have taken it away.
      if (!this.#listeners.has(listener)) continue
      try {
        listener(piece, this)
      } catch (error) {
        reportError(error)
      }
    }
  }

  #finish(result, error) {
    if (this.#end.signal.aborted) return
    this.error = error ?? null
    // A tab that closes is nothing to the others: the next one reads on.
    if (error?.code === "closed") this.#leads = false
    this.#end.abort()
    this.#queue?.abort()
    this.#connection?.abort()
    this.#wake?.(true)
    clearTimeout(this.#watchdog)
    clearTimeout(this.#options.asker?.timer)
    this.#options.asker?.leave()
    const told = error && { ...error, message: error.message }
    this.#change("", error ? "failed" : "done", { result, error: told })
    this.#leads = false
    this.#channel?.close()
    if (error) this.#settle.reject(error)
    else this.#settle.resolve({ text: this.text, ...result })
  }
}

const asError = said => said && new DeltadError(said.code, said.message, said)

const closed = () => new DeltadError("closed", "nobody reads this any more")

const withoutSlash = url => (url.origin + url.pathname).replace(/\/$/, "")

// crypto.randomUUID is missing where the page is not served over TLS.
const randomName = () => Array.from(
  crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("")
