import TestSupport
import Testing

@testable import Relay

@Suite struct RetentionTests {
  private let ids = (0..<3000).map { _ in StreamID(owner: 0) }

  private func retention(lifetime: UInt64, count: Int, bytes: Int = 10) -> Retention {
    let retention = Retention(lifetime: lifetime)
    for index in 0..<count {
      retention.add(Retention.Entry(id: ids[index], finishedAt: UInt64(index), bytes: bytes))
    }
    return retention
  }

  @Test func `streams go when their time is over, oldest first, each once`() {
    let retention = retention(lifetime: 100, count: 10)
    #expect(retention.takeExpired(now: 99).map(\.id) == [])
    #expect(retention.takeExpired(now: 100).map(\.id) == [ids[0]])
    #expect(retention.takeExpired(now: 100).map(\.id) == [])
    #expect(retention.takeExpired(now: 104).map(\.id) == Array(ids[1...4]))
    #expect(retention.takeExpired(now: 1000).map(\.id) == Array(ids[5...9]))
    #expect(retention.takeExpired(now: .max / 2).map(\.id) == [])
  }

  @Test func `without a lifetime a stream is forgotten as soon as it has finished`() {
    #expect(retention(lifetime: 0, count: 2).takeExpired(now: 1).map(\.id) == Array(ids[0...1]))
  }

  @Test func `as many of the oldest go as make up the bytes`() {
    let retention = retention(lifetime: 100, count: 10)
    #expect(retention.take(bytes: 0).map(\.id) == [])
    #expect(retention.take(bytes: -5).map(\.id) == [])
    #expect(retention.take(bytes: 1).map(\.id) == [ids[0]])
    #expect(retention.take(bytes: 20).map(\.id) == Array(ids[1...2]))
    #expect(retention.take(bytes: 21).map(\.id) == Array(ids[3...5]))
    #expect(retention.take(bytes: .max).map(\.id) == Array(ids[6...9]))
    #expect(retention.take(bytes: 1).map(\.id) == [])
  }

  @Test func `both ways of going draw on one list`() {
    let retention = retention(lifetime: 100, count: 4)
    #expect(retention.take(bytes: 10).map(\.id) == [ids[0]])
    #expect(retention.takeExpired(now: 101).map(\.id) == [ids[1]])
    #expect(retention.take(bytes: 11).map(\.id) == Array(ids[2...3]))
  }

  @Test(arguments: 0..<20)
  func `whatever comes and goes, the list is a queue`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let retention = Retention(lifetime: 50)
    var model: [(id: StreamID, at: UInt64, bytes: Int)] = []
    var now: UInt64 = 0
    var next = 0
    while next < ids.count {
      now += UInt64.random(in: 0...3, using: &random)
      switch Int.random(in: 0..<40, using: &random) {
      case 0:
        var wanted = Int.random(in: 0...500, using: &random)
        var expected: [StreamID] = []
        let taken = retention.take(bytes: wanted).map(\.id)
        while wanted > 0, let first = model.first {
          expected.append(first.id)
          wanted -= first.bytes
          model.removeFirst()
        }
        #expect(taken == expected)
      case 1:
        let expected = model.prefix { $0.at + 50 <= now }
        #expect(retention.takeExpired(now: now).map(\.id) == expected.map(\.id))
        model.removeFirst(expected.count)
      default:
        let bytes = Int.random(in: 0...100, using: &random)
        retention.add(Retention.Entry(id: ids[next], finishedAt: now, bytes: bytes))
        model.append((ids[next], now, bytes))
        next += 1
      }
    }
    #expect(retention.take(bytes: .max).map(\.id) == model.map(\.id))
  }
}
