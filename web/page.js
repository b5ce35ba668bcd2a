// The page at /: a conversation, and the answer in several viewers at the same time.
//
// What it knows is kept by the tab, so that a reload goes on where it was: the conversation, and
// the id of the stream under way, which is read again from its beginning. A stream's id in the
// fragment shows that stream; fragments are not sent to servers.

import { takePlace, takeReadersPlace } from "./connections.js"
import { isFinal, pauseBeforeRetry, retryAfter } from "./event-stream.js"
import { tabStorage } from "./tab-storage.js"
import { GrowingText, Viewer, keepAtEnd } from "./viewer.js"

const LONGEST = 1 << 20 // bytes that are kept of a conversation, and so told to a model

const $ = id => document.getElementById(id)
const home = location.origin + location.pathname
const watched = /^#(strm_\w+)$/.exec(location.hash)?.[1]

let key = tabStorage.getItem("deltad key") ?? undefined
let client
// A turn is {question, text, stream?, end?}.
let kept = { target: "", conversation: null, turns: [], viewers: 3 }
let answer = null
let viewers = []
let asking = null
let targets = null // a promise, of their list or of a refusal
const toEnd = keepAtEnd($("messages"))

if (!watched) kept = { ...kept, ...JSON.parse(tabStorage.getItem("deltad page") ?? "{}") }

// What is dropped is no longer told to a model either: a reload changes nothing.
function keep() {
  if (watched) return
  for (;;) {
    const conversation = JSON.stringify(kept)
    try {
      if (new Blob([conversation]).size <= LONGEST) {
        return tabStorage.setItem("deltad page", conversation)
      }
    } catch {
      // The tab's storage is full.
    }
    // The last one stays as it was kept when it began: its stream has its text.
    if (kept.turns.length < 2) return
    kept.turns.shift()
  }
}

/** Loaded when somebody writes, however often it has to be asked for: the page paints without. */
async function deltad() {
  for (let failures = 0; !client; failures++) {
    try {
      // By the same name browsers may fail again without asking.
      const { Deltad } = await import(failures ? `./deltad.js?${failures}` : "./deltad.js")
      client ??= new Deltad({ url: home, key })
      if (failures && !$("send").disabled) say("")
    } catch {
      say("The daemon cannot be reached: asking again.", true)
      await new Promise(done => setTimeout(done, pauseBeforeRetry(failures, {})))
    }
  }
  return client
}

function say(words, isAlarm = false) {
  $("status").textContent = words
  $("status").classList.toggle("alarm", isAlarm)
}

// MARK: The conversation

function addMessage(who, kind, text) {
  const message = document.createElement("div")
  message.className = "message " + kind
  message.innerHTML = "<div class=who></div><p dir=auto></p>"
  message.firstChild.textContent = who
  message.lastChild.textContent = text
  $("empty").hidden = true
  $("messages").append(message)
  return message
}

const nameOfTarget = () => $("target").selectedOptions[0]?.textContent || kept.target || "Answer"

function showTurn(turn) {
  if (turn.question) addMessage("You", "question", turn.question)
  const message = addMessage(turn.name ?? "Answer", "answer", turn.text)
  message.insertAdjacentHTML("beforeend", "<div class=end></div>")
  if (turn.end) showEnd(message, turn.end)
  return message
}

function showEnd(message, end) {
  message.lastChild.textContent = end.words
  message.classList.toggle("failed", end.isFailure)
}

/** Reads the turn's stream into the conversation, and gives it viewers. */
async function attend(turn, following, words = "The answer arrives.") {
  const message = showTurn({ ...turn, text: "" })
  const text = new GrowingText(message.querySelector("p"))
  toEnd(true)
  answer = await following
  $("stop").disabled = false
  showLink(answer.id)
  let said
  answer.subscribe((piece, { state }) => {
    text.append(piece)
    draw()
    if (state === said) return
    said = state
    if (state === "waiting") say("The connection is lost: coming back.", true)
    else if (state === "streaming") say(words)
  })
  // Without one it is read all the same: what was asked is shown.
  const place = await takeReadersPlace()
  await showViewers(kept.viewers)
  const outcome = await answer.finished.catch(error => error)
  await place?.release()
  if (outcome.status === 401 && await askForKey()) {
    message.remove()
    return attend(turn, follow(answer.id))
  }
  turn.end = endOf(outcome)
  turn.text = answer.text
  showEnd(message, turn.end)
  say(turn.end.words, turn.end.isFailure)
  $("stop").disabled = true
  setBusy(false)
  keep()
  draw()
}

