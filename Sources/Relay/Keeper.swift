// What a generation owes the archive.
//
// It stands between one generation and the archive: while the generation runs it hands over what
// the log has grown by, a second's worth at a time, so that a process that dies leaves what was
// said; at the end it hands over the rest, how it ended, and the messages of the turn, in one
// transaction. Readers are told `done` after that transaction, and not before.
//
// Everything happens on the generation's loop; only values leave it.

internal import Archive
internal import ClientAPIs
internal import JSONWire
internal import ModelFormats
internal import StreamLog

final class Keeper {
  private unowned let worker: Worker
  private let stream: Stream
  /// Nil for a stream that belongs to no conversation.
  private var context: TurnContext?
  private var rules: TurnRules
  private var cursor: Cursor
  /// What is on its way to the archive.
  private var part: [UInt8]?
  /// What did not get there, and goes first the next time.
  private var unsaved: [UInt8] = []
  /// The end waits for the part before it.
  private var whenSaved: (() -> Void)?

  init(_ stream: Stream, _ context: TurnContext?, _ rules: TurnRules, worker: Worker) {
    self.stream = stream
    self.context = context
    self.rules = rules
    self.worker = worker
    cursor = Cursor(stream.log.rendering, at: 0, skippingOptional: false)
  }

  /// The conversation's id goes out with the answer's head.
  func conversationWasTold() {
    rules.dropsOnFailure = false
  }

  /// What the log has grown by since the last time; nil when it has not, or while the part before
  /// is under way: parts arrive in order.
  func takePart() -> JournalPart? {
    guard part == nil else { return nil }
    let bytes = takeGrowth()
    guard !bytes.isEmpty else { return nil }
    part = bytes
    return JournalPart(streamID: stream.id.text, bytes: bytes)
  }

  func partWasHandled(isStored: Bool) {
    if !isStored, let part { unsaved = part }
    part = nil
    let next = whenSaved
    whenSaved = nil
    next?()
  }

  private func takeGrowth() -> [UInt8] {
    let rendering = stream.log.rendering
    rendering.publish()
    var bytes = unsaved
    unsaved = []
    while cursor.advance() == .behind {
      cursor.read { piece in
        bytes.append(copying: piece)
        return piece.count
      }
    }
    return bytes
  }

  /// Stores the end. `then` gets how it ended for the readers: an answer that could not be stored
  /// was not given.
  func finish(_ ending: Ending, _ then: @escaping (Ending) -> Void) {
    if part != nil {
      whenSaved = { [self] in finish(ending, then) }
      return
    }
    let now = WallClock.milliseconds
    var end = TurnEnd(
      streamID: stream.id.text, now: now, rest: takeGrowth() + stream.framedUsage(),
      ending: StoredEnding(ending))
    end.finishReason = stream.finishReason
    end.continuations = stream.continuations
    end.usage = stream.usage.map {
      StoredUsage(
        prompt: $0.promptTokens, completion: $0.completionTokens, total: $0.totalTokens)
    }
    var reply: StoredMessage?
    if let context {
      end.conversation = context.conversation.row
      if case .done = ending {
        let message = StoredMessage(
          id: Identifiers.message(), role: .assistant,
          text: rules.replyText(stream.answerText()), createdAt: now)
        end.messages = [rules.question, message].compactMap(\.self)
        reply = message
      } else {
        end.status = rules.statusOfFailure
        end.dropsIfEmpty = rules.dropsOnFailure
      }
    }
    worker.ask { [archive = worker.shared.archive] in
      archive.finish(end, $0)
    } then: { [self] result in
      then(stored(ending, reply, result))
    }
  }

  private func stored(
    _ ending: Ending, _ reply: StoredMessage?, _ result: Result<Conversation?, ArchiveError>
  ) -> Ending {
    switch result {
    case .success(let conversation):
      if let conversation { context?.conversation = conversation }
      context?.reply = reply
      stream.turn = context
      return ending
    case .failure(let error):
      let failure = worker.storageFailure(error)
      // A stream of its own is as good from memory; a turn that is not in the history is none.
      if case .done = ending, context != nil { return .failed(failure) }
      return ending
    }
  }
}

extension StoredEnding {
  init(_ ending: Ending) {
    switch ending {
    case .done: self = .done
    case .cancelled: self = .cancelled
    case .failed(let failure):
      self = .failed(code: failure.reason.rawValue, message: failure.message)
    }
  }
}
