// Numbers as people read them, and the steps of an axis that measures them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })

const digits = value => (value >= 100 ? 0 : value >= 10 ? 1 : 2)
const trimmed = (value, places) => String(Number(value.toFixed(places)))

function scaled(value, base, names) {
  let at = 0
  while (Math.abs(value) >= base && at < names.length - 1) {
    value /= base
    at++
  }
  return trimmed(value, digits(Math.abs(value))) + names[at]
}

/** By the name of a unit: NaN is a dash. */
const formats = {
  count: value => (value < 10_000 ? whole.format(value) : scaled(value, 1000, ["", " k", " M", " G"])),
  rate: value => (value < 1000
    ? trimmed(value, digits(value)) : scaled(value, 1000, ["", " k", " M", " G"])),
  bytes: value => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]),
  bytesRate: value => scaled(value, 1024, [" B/s", " KiB/s", " MiB/s", " GiB/s"]),
  seconds: value => (value === 0 ? "0"
    : value < 0.001 ? trimmed(value * 1e6, digits(value * 1e6)) + " µs"
    : value < 1 ? trimmed(value * 1e3, digits(value * 1e3)) + " ms"
    : value < 120 ? trimmed(value, digits(value)) + " s" : duration(value)),
  share: value => trimmed(value * 100, value < 0.1 ? 1 : 0) + " %",
}

export function show(value, unit) {
  return Number.isFinite(value) ? formats[unit](value) : "–"
}

/** The two largest parts: `3 d 4 h`. */
export function duration(seconds) {
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24]
  const [minutes, rest] = [Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60]
  if (days) return `${days} d ${hours} h`
  if (hours) return `${hours} h ${minutes} min`
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`
}

export const clock = time => new Date(time).toLocaleTimeString("en-GB")

const smallest = { count: 1, bytes: 1, bytesRate: 1, share: 0.01, seconds: 1e-5, rate: 0.01 }
const usual = { count: 4, bytes: 4096, bytesRate: 4096, share: 0.1, seconds: 0.001, rate: 4 }

/** Where an axis from 0 has its lines, so that `most` is not above the last: two to five. */
export function ticks(most, unit) {
  const [base, steps] = unit.startsWith("bytes")
    ? [1024, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]] : [10, [1, 2, 5, 10]]
  if (!most) most = usual[unit]
  const wanted = Math.max(most / 4, smallest[unit])
  const magnitude = base ** Math.floor(Math.log(wanted) / Math.log(base) + 1e-9)
  const step = steps.map(step => step * magnitude).find(step => step >= wanted * 0.9999)
  const count = Math.max(1, Math.ceil(most / step - 1e-9))
  return Array.from({ length: count + 1 }, (_, position) => position * step)
}