function endOf(outcome) {
  if (outcome instanceof Error) {
    return { words: `Not complete: ${outcome.message}.`, isFailure: true }
  }
  const tokens = outcome.usage?.completionTokens
  const words = outcome.finishReason === "cancelled" ? "Stopped." : "Complete."
  return { words: tokens ? `${words} ${tokens} tokens` : words, isFailure: false }
}

function setBusy(isBusy) {
  $("send").disabled = $("target").disabled = $("new").disabled = isBusy
}

const follow = async stream => (await deltad()).follow(stream, { shared: true })

async function ask(question, words) {
  setBusy(true)
  say("Asking…")
  // Who is quick asks before it is known who answers.
  if (!kept.target) await (targets ??= listTargets())
  if (!kept.target) return setBusy(false)
  const turn = { question, text: "", name: nameOfTarget() }
  const used = key
  let started
  try {
    started = await (await deltad()).streams(request(question), { shared: true })
  } catch (error) {
    setBusy(false)
    if (error.status === 401 && (used !== key || await askForKey())) return ask(question)
    if (error.code === "gone" && kept.conversation) {
      kept.conversation = null
      return ask(question, "The daemon does not know the conversation any more: this is a new one.")
    }
    say(`This was not asked: ${error.message}.`, true)
    return $("question").focus()
  }
  kept.conversation = started.conversationId ?? null
  turn.stream = started.id
  kept.turns.push(turn)
  keep()
  // What has been written meanwhile is the next one.
  if ($("question").value === question) $("question").value = ""
  await attend(turn, started, words)
  $("question").focus()
}

// An agent keeps the conversation itself; a model is told all of it each time.
function request(message) {
  const agent = /^agent:(.*)$/.exec(kept.target)?.[1]
  if (agent) return { agent, message, conversationId: kept.conversation }
  const messages = kept.turns.filter(({ text }) => text).flatMap(({ question, text }) => [
    { role: "user", content: question }, { role: "assistant", content: text }])
  return { model: kept.target, messages: [...messages, { role: "user", content: message }] }
}

// MARK: Viewers

async function addViewer() {
  const place = await takePlace()
  const number = (viewers.at(-1)?.number ?? 0) + 1
  const viewer = new Viewer($("viewer"), {
    answer, number, place, key, onChange: draw,
    onRemove() {
      viewers = viewers.filter(other => other !== viewer)
      viewer.element.remove()
      kept.viewers = viewers.length
      keep()
      $("more").focus()
    },
  })
  viewer.number = number
  viewers.push(viewer)
  $("viewers").append(viewer.element)
}

async function showViewers(count) {
  await Promise.all(viewers.map(viewer => viewer.close()))
  viewers = []
  $("viewers").replaceChildren()
  while (viewers.length < count) await addViewer()
}

// Text is in the document as soon as it has come. Numbers and scrolling, which cost a layout, are
// done once a frame, however much that was.
let isDrawing = false
function draw() {
  if (isDrawing) return
  isDrawing = true
  requestAnimationFrame(() => {
    isDrawing = false
    const ahead = Math.max(answer?.text.length ?? 0, ...viewers.map(viewer => viewer.length))
    for (const viewer of viewers) viewer.show(ahead)
    toEnd()
  })
}

// MARK: Another device

async function showLink(stream) {
  const link = home + "#" + stream
  $("link").href = $("link").textContent = link
  const field = key ? ` -H "Authorization: Bearer $KEY"` : ""
  $("curl").textContent = `curl -N${field} ${home}v1/streams/${stream}`
  $("device").hidden = false
  if (/^(localhost|127\.|\[::1\])/.test(location.hostname)) {
    $("reach").textContent = "This address is this machine's own: open the page by one that the "
      + "other device reaches."
  }
  // Not before somebody has asked: the page is there sooner without.
  const { qr } = await import("./qr.js").catch(() => ({ qr: () => null }))
  const rows = qr(link)
  $("code").toggleAttribute("hidden", !rows)
  if (!rows) return
  const quiet = 4
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", rows.map((row, y) => row.map((dark, x) =>
    dark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : "").join("")).join(""))
  path.setAttribute("shape-rendering", "crispEdges")
  $("code").setAttribute("viewBox", `0 0 ${rows.length + 2 * quiet} ${rows.length + 2 * quiet}`)
  $("code").replaceChildren(path)
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.onclick = async () => {
    const copied = $(button.dataset.copies)
    try {
      await navigator.clipboard.writeText(copied.textContent)
      say("It is copied.")
    } catch {
      // Without TLS there is no clipboard: then it is at least selected.
      getSelection().selectAllChildren(copied)
      say("It is selected.")
    }
  }
}

