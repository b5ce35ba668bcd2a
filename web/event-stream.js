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
