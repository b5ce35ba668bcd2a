internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream

/// What an answer belongs to, as its readers are told.
struct TurnContext: Sendable {
  var agent: Settings.Agent
  /// As it is in the archive: after the end, with what the end changed.
  var conversation: Conversation
  /// The stored answer; nil until there is one.
  var reply: StoredMessage?
}

/// How a request wants its answer.
enum ReplyForm: Sendable {
  /// As it grows.
  case stream(WireFormat, skipsUsage: Bool)
  /// One JSON object at the end, in the shape that the endpoint has.
  case whole
}

/// An answer that is not followed but sent when the generation has ended.
enum WholeReply: Sendable {
  case answer(status: Int, contentType: StaticString, body: [UInt8])
  case failed(Failure)
}

/// A request that starts a turn, on its way there: by the archive, and behind the turns of its
/// conversation that came before.
struct TurnRequest {
  var connection: Connection
  var record: RequestRecord
  var start: TurnStart
  /// What the line of its conversation is called; nil where there is nothing to wait for.
  var line: String?
  /// Nil for a generation in the background, which is answered as soon as it has begun.
  var form: ReplyForm?
  var policy: Settings.UnreadPolicy
  /// Let go when the turn has begun or was refused.
  var places: [PlaceHold] = []
  var waitingBytes: BudgetHold?
  /// False for one of which the archive hears nothing.
  var isStored = true
  /// What the end of the turn stores, beside the agent's answer.
  var rules = TurnRules()
  /// What to ask of which model, once the conversation is known.
  var compose: (Conversation?, [StoredMessage]) throws(Failure) -> Composition
}

struct TurnRules {
  /// The user's message, if it is stored with the answer and not before.
  var question: StoredMessage?
  /// What the conversation becomes when the answer fails.
  var statusOfFailure: ConversationStatus?
  /// Forget the conversation when the answer fails, unless somebody was told of it.
  var dropsOnFailure = false
  /// The text to be stored, made of what the model said.
  var replyText: @Sendable ([UInt8]) -> String = { String(decoding: $0, as: UTF8.self) }
}

/// What is asked of a model.
struct Composition {
  var body: [UInt8]
  var request: CompletionsRequest
  var target: Target
  var streams: Bool
  /// With a conversation.
  var agent: Settings.Agent?
}

/// Who answers for a model's name.
struct Target {
  var model: Settings.Model
  /// In the order in which they are asked.
  var candidates: [Attempts.Candidate]
  /// Of an agent that was asked for as a model.
  var prompt: String?
  var parameters: [Settings.Parameter] = []

  /// The bodies of the requests to upstreams: to those that are asked for the usage, and to the
  /// others.
  struct Asking {
    var withUsage: [UInt8] = []
    var plain: [UInt8] = []

    var isContinuable: Bool {
      ContinuationRequest.isPossible(plain.isEmpty ? withUsage.span : plain.span)
    }
  }

  /// Somebody could go on with an answer that broke off.
  var canContinue: Bool { candidates.contains { $0.continuation != .off } }

  func asking(
    _ request: CompletionsRequest, _ body: Span<UInt8>, streams: Bool
  ) -> Asking {
    func make(_ asksUsage: Bool) -> [UInt8] {
      let isWanted = candidates.contains { candidate in
        if case .provider(_, asksUsage) = candidate.source { return true }
        return false
      }
      guard isWanted else { return [] }
      return request.upstreamBody(
        from: body, model: model.upstreamModel, streams: streams, asksUsage: asksUsage,
        prompt: prompt, parameters: parameters.map { (name: $0.name, json: $0.json) })
    }
    return Asking(withUsage: make(true), plain: make(false))
  }
}

extension Settings.Continuation {
  /// Nil for an upstream that is not asked to continue.
  var manner: ContinuationRequest.Manner? {
    switch self {
    case .off: nil
    case .prefill: .prefill
    case .finalMessage: .finalMessage
    case .instruct: .instruction
    }
  }
}
