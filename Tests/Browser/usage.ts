// Compiles with deltad.d.ts, and each line behind "@ts-expect-error" must not.

import { Answer, Deltad, DeltadError, type Result, type State } from "./deltad.js"

const deltad = new Deltad({ url: "https://relay.example.com", key: "a key", silence: 90_000 })
new Deltad()
// @ts-expect-error: the name is `url`.
new Deltad({ baseURL: "https://relay.example.com" })
// @ts-expect-error: an answer is made by a `Deltad`.
new Answer("strm_0", "https://relay.example.com", {})

export async function ask(signal: AbortSignal): Promise<string> {
  const messages = [{ role: "user", content: "Hello", name: "Ann" }]
  const answers: Answer[] = [
    await deltad.streams({ model: "demo", messages, temperature: 0 }, { shared: true }),
    await deltad.streams({ agent: "demo", message: "Hello", conversationId: null }),
    await deltad.completions({ model: "demo", messages }, { signal }),
    await deltad.chats({ agentId: "agent_1", input: "Hello", dynamicVariables: { name: "Ann" } }),
    await deltad.chats({ chatId: "chat_1", input: "Hello" }),
    await deltad.agents("demo", { message: "Hello" }),
    await deltad.widget({ sessionId: "visitor", message: "Hello" }),
    deltad.follow("strm_0", { after: 7, text: "Hel", shared: true, signal }),
  ]
  // @ts-expect-error: a question is a model's or an agent's.
  await deltad.streams({ question: "Hello" })
  // @ts-expect-error: an agent is asked a message.
  await deltad.agents("demo")

  for (const answer of answers) {
    for await (const piece of answer) piece.toUpperCase()
    const leave: () => void = answer.subscribe((piece, { text, state, error }) => {
      const shown: [string, State, string | undefined] = [text + piece, state, error?.code]
      console.log(shown, answer.lastEventId + 1, answer.conversationId?.length, answer.chatId)
    })
    leave()
    // @ts-expect-error: it is only read.
    answer.text = ""
    const { text, finishReason, usage }: Result = await answer.finished
    console.log(text.length, finishReason ?? "none", usage?.completionTokens.toFixed())
    await answer.stop()
    answer.close()
  }
  return answers.map(({ id, url }) => id + url).join()
}

export function explain(error: unknown): string {
  if (!(error instanceof DeltadError)) throw error
  const wait: number = error.retryable ? error.retryAfter : 0
  return `${error.code} ${error.status} ${error.message} ${wait}`
}
