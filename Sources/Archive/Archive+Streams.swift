extension Archive {
  /// A stream that finished at `finishedAfter` or later (milliseconds since 1970); nil for any
  /// other.
  public func stream(
    _ id: String, finishedAfter: Int64, _ reply: @escaping Reply<StoredStream?>
  ) {
    read(reply) { database throws(ArchiveError) in
      try database.storedStream(id, finishedAfter: finishedAfter)
    }
  }
}

extension StoredEnding {
  /// The numbers are stored.
  static var doneNumber: Int { 0 }
  static var cancelledNumber: Int { 1 }
  static var failedNumber: Int { 2 }
}

extension Database {
  struct StreamRow {
    var row: Int64
    var conversation: Int64?
    var finishedAt: Int64?
  }

  func stream(_ id: String) throws(ArchiveError) -> StreamRow? {
    let statement = try statement(.streamByName).bind(.text(id))
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    return StreamRow(
      row: statement.integer(0), conversation: statement.optionalInteger(1),
      finishedAt: statement.optionalInteger(4))
  }

  func append(_ bytes: [UInt8], to stream: Int64) throws(ArchiveError) {
    guard !bytes.isEmpty else { return }
    try statement(.insertPart).bind(.integer(stream), .blob(bytes)).run()
  }

  fileprivate func storedStream(
    _ id: String, finishedAfter: Int64
  ) throws(ArchiveError) -> StoredStream? {
    let statement = try statement(.streamByName).bind(.text(id))
    guard try statement.step() else { return nil }
    let row = statement.integer(0)
    let (conversation, reply) = (statement.optionalInteger(1), statement.optionalInteger(2))
    guard var stream = statement.stream(id), stream.finishedAt >= finishedAfter else {
      statement.reset()
      return nil
    }
    statement.reset()
    if let conversation {
      stream.conversation = try self.conversation(.conversationByRow, .integer(conversation))
    }
    if let reply {
      let message = try self.statement(.messageByRow).bind(.integer(reply))
      if try message.step() { stream.reply = message.message() }
      message.reset()
    }
    let parts = try self.statement(.parts).bind(.integer(row))
    while try parts.step() { parts.appendBlob(0, to: &stream.log) }
    return stream
  }

  /// At the start: what runs in the file runs no more.
  /// - Returns: How many there were.
  func endRunningStreams(now: Int64) throws(ArchiveError) -> Int {
    var count = 0
    while true {
      let ended = try endSomeRunningStreams(now: now)
      if ended == 0 { return count }
      count += ended
    }
  }

  private static let streamsAtOnce = 500

  private func endSomeRunningStreams(now: Int64) throws(ArchiveError) -> Int {
    try statement(.begin).run()
    do {
      var running: [StreamRow] = []
      let statement = try statement(.runningStreams).bind(.integer(Self.streamsAtOnce))
      while try statement.step() {
        running.append(
          StreamRow(
            row: statement.integer(0), conversation: statement.optionalInteger(1),
            finishedAt: nil))
      }
      for stream in running { try interrupt(stream, now) }
      try self.statement(.commit).run()
      return running.count
    } catch {
      if isInTransaction { try? statement(.rollback).run() }
      throw error
    }
  }

  private func interrupt(_ stream: StreamRow, _ now: Int64) throws(ArchiveError) {
    try statement(.finishStream).bind(
      .integer(stream.row), .integer(now), .integer(StoredEnding.failedNumber),
      .text("interrupted"), .text("the daemon stopped before the answer was complete"),
      .null, .null, .null, .null, .null
    ).run()
    guard let row = stream.conversation,
      let conversation = try conversation(.conversationByRow, .integer(row)),
      conversation.status == .inProgress
    else { return }
    switch conversation.kind {
    case .chats:
      // A chat whose first answer failed is one that failed.
      guard try !has(.hasReply, row) else { return }
      try statement(.setStatus).bind(
        .integer(row), .integer(ConversationStatus.error.rawValue), .integer(now)
      ).run()
    case .agents, .widget: break
    }
  }
}

extension Statement {
  func optionalInteger(_ column: CInt) -> Int64? { isNull(column) ? nil : integer(column) }

  /// In the order of columns of `streamByName`; nil for one that runs.
  fileprivate func stream(_ id: String) -> StoredStream? {
    guard let finishedAt = optionalInteger(4) else { return nil }
    var ending = StoredEnding.done
    switch Int(integer(5)) {
    case StoredEnding.cancelledNumber: ending = .cancelled
    case StoredEnding.failedNumber: ending = .failed(code: text(6), message: text(7))
    default: break
    }
    var usage: StoredUsage?
    if let prompt = optionalInteger(9), let completion = optionalInteger(10),
      let total = optionalInteger(11)
    {
      usage = StoredUsage(prompt: Int(prompt), completion: Int(completion), total: Int(total))
    }
    return StoredStream(
      id: id, createdAt: integer(3), finishedAt: finishedAt, log: [], ending: ending,
      finishReason: optionalText(8), usage: usage, conversation: nil, reply: nil)
  }
}
