// What the last ten minutes were: of each second a few numbers, and of the last minute all that
// was said, for percentiles and sums over more than one second.
//
// The daemon counts from its start. A rate is the difference of two counts over the time between
// them; a percentile is made of the difference of two histograms. Where there is nothing to tell
// (the first second, a daemon that began anew, a loop that did not answer) a number is NaN, and a
// line has a gap.

export const SPAN = 600_000 // ms
const RECENT = 60_000
/** Of so much the daemon's clock was set back, and its times are no longer one line. */
const STEP_BACK = 5000
/** Percentiles are of what ended in so long a time: of one second there is often nothing. */
const WINDOW = 10_000

export class History {
  times = []
  /** By name, as long as `times`. */
  series = new Map()
  /** Times at which the daemon was another than before. */
  restarts = []
  #recent = []

  constructor(definitions) {
    this.definitions = definitions
    for (const name of Object.keys(definitions)) this.series.set(name, [])
  }

  get latest() {
    return this.#recent.at(-1)
  }

  /** False for what is no news: two loops may tell of the same moment. */
  add(event) {
    if (this.latest && event.time < this.latest.time - STEP_BACK) this.#forget()
    const last = this.latest
    if (last && event.time - last.time < 300) return false
    const sample = new Sample(event)
    if (last && last.startedAt !== sample.startedAt) this.restarts.push(event.time)
    if (last?.basis !== sample.basis) this.#recent = []
    // Of many live streams only the latest are shown.
    if (last) last.streams = []
    this.#recent.push(sample)
    while (event.time - this.#recent[0].time > RECENT + 500) this.#recent.shift()
    this.times.push(event.time)
    const change = this.over(WINDOW)
    const step = this.#recent.length > 1 ? new Change(this.#recent.at(-2), sample) : null
    for (const [name, values] of this.series) {
      values.push(this.definitions[name](sample, step, change) ?? NaN)
    }
    while (event.time - this.times[0] > SPAN) {
      this.times.shift()
      for (const values of this.series.values()) values.shift()
    }
    this.restarts = this.restarts.filter(time => time >= this.times[0])
    return true
  }

  #forget() {
    this.times = []
    this.restarts = []
    this.#recent = []
    for (const name of this.series.keys()) this.series.set(name, [])
  }

  /** From so long ago, or as long as is known, until now; null before there are two samples. */
  over(milliseconds) {
    const last = this.latest
    const first = this.#recent.find(({ time }) => last.time - time <= milliseconds + 500)
    return first && first !== last ? new Change(first, last) : null
  }

  /** The sample nearest to a time. */
  nearest(time) {
    let [low, high] = [0, this.times.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.times[middle] < time) low = middle + 1
      else high = middle
    }
    return low > 0 && time - this.times[low - 1] < this.times[low] - time ? low - 1 : low
  }
}

/** One event of the feed. */
class Sample {
  constructor({ time, state, streams, moreStreams, metrics }) {
    Object.assign(this, { time, state, streams, moreStreams, metrics })
    this.startedAt = this.value("process_start_time_seconds")
    const loops = this.family("deltad_loop_up").filter(({ value }) => value)
    /** Counts are compared only where the same loops of the same daemon have counted. */
    this.basis = [this.startedAt, ...loops.map(({ loop }) => loop)].join()
  }

  family(name) {
    return this.metrics[name] ?? []
  }

  value(name, wanted) {
    let sum = 0
    for (const sample of this.family(name)) if (!wanted || wanted(sample)) sum += sample.value
    return sum
  }

  labels(name, label) {
    return [...new Set(this.family(name).map(sample => sample[label]))]
  }

  histogram(name, wanted) {
    const all = this.family(name).filter(sample => !wanted || wanted(sample))
    if (!all.length) return null
    return {
      bounds: all[0].bounds,
      counts: all[0].counts.map((_, at) => all.reduce((sum, { counts }) => sum + counts[at], 0)),
      sum: all.reduce((total, { sum }) => total + sum, 0),
    }
  }
}

/** What has happened between two samples of one daemon. */
class Change {
  constructor(from, to) {
    Object.assign(this, { from, to })
    this.seconds = (to.time - from.time) / 1000
  }

  count(name, wanted) {
    const count = this.to.value(name, wanted) - this.from.value(name, wanted)
    return count < 0 ? NaN : count
  }

  rate(name, wanted) {
    return this.count(name, wanted) / this.seconds
  }

  histogram(name, wanted) {
    const to = this.to.histogram(name, wanted)
    if (!to) return null
    const from = this.from.histogram(name, wanted)
    if (!from) return to
    return {
      bounds: to.bounds,
      counts: to.counts.map((count, at) => count - from.counts[at]),
      sum: to.sum - from.sum,
    }
  }

  quantile(name, share, wanted) {
    return quantile(this.histogram(name, wanted), share)
  }
}

/**
 * The value below which a share of all lies: within its range as if they lay evenly. What is above
 * the last bound is as large as that. NaN of nothing.
 */
export function quantile(histogram, share) {
  const total = histogram?.counts.at(-1) ?? 0
  if (!(total > 0)) return NaN
  const { bounds, counts } = histogram
  const rank = share * total
  const at = counts.findIndex(count => count >= rank)
  if (at >= bounds.length) return bounds.at(-1)
  const [below, start] = at > 0 ? [counts[at - 1], bounds[at - 1]] : [0, 0]
  const within = counts[at] > below ? (rank - below) / (counts[at] - below) : 1
  return start + (bounds[at] - start) * within
}
