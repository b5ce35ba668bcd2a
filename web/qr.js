// QR codes (ISO/IEC 18004) for links: byte mode, level M, versions 1 to 6.

// By version: codewords, those for correction in a block, blocks.
const VERSIONS = [, [26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2], [172, 16, 4]]

/** Rows of modules, true for dark; null beyond 106 bytes of UTF-8. */
export function qr(text) {
  const bytes = new TextEncoder().encode(text)
  const version = VERSIONS.findIndex(
    parts => parts && parts[0] - parts[1] * parts[2] >= bytes.length + 2)
  if (version < 0) return null
  const bits = codewords(bytes, ...VERSIONS[version])
    .flatMap(byte => [...byte.toString(2).padStart(8, 0)])
  return MASKS.map((_, mask) => drawn(bits, 17 + 4 * version, mask))
    .reduce((best, next) => penalty(next) < penalty(best) ? next : best)
}

function codewords(bytes, count, correction, blockCount) {
  // Mode 4, a length of eight bits, the bytes, the end; then padding.
  const nibbles = [4, bytes.length >> 4, bytes.length & 15]
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15)
  nibbles.push(0)
  const data = []
  while (nibbles.length) data.push(nibbles.shift() << 4 | nibbles.shift())
  for (let pad = 0xec; data.length < count - correction * blockCount; pad ^= 0xfd) data.push(pad)
  const size = data.length / blockCount
  const blocks = []
  for (let at = 0; at < data.length; at += size) blocks.push(data.slice(at, at + size))
  const interleaved = parts => parts[0].flatMap((_, at) => parts.map(part => part[at]))
  return [...interleaved(blocks), ...interleaved(blocks.map(block => check(block, correction)))]
}

// Reed-Solomon over GF(256).
function check(data, degree) {
  let divisor = [1]
  for (let at = 0, root = 1; at < degree; at++, root = times(root, 2)) {
    divisor = [...divisor, 0].map((value, i) => value ^ times(divisor[i - 1] ?? 0, root))
  }
  const rest = [...data, ...Array(degree).fill(0)]
  data.forEach((_, at) => {
    const factor = rest[at]
    divisor.forEach((value, i) => { rest[at + i] ^= times(value, factor) })
  })
  return rest.slice(data.length)
}

function times(a, b) {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = product << 1 ^ (product >> 7) * 0x11d ^ (b >> bit & 1) * a
  }
  return product
}

// Half of those there are.
const MASKS = [(x, y) => (x + y) % 2, (x, y) => y % 2, x => x % 3, (x, y) => (x + y) % 3]
const FORMATS = [0x5412, 0x5125, 0x5e7c, 0x5b4b]

function drawn(bits, size, mask) {
  const end = size - 1
  const rows = Array.from({ length: size }, () => Array(size))
  const set = (x, y, dark) => { if (x in rows && y in rows) rows[y][x] = Boolean(dark) }
  const rings = (x, y, radius, light) => {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        set(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))))
      }
    }
  }
  for (let at = 0; at < size; at++) { set(6, at, at % 2 === 0); set(at, 6, at % 2 === 0) }
  for (const [x, y] of [[3, 3], [end - 3, 3], [3, end - 3]]) rings(x, y, 4, [2, 4])
  if (size > 21) rings(size - 7, size - 7, 2, [1])
  for (let at = 0; at < 15; at++) {
    const dark = FORMATS[mask] >> at & 1
    set(8, at < 6 ? at : at < 8 ? at + 1 : size - 15 + at, dark)
    set(at < 8 ? end - at : at < 9 ? 7 : 14 - at, 8, dark)
  }
  set(8, size - 8, true)
  // In pairs of columns, upwards and downwards in turn.
  for (let at = 0, right = end, upwards = true; right > 0; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < size; step++) {
      const y = upwards ? end - step : step
      for (const x of [right, right - 1]) {
        if (rows[y][x] === undefined) set(x, y, bits[at++] ^ (MASKS[mask](x, y) === 0))
      }
    }
    upwards = !upwards
  }
  return rows
}

// What makes a code hard to read: long runs, and what looks like a finder.
function penalty(rows) {
  const lines = [...rows, ...rows.map((_, x) => rows.map(row => row[x]))]
  const text = lines.map(line => line.map(Number).join("")).join()
  return text.split(/(?=00000|11111)/).length
    + 40 * text.split(/(?=10111010000|00001011101)/).length
}
