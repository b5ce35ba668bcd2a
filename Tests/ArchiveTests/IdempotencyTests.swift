import Archive
import Testing

@Suite struct IdempotencyTests {
  private let archive: Archive
  private let first = Idempotency(key: "k", fingerprint: "f")
  private let changed = Idempotency(key: "k", fingerprint: "g")

  init() throws { archive = try .inMemory() }

  @Test func `the same request is answered with its stream, another body is a conflict`()
    async throws
  {
    let turn = TurnStart(.newChat("c"), "s1", message: user("m1"), idempotency: first)
    _ = try await archive.beginning(turn)
    let again = TurnStart(.newChat("d"), "s2", message: user("m2"), idempotency: first)
    #expect(try await archive.begin(again) == .repeated(streamID: "s1"))
    let other = TurnStart(.newChat("d"), "s3", message: user("m3"), idempotency: changed)
    #expect(try await archive.begin(other) == .conflict)
    #expect(try await archive.chat("d") == nil)
  }

  @Test func `a known key is found before the conversation is looked for`() async throws {
    _ = try await archive.beginning(TurnStart(.newChat("c"), "s1", idempotency: first))
    let again = TurnStart(.chat("unknown"), "s2", idempotency: first)
    #expect(try await archive.begin(again) == .repeated(streamID: "s1"))
  }

  @Test func `what did not begin does not use up its key`() async throws {
    let lost = TurnStart(.chat("unknown"), "s1", idempotency: first)
    #expect(try await archive.begin(lost) == .unknown)
    #expect(await reason { archive.begin(TurnStart(.newChat("c"), "s1"), $0) } == nil)
    let failing = TurnStart(.newChat("d"), "s1", idempotency: first)
    #expect(await reason { archive.begin(failing, $0) } == .other)
    #expect(try await answer { archive.repeated(first, after: 0, $0) } == nil)
  }

  @Test func `a look at a key tells what a beginning would`() async throws {
    #expect(try await answer { archive.repeated(first, after: 0, $0) } == nil)
    _ = try await archive.begin(TurnStart(.none, "s1", now: 10, idempotency: first))
    let repeated = TurnBegun.repeated(streamID: "s1")
    #expect(try await answer { archive.repeated(first, after: 10, $0) } == repeated)
    #expect(try await answer { archive.repeated(changed, after: 10, $0) } == .conflict)
    #expect(try await answer { archive.repeated(first, after: 11, $0) } == nil)
    #expect(try await answer { archive.repeated(changed, after: 11, $0) } == nil)
  }

  @Test func `a key goes with its stream`() async throws {
    _ = try await archive.begin(TurnStart(.none, "s1", idempotency: first))
    _ = try await archive.finish(TurnEnd("s1", now: 2))
    #expect(try await archive.sweep(streams: 3, rows: 10) == false)
    #expect(try await answer { archive.repeated(first, after: 0, $0) } == nil)
    let again = TurnStart(.none, "s2", idempotency: changed)
    #expect(try await archive.begin(again) == .begun(nil, history: []))
  }
}
