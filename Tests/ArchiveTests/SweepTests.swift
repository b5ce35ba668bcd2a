import Testing

@testable import Archive

@Suite struct SweepTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  private func count(_ table: String) throws -> Int {
    try archive.writes.withDatabase {
      Int(try $0.runOnce("SELECT count(*) FROM \(table)") ?? "") ?? -1
    }
  }

  @Test func `streams go oldest first, at most so many at once`() async throws {
    for number in 1...5 {
      _ = try await archive.begin(TurnStart(.none, "s\(number)"))
      _ = try await archive.finish(TurnEnd("s\(number)", now: Int64(number), rest: [1]))
    }
    #expect(try await archive.sweep(streams: 5, rows: 3))
    #expect(try await archive.stream("s3") == nil)
    #expect(try await archive.stream("s4") != nil)
    #expect(try await archive.sweep(streams: 5, rows: 3) == false)
    #expect(try await archive.stream("s4") == nil)
    #expect(try await archive.stream("s5")?.log == [1])
    #expect(try count("stream_parts") == 1)
  }

  @Test func `a sweep of no rows deletes nothing, and says so`() async throws {
    try await archive.turn(.newChat("c"), "s")
    #expect(try await archive.sweep(streams: 99, conversations: 99, rows: 0) == false)
    #expect(try await archive.sweep(streams: 99, conversations: 99, rows: -1) == false)
    #expect(try await archive.stream("s") != nil)
    #expect(try await archive.chat("c")?.messages.count == 2)
  }

  @Test func `what runs stays, with its conversation`() async throws {
    _ = try await archive.begin(
      TurnStart(
        .newChat("c"), "s", message: user("m"), idempotency: .init(key: "k", fingerprint: "f")))
    #expect(try await archive.sweep(streams: .max, conversations: .max, rows: 10) == false)
    #expect(try await archive.chat("c")?.messages.count == 1)
    #expect(try count("idempotency") == 1)
    _ = try await archive.finish(TurnEnd("s"))
    #expect(try await archive.sweep(streams: .max, conversations: .max, rows: 10) == false)
    #expect(try await archive.chat("c") == nil)
    for table in ["conversations", "messages", "streams", "stream_parts", "idempotency"] {
      #expect(try count(table) == 0, "\(table)")
    }
  }

  @Test func `conversations are kept when nothing is said about them`() async throws {
    try await archive.turn(.newChat("c"), "s")
    _ = try await archive.sweep(streams: .max, conversations: nil, rows: 10)
    #expect(try await archive.chat("c")?.messages.count == 2)
  }

  @Test func `conversations go by their last change, of all kinds and statuses`() async throws {
    try await archive.turn(.newChat("c1"), "1", now: 1)
    try await archive.turn(.widget("w", id: "c2"), "2", now: 2)
    try await archive.turn(.newChat("c3"), "3", now: 1)
    try await archive.turn(.chat("c3"), "4", now: 9)
    _ = try await answer { archive.endChat("c1", owner: "o", now: 2, $0) }
    #expect(try await archive.sweep(streams: 0, conversations: 3, rows: 10) == false)
    #expect(try count("conversations") == 1)
    #expect(try await archive.chat("c3")?.messages.count == 4)
    #expect(try await archive.stream("1")?.conversation == nil)
    #expect(try await archive.stream("1")?.reply == nil)
    #expect(try count("counts WHERE n > 0") == 1)
  }

  @Test func `a long conversation is emptied over several sweeps, oldest messages first`()
    async throws
  {
    for number in 0..<5 {
      try await archive.turn(number == 0 ? .newChat("c") : .chat("c"), "\(number)")
    }
    #expect(try await archive.sweep(streams: 0, conversations: 9, rows: 4))
    #expect(
      try await archive.chat("c")?.messages.map(\.id) == ["2q", "2a", "3q", "3a", "4q", "4a"])
    #expect(try await archive.sweep(streams: 0, conversations: 9, rows: 4))
    #expect(try await archive.sweep(streams: 0, conversations: 9, rows: 4) == false)
    #expect(try await archive.chat("c") == nil)
    #expect(try await archive.turn(.newChat("c"), "x").id == "c")
  }

  @Test func `sweeps that say so until they are done delete everything old`() async throws {
    for number in 0..<30 {
      let place = TurnStart.Place.newChat("c\(number / 3)-\(number % 3)")
      try await archive.turn(place, "\(number)", now: Int64(number))
    }
    var sweeps = 1
    while try await archive.sweep(streams: 20, conversations: 20, rows: 3) { sweeps += 1 }
    #expect(try count("conversations") == 10)
    #expect(try count("messages") == 20)
    #expect(try count("streams") == 10)
    #expect(sweeps >= 40 / 3)
  }

  @Test func `free pages are given back to the file system, some at a time`() async throws {
    let log = [UInt8](repeating: 1, count: 8 << 20)
    _ = try await archive.begin(TurnStart(.none, "s"))
    _ = try await archive.finish(TurnEnd("s", rest: log))
    func pages() throws -> Int {
      try archive.writes.withDatabase { Int(try $0.runOnce("PRAGMA page_count") ?? "") ?? -1 }
    }
    let before = try pages()
    #expect(before > 2048)
    _ = try await archive.sweep(streams: 9, rows: 10)
    #expect(try pages() <= before - 900 && pages() >= before - 1100)
    for _ in 0..<2 { _ = try await archive.sweep(streams: 9, rows: 10) }
    #expect(try pages() < 100)
  }
}
