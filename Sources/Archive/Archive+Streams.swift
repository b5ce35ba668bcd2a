// Streams of before: what late readers ask for, and what a process that died left behind.

extension Archive {
  /// A stream that ended at `finishedAfter` (milliseconds since 1970) or later, with its whole log,
  /// which is as large as whoever journaled it let it become. Running ones are not here.
  public func stream(
    _ id: String, finishedAfter: Int64, _ reply: @escaping Reply<StoredStream?>
  ) {
    reads.add(reply) { database throws(ArchiveError) in
      try database.storedStream(id, finishedAfter: finishedAfter)
    }
  }
}

extension Database {
  fileprivate func storedStream(
    _ id: String, finishedAfter: Int64
  ) throws(ArchiveError) -> StoredStream? {
    var references: (stream: Int64, conversation: Int64?, reply: Int64?) = (0, nil, nil)
    let values: [Value] = [.text(id), .integer(finishedAfter)]
    let found = try first(.storedStream, values) { row throws(ArchiveError) in
      references = (row.integer(0), row.optionalInteger(10), row.optionalInteger(11))
      var stream = StoredStream(
        id: id, createdAt: row.integer(1), finishedAt: row.integer(2), log: [],
        ending: try StoredEnding(
          number: row.integer(3), code: row.optionalText(4), message: row.optionalText(5)),
        finishReason: row.optionalText(6),
        usage: row.isNull(7)
          ? nil
          : StoredUsage(
            prompt: Int(row.integer(7)), completion: Int(row.integer(8)),
            total: Int(row.integer(9))),
        conversation: nil, reply: nil)
      stream.continuations = Int(row.integer(12))
      return stream
    }
    guard var stream = found else { return nil }
    try each(.parts, [.integer(references.stream)]) { row in
      row.append(0, to: &stream.log)
      return true
    }
    if let row = references.conversation { stream.conversation = try conversation(row) }
    if let row = references.reply {
      stream.reply = try first(.message, [.integer(row)], StoredMessage.init)
    }
    return stream
  }

  /// At open: ends every stream that still runs, and gives a chat whose first turn that was the
  /// status `error`. Returns how many streams there were: as many as ran at once, at most.
  func recover(now: Int64) throws(ArchiveError) -> Int {
    let ending = StoredEnding.failed(
      code: "interrupted", message: "the daemon stopped before the answer was complete"
    ).stored
    try run(.begin)
    try run(.failFirstTurns)
    try run(.interruptStreams, [.integer(now), .text(ending.code), .text(ending.message)])
    let count = changes
    // When one fails the connection is closed, and the transaction with it.
    try run(.commit)
    return count
  }
}
