// Types of deltad.js. Times are in milliseconds.

export interface DeltadOptions {
  /** Where the daemon is; by default the page's origin. A path in front of its own is kept. */
  url?: string
  /** Sent as each API wants it, and to no other origin. */
  key?: string
  fetch?: typeof fetch
  /**
   * After so long without a byte a connection is taken for dead, and made anew. By default 45000,
   * three of the daemon's heartbeats; where `timeouts.heartbeat` is longer, this must be, too.
   */
  silence?: number
}

export interface AnswerOptions {
  /** Ends asking and reading; not the generation. */
  signal?: AbortSignal
  /**
   * Share one connection with the other tabs that read this stream. Needs Web Locks, and so TLS or
   * localhost, and no sandbox; where they are missing, each tab has its own. A visible tab that
   * hears nothing of the one that reads for `silence` and an eighth takes over.
   */
  shared?: boolean
}

export interface FollowOptions extends AnswerOptions {
  /** The id of the last event that was had; what comes behind it is read. */
  after?: number | string
  /** The text that was had until then. With `after` and without it, an answer is not shared. */
  text?: string
}

export interface Usage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
}

export interface Result {
  text: string
  /** `stop`, `length`, … as the model says; `cancelled` when it was stopped. */
  finishReason: string | null
  usage: Usage | null
}

/** A chat completion request; what is not named here goes to the model too. */
export interface CompletionsRequest {
  model: string
  messages: { role: string; content: unknown; [field: string]: unknown }[]
  [field: string]: unknown
}

export interface AgentRequest {
  agent: string
  message: string
  conversationId?: string | null
}

export interface ChatRequest {
  agentId?: string
  chatId?: string
  input: string
  dynamicVariables?: Record<string, unknown>
  previousChatId?: string
}

/** Each method resolves when the answer has its id, and rejects with a `DeltadError`. */
export class Deltad {
  constructor(options?: DeltadOptions)
  readonly url: string
  streams(request: CompletionsRequest | AgentRequest, options?: AnswerOptions): Promise<Answer>
  completions(request: CompletionsRequest, options?: AnswerOptions): Promise<Answer>
  /** With a `chatId` it goes on with that chat. The text comes when it is whole. */
  chats(request: ChatRequest, options?: AnswerOptions): Promise<Answer>
  agents(
    slug: string, request: { message: string; conversationId?: string | null },
    options?: AnswerOptions): Promise<Answer>
  widget(
    request: { sessionId: string; message: string }, options?: AnswerOptions): Promise<Answer>
  /** @param stream An id, the URL of a stream, or a link to the daemon's page. */
  follow(stream: string, options?: FollowOptions): Answer
}

export type State = "connecting" | "streaming" | "waiting" | "done" | "failed"

export class Answer implements AsyncIterable<string> {
  private constructor()
  readonly id: string
  readonly url: string
  /** What has arrived, from the beginning. */
  readonly text: string
  readonly lastEventId: number
  /** `waiting` for the next attempt: it comes by itself. */
  readonly state: State
  readonly error: DeltadError | null
  readonly conversationId?: string
  readonly chatId?: string
  /** How it ended; rejects with what `error` says. */
  readonly finished: Promise<Result>
  /**
   * Calls `listener` now, with the text so far, and whenever text or state change; `piece` is
   * empty for a change of state. Returns what takes it away again.
   */
  subscribe(listener: (piece: string, answer: Answer) => void): () => void
  [Symbol.asyncIterator](): AsyncIterator<string>
  /**
   * Ends the generation, for all readers. Where the daemon asks for keys it takes the one that
   * began it, or one that opens the Streams API.
   */
  stop(): Promise<Record<string, unknown>>
  /** Reads no more; `finished` rejects with `closed`. The generation goes on. */
  close(): void
}

export class DeltadError extends Error {
  /**
   * The server's word, such as `upstream_error`; or `network`, `closed`, and `gone`
   * for a stream that is not there or not any more.
   */
  readonly code: string
  /** Of the HTTP answer; 0 without. */
  readonly status: number
  /** Whether asking again may help. */
  readonly retryable: boolean
  /** How long the server wants to be left alone; 0 when it does not say. */
  readonly retryAfter: number
}
