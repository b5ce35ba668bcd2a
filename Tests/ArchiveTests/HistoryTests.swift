import Testing

@testable import Archive

@Suite struct HistoryTests {
  private let archive: Archive

  init() throws { archive = try .inMemory() }

  @Test(arguments: [
    (-1, []), (0, []), (1, ["2a"]), (3, ["1a", "2q", "2a"]), (4, ["1q", "1a", "2q", "2a"]),
    (100, ["1q", "1a", "2q", "2a"]),
  ])
  func `a history is the newest messages, oldest first`(limit: Int, ids: [String]) async throws {
    try await archive.turn(.newChat("c"), "1")
    try await archive.turn(.chat("c"), "2")
    let turn = TurnStart(.chat("c"), "3", message: user("new"), history: limit)
    #expect(try await archive.history(turn) == ids)
  }

  @Test func `a widget session has a history too`() async throws {
    try await archive.turn(.widget("w", id: "c"), "1")
    try await archive.turn(.widget("v", id: "d"), "2")
    let turn = TurnStart(.widget("w", id: "e"), "3", history: 9)
    #expect(try await archive.history(turn) == ["1q", "1a"])
  }

  @Test(arguments: [
    (1, ["2a"]), (2, ["2q", "2a"]), (3, ["1a", "2q", "2a"]), (9, ["1q", "1a", "2q", "2a"]),
  ])
  func `what is missing comes from the chat before`(limit: Int, ids: [String]) async throws {
    try await archive.turn(.newChat("c1"), "1")
    try await archive.turn(.newChat("c2", previous: "c1"), "2")
    #expect(try await archive.history(TurnStart(.chat("c2"), "3", history: limit)) == ids)
  }

  @Test func `a new chat begins with the history of the one before`() async throws {
    try await archive.turn(.newChat("c1"), "1")
    let turn = TurnStart(
      .newChat("c2", previous: "c1"), "2", message: user("new"), history: 9)
    #expect(try await archive.history(turn) == ["1q", "1a"])
  }

  @Test func `eight chats back is the end`() async throws {
    try await archive.turn(.newChat("c0"), "0")
    for number in 1...9 {
      try await archive.turn(.newChat("c\(number)", previous: "c\(number - 1)"), "\(number)")
    }
    let ids = (1...9).flatMap { ["\($0)q", "\($0)a"] }
    #expect(try await archive.history(TurnStart(.chat("c9"), "x", history: 100)) == ids)
    #expect(
      try await archive.history(TurnStart(.chat("c9"), "y", history: 3)) == ["8a", "9q", "9a"])
  }

  @Test func `chats that lead in a circle are read once each`() async throws {
    try await archive.turn(.newChat("c1"), "1")
    try await archive.turn(.newChat("c2", previous: "c1"), "2")
    try archive.writes.withDatabase {
      _ = try $0.runOnce("UPDATE conversations SET previous = 'c2' WHERE name = 'c1'")
    }
    let ids = ["1q", "1a", "2q", "2a"]
    #expect(try await archive.history(TurnStart(.chat("c2"), "3", history: 100)) == ids)
  }

  @Test func `a chat before that has gone, or is another's, is the end`() async throws {
    try await archive.turn(.newChat("c1"), "1")
    try await archive.turn(.newChat("c2", previous: "c1"), "2")
    try archive.writes.withDatabase {
      _ = try $0.runOnce("UPDATE conversations SET owner = 'p' WHERE name = 'c1'")
    }
    let turn = TurnStart(.chat("c2"), "3", history: 100)
    #expect(try await archive.history(turn) == ["2q", "2a"])
    #expect(try await archive.chat("c2")?.conversation.previous == "c1")
  }

  // MARK: The bound on what is read

  private func taken(_ sizes: [Int], messages: Int, bytes: Int) -> [Int] {
    var room = MessageRoom(messages: messages, bytes: bytes)
    let fitting = sizes.filter { room.take($0) }
    #expect(room.usedBytes == fitting.reduce(0, +))
    return fitting
  }

  @Test func `room is taken until one does not fit, and then by none`() {
    #expect(taken([6, 4, 0], messages: 10, bytes: 10) == [6, 4])
    #expect(taken([6, 5, 1], messages: 10, bytes: 10) == [6])
    #expect(taken([1, 1, 1], messages: 2, bytes: 10) == [1, 1])
  }

  @Test func `the first message is taken however long it is`() {
    #expect(taken([11, 0], messages: 10, bytes: 10) == [11])
    #expect(taken([0], messages: 10, bytes: 0) == [])
    #expect(taken([0], messages: -1, bytes: 10) == [])
  }

  @Test func `a record holds 16 MiB of the newest messages`() async throws {
    let text = String(repeating: "x", count: 6 << 20)
    let row = try await archive.beginning(TurnStart(.newChat("c"), "s")).row
    for number in 1...4 {
      let message = user("m\(number)", text)
      _ = try await archive.begin(TurnStart(.chat("c"), "s\(number)", message: message))
    }
    #expect(try await archive.chat("c")?.messages.map(\.id) == ["m3", "m4"])
    #expect(
      try await archive.history(TurnStart(.chat("c"), "x", history: 9)) == ["m3", "m4"])
    #expect(row > 0)
  }
}
