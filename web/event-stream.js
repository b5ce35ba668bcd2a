/**
 * The events of a text/event-stream (HTML Standard, section 9.2.6). `onBytes` hears of every
 * piece, comments too; `onRetry` of the pause that the server wishes.
 */
export async function* events(body, { onBytes, onRetry } = {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = "", id = "", type = "", data = []
  try {
    for (;;) {
      const { value, done } = await reader.read()
      // What has no blank line behind it was cut, and is no event.
      if (done) return
      onBytes?.()
      // A CR at the end may be half of a CRLF: it waits for what follows.
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop()
      for (const line of lines) {
        const [, field, value] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line)
        if (line === "") {
          if (data.length) yield { id, type: type || "message", data: data.join("\n") }
          type = ""
          data = []
        } else if (field === "data") data.push(value)
        else if (field === "event") type = value
        else if (field === "id" && !value.includes("\0")) id = value
        else if (field === "retry" && /^\d+$/.test(value)) onRetry?.(Number(value))
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** Whether a refusal stays one: of the client's errors only two pass by themselves. */
export const isFinal = status => status >= 400 && status < 500 && status !== 408 && status !== 429

/** Milliseconds that the server wishes to be left alone; 0 where it says nothing. */
export function retryAfter({ headers }) {
  const wait = headers.get("Retry-After")
  const time = 1000 * wait || Date.parse(wait) - Date.now() || 0
  // What is too long for a timer it does not wait for at all: from 2 ** 31, with what is added.
  return Math.min(Math.max(0, time), 2 ** 30)
}

/**
 * Milliseconds until the next try. Half is random: those who were cut together do not come back
 * together.
 */
export function pauseBeforeRetry(failures, { retry = 1000, longest = 30_000, atLeast = 0 }) {
  // Of 0 nothing grows.
  const time = Math.min(Math.max(retry, 100) * 2 ** failures, longest)
  return Math.max(time * (0.5 + Math.random() / 2), atLeast)
}
