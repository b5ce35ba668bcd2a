// A plot of some series over the last minutes, on a canvas, with its legend and its words.

import { SPAN } from "./dashboard-history.js"
import { clock, show, ticks } from "./dashboard-units.js"

const SHORTEST = 60_000 // ms; a page that has just been opened shows no empty ten minutes
const GAP = 3500 // ms without a sample break a line
const TOP = 8, BOTTOM = 20, RIGHT = 6, LEFT = 50 // px; the left one may take more
const FONT = "11px system-ui, sans-serif"
// Told apart without colours, too.
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]]

/** The place in time that is looked at, in all charts together; null for now. */
export class Cursor {
  time = null
  constructor(onMove) {
    this.onMove = onMove
  }
  move(time) {
    if (time === this.time) return
    this.time = time
    this.onMove()
  }
}

export class Chart {
  #history
  #cursor
  #canvas = make("canvas")
  #values = []
  #when = make("span", "when")
  #readout
  #size = { width: 0, height: 0 }
  #range = [0, 1]
  #left = 0

  /**
   * - specification: `title`, `note`, `unit` and `series`: `[{name, key}]`, of at most four.
   * - readout: says aloud what is looked at by keyboard.
   * - onLeave: the arrow keys have left it, by so many charts. onFocus: they have come to it.
   */
  constructor(specification, { history, cursor, readout, onResize, onLeave, onFocus }) {
    Object.assign(this, specification)
    this.#history = history
    this.#cursor = cursor
    this.#readout = readout
    const title = make("h3")
    title.textContent = this.title
    const caption = make("figcaption")
    caption.append(title, this.#when)
    const legend = make("ul", "legend")
    this.series.forEach(({ name }, at) => {
      const [item, swatch, label, value] = [make("li"), swatchOf(at), make("span"), make("b")]
      label.textContent = name
      item.append(swatch, label, value)
      legend.append(item)
      this.#values.push(value)
    })
    this.element = make("figure", "chart")
    this.element.append(caption, legend, this.#canvas)
    this.#canvas.setAttribute("role", "img")
    this.#canvas.setAttribute("aria-label", this.title)
    new ResizeObserver(([{ contentRect }]) => {
      this.#size = contentRect
      onResize()
    }).observe(this.#canvas)
    this.#listen(onLeave, onFocus)
  }

  /** All charts together are one stop of the tabulator: the arrow keys go from one to the next. */
  set isTabStop(isOne) {
    this.#canvas.tabIndex = isOne ? 0 : -1
  }

  focus() {
    this.#canvas.focus()
  }

  #listen(onLeave, onFocus) {
    const canvas = this.#canvas
    canvas.addEventListener("pointermove", event => this.#point(event.offsetX))
    canvas.addEventListener("pointerdown", event => this.#point(event.offsetX))
    canvas.addEventListener("pointerleave", () => this.#cursor.move(null))
    canvas.addEventListener("focus", onFocus)
    canvas.addEventListener("blur", ({ relatedTarget }) => {
      if (relatedTarget?.localName !== "canvas") this.#cursor.move(null)
    })
    canvas.addEventListener("keydown", event => {
      const leave = { ArrowUp: -1, ArrowDown: 1 }[event.key]
      if (leave) {
        event.preventDefault()
        return onLeave(leave)
      }
      const { times } = this.#history
      if (!times.length) return
      const at = this.#cursor.time === null
        ? times.length - 1 : this.#history.nearest(this.#cursor.time)
      const step = event.shiftKey ? 30 : 1
      const next = {
        ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: times.length - 1 }[event.key]
      if (event.key === "Escape") this.#cursor.move(null)
      if (next === undefined) return
      event.preventDefault()
      this.#cursor.move(times[Math.min(Math.max(next, 0), times.length - 1)])
      this.#readout.textContent = this.#sentence()
    })
  }

  #point(x) {
    const { times } = this.#history
    if (!times.length) return
    const [from, to] = this.#range
    const width = this.#size.width - this.#left - RIGHT
    const time = from + (x - this.#left) / width * (to - from)
    this.#cursor.move(times[this.#history.nearest(time)])
  }

  /** The position of what is looked at, or of the last sample. */
  get #position() {
    const { times } = this.#history
    return this.#cursor.time === null ? times.length - 1 : this.#history.nearest(this.#cursor.time)
  }

  #sentence() {
    const at = this.#position
    const { times, series } = this.#history
    const parts = this.series.map(
      ({ name, key }) => `${name} ${show(series.get(key)[at], this.unit)}`)
    return `${this.title}, ${clock(times[at])}: ${parts.join(", ")}`
  }

  update(theme) {
    const { times, series } = this.#history
    if (!times.length) return
    const at = this.#position
    this.series.forEach(({ key }, position) => {
      setText(this.#values[position], show(series.get(key)[at], this.unit))
    })
    setText(this.#when, this.#cursor.time === null ? this.note ?? "" : clock(times[at]))
    this.#canvas.setAttribute("aria-label", this.#sentence())
    this.#draw(theme)
  }

  // MARK: Drawing

  #draw(theme) {
    const { width, height } = this.#size
    if (!width) return
    const canvas = this.#canvas
    const ratio = devicePixelRatio
    const [pixels, rows] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (canvas.width !== pixels || canvas.height !== rows) {
      canvas.width = pixels
      canvas.height = rows
    }
    const context = canvas.getContext("2d")
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, height)
    context.font = FONT

    const { times } = this.#history
    const to = times.at(-1)
    const from = to - Math.min(Math.max(to - times[0], SHORTEST), SPAN)
    this.#range = [from, to]
    const lines = ticks(this.#most(), this.unit)
    const labels = lines.map(value => show(value, this.unit))
    const widest = Math.max(...labels.map(text => context.measureText(text).width))
    const left = this.#left = Math.max(LEFT, Math.ceil(widest) + 8)
    const x = time => left + (time - from) / (to - from) * (width - left - RIGHT)
    const y = value => height - BOTTOM - value / lines.at(-1) * (height - TOP - BOTTOM)
    this.#drawAxes(context, theme, { lines, labels, x, y, from, to })
    if (!this.series.some(({ key }) => this.#history.series.get(key).some(Number.isFinite))) {
      context.textAlign = "center"
      context.fillText("nothing to measure yet", (left + width) / 2, height / 2 - 6)
    }
    context.save()
    context.beginPath()
    context.rect(left, 0, width - left, height - BOTTOM + 2)
    context.clip()
    // The first lies above the others: it is what the chart is about.
    for (let at = this.series.length - 1; at >= 0; at--) this.#drawLine(context, theme, at, x, y)
    context.restore()
    this.#drawMarks(context, theme, x, y)
  }

  #most() {
    let most = 0
    for (const { key } of this.series) {
      for (const value of this.#history.series.get(key)) if (value > most) most = value
    }
    return most
  }

  #drawAxes(context, theme, { lines, labels, x, y, from, to }) {
    const { width, height } = this.#size
    context.lineWidth = 1
    context.setLineDash([])
    context.textBaseline = "middle"
    context.textAlign = "right"
    lines.forEach((value, at) => {
      const line = Math.round(y(value)) + 0.5
      context.strokeStyle = at ? theme.line : theme.axis
      context.beginPath()
      context.moveTo(this.#left, line)
      context.lineTo(width - RIGHT, line)
      context.stroke()
      context.fillStyle = theme.soft
      context.fillText(labels[at], this.#left - 6, Math.max(line, 6))
    })
    context.textBaseline = "alphabetic"
    context.textAlign = "center"
    const span = to - from
    const step = span > 300_000 ? 120_000 : span > 150_000 ? 60_000 : 30_000
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const text = time % 60_000 ? clock(time) : clock(time).slice(0, -3)
      const half = context.measureText(text).width / 2
      const at = x(time)
      context.strokeStyle = theme.axis
      context.beginPath()
      context.moveTo(Math.round(at) + 0.5, y(0))
      context.lineTo(Math.round(at) + 0.5, y(0) + 4)
      context.stroke()
      if (at - half >= this.#left - 4 && at + half <= width) {
        context.fillText(text, at, height - 4)
      }
    }
  }

  #drawLine(context, theme, at, x, y) {
    const { times, series } = this.#history
    const values = series.get(this.series[at].key)
    context.strokeStyle = theme.series[at]
    context.lineWidth = at ? 1.5 : 2
    context.lineJoin = context.lineCap = "round"
    context.setLineDash(DASHES[at])
    context.beginPath()
    let last = -Infinity
    let isDrawing = false
    values.forEach((value, position) => {
      const time = times[position]
      if (!Number.isFinite(value)) {
        isDrawing = false
        return
      }
      if (!isDrawing || time - last > GAP) {
        context.moveTo(x(time), y(value))
        // One sample alone is a dot.
        context.lineTo(x(time) + 0.1, y(value))
      } else context.lineTo(x(time), y(value))
      last = time
      isDrawing = true
    })
    context.stroke()
    context.setLineDash([])
  }

  #drawMarks(context, theme, x, y) {
    const { width, height } = this.#size
    const { times, series, restarts } = this.#history
    context.textAlign = "left"
    context.lineWidth = 1
    for (const time of restarts) {
      vertical(context, x(time), height, theme.soft, [2, 2])
      context.fillStyle = theme.soft
      const isLate = x(time) > width - 60
      context.textAlign = isLate ? "right" : "left"
      context.fillText("restart", x(time) + (isLate ? -4 : 4), TOP + 8)
    }
    if (this.#cursor.time === null) return
    const at = this.#position
    vertical(context, x(times[at]), height, theme.ink, [])
    this.series.forEach(({ key }, position) => {
      const value = series.get(key)[at]
      if (!Number.isFinite(value)) return
      context.fillStyle = theme.series[position]
      context.strokeStyle = theme.sheet
      context.lineWidth = 1.5
      context.beginPath()
      context.arc(x(times[at]), y(value), 4, 0, 2 * Math.PI)
      context.fill()
      context.stroke()
    })
  }
}

function vertical(context, x, height, style, dashes) {
  context.strokeStyle = style
  context.setLineDash(dashes)
  context.beginPath()
  context.moveTo(Math.round(x) + 0.5, TOP)
  context.lineTo(Math.round(x) + 0.5, height - BOTTOM)
  context.stroke()
  context.setLineDash([])
}

/** The colours of the style sheet, as a canvas takes them. */
export function readTheme(element) {
  const probe = make("i")
  element.append(probe)
  const read = name => {
    probe.className = "ink-" + name
    return getComputedStyle(probe).color
  }
  const theme = { series: ["s1", "s2", "s3", "s4"].map(read) }
  for (const name of ["ink", "soft", "line", "axis", "sheet"]) theme[name] = read(name)
  probe.remove()
  return theme
}

/** A piece of the line that it names. */
function swatchOf(at) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line")
  svg.setAttribute("viewBox", "0 0 22 8")
  svg.setAttribute("class", "swatch ink-s" + (at + 1))
  svg.setAttribute("aria-hidden", "true")
  const attributes = { x1: 1, y1: 4, x2: 21, y2: 4, "stroke-dasharray": DASHES[at].join(" ") }
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value)
  svg.append(line)
  return svg
}

export function make(name, className = "") {
  const element = document.createElement(name)
  if (className) element.className = className
  return element
}

/** Leaves alone what has not changed: what is selected or read aloud stays so. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}