// MARK: Keys

/** Forgets the one that was refused. True when there is another to try. */
function askForKey() {
  // An answer and the list of models may both be refused.
  asking ??= new Promise(answer => {
    key = undefined
    tabStorage.removeItem("deltad key")
    $("keys").returnValue = ""
    $("keys").onclose = () => {
      asking = null
      answer($("keys").returnValue === "given")
    }
    $("keys").showModal()
  })
  return asking
}

$("question").addEventListener("input", deltad, { once: true })

$("keys").querySelector("form").onsubmit = event => {
  event.preventDefault()
  key = $("key").value
  client = undefined
  $("keys").close("given")
  // A full one keeps nobody out.
  try { tabStorage.setItem("deltad key", key) } catch {}
}

// MARK: Buttons

$("ask").onsubmit = event => {
  event.preventDefault()
  if (!$("send").disabled) ask($("question").value)
}
$("question").onkeydown = event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $("ask").requestSubmit()
}
$("suggestion").onclick = event => {
  if ($("send").disabled) return
  $("messages").focus()
  ask(event.target.textContent)
}
$("stop").onclick = () => answer.stop().catch(error => say(error.message, true))
$("more").onclick = async () => {
  kept.viewers++
  keep()
  if (answer) await addViewer()
}
$("new").onclick = () => {
  kept = { ...kept, conversation: null, turns: [] }
  keep()
  location.reload()
}
$("target").onchange = () => {
  if ($("target").value === kept.target) return
  kept = { ...kept, target: $("target").value, conversation: null }
  keep()
}
addEventListener("hashchange", () => location.reload())

// MARK: The beginning

/** The models and agents, however often they have to be asked for; null once refused. */
async function fetchTargets() {
  for (let failures = 0; ; failures++) {
    let atLeast
    const used = key
    try {
      const headers = key ? { Authorization: "Bearer " + key } : {}
      const response = await fetch(home + "v1/models", { headers })
      if (response.ok) {
        const { data } = await response.json()
        if (failures && !$("send").disabled) say("The models are listed.")
        return data
      }
      if (response.status === 401 && (used !== key || await askForKey())) continue
      if (isFinal(response.status)) return null
      atLeast = retryAfter(response)
    } catch {
      // The network's failures pass.
    }
    $("target").replaceChildren(new Option(kept.target || "none listed", kept.target))
    // What is said of an answer under way counts more.
    if (!$("send").disabled) say("The models cannot be listed yet: asking again.", true)
    await new Promise(done => setTimeout(done, pauseBeforeRetry(failures, { atLeast })))
  }
}

async function listTargets() {
  const data = await fetchTargets()
  if (!data?.length) {
    targets = null
    return say(data ? "No model is listed." : "The models cannot be listed.", true)
  }
  $("target").replaceChildren(...data.map(({ id, owned_by: owner }) =>
    new Option(id.startsWith("agent:") ? `${owner} (agent)` : id, id)))
  if (data.some(({ id }) => id === kept.target)) $("target").value = kept.target
  kept.target = $("target").value
}

async function begin() {
  if (watched) {
    document.body.classList.add("watching")
    $("chat-title").textContent = "Watching"
    $("ask").hidden = true
    $("new").textContent = "Ask something"
    $("new").onclick = () => { location.href = home }
    kept.viewers = 1
    return attend({}, follow(watched))
  }
  const last = kept.turns.at(-1)
  const running = last && !last.end ? kept.turns.at(-1) : null
  for (const turn of kept.turns) if (turn !== running) showTurn(turn)
  toEnd(true)
  if (running) setBusy(true)
  targets = listTargets()
  if (!running) return
  await attend(running, follow(running.stream), "The answer is picked up again.")
}

begin()
