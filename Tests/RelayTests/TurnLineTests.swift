import TestSupport
import Testing

@testable import Relay

@Suite struct TurnLineTests {
  private func waiter(_ ticket: UInt64, loop: Int = 0) -> Waiter {
    Waiter(loop: loop, ticket: ticket)
  }

  @Test func `a conversation has one turn at a time, and conversations do not wait for each other`()
  {
    let line = TurnLine(limit: 8)
    #expect(line.take("a", for: waiter(1)) == .granted)
    #expect(line.take("a", for: waiter(2)) == .waiting)
    #expect(line.take("b", for: waiter(3)) == .granted)
    #expect(line.release("b") == nil)
    #expect(line.release("a") == waiter(2))
  }

  @Test func `turns come in the order in which they asked, from whatever loop`() {
    let line = TurnLine(limit: 8)
    let waiters = (0..<6).map { waiter(UInt64($0), loop: $0 % 3) }
    #expect(
      waiters.map { line.take("a", for: $0) } == [.granted] + Array(repeating: .waiting, count: 5))
    for next in waiters.dropFirst() { #expect(line.release("a") == next) }
    #expect(line.release("a") == nil)
    #expect(line.take("a", for: waiter(9)) == .granted)
  }

  @Test func `beyond the limit a turn is refused, and with a limit of none whoever comes second`() {
    let line = TurnLine(limit: 1)
    #expect(line.take("a", for: waiter(1)) == .granted)
    #expect(line.take("a", for: waiter(2)) == .waiting)
    #expect(line.take("a", for: waiter(3)) == .full)
    let strict = TurnLine(limit: 0)
    #expect(strict.take("a", for: waiter(1)) == .granted)
    #expect(strict.take("a", for: waiter(2)) == .full)
    #expect(strict.release("a") == nil)
    #expect(strict.take("a", for: waiter(2)) == .granted)
  }

  @Test func `who leaves the line is passed over, and learns whether it was its turn already`() {
    let line = TurnLine(limit: 8)
    #expect(line.take("a", for: waiter(1)) == .granted)
    #expect(line.take("a", for: waiter(2)) == .waiting)
    #expect(line.take("a", for: waiter(3)) == .waiting)
    #expect(line.leave("a", waiter(2)))
    #expect(!line.leave("a", waiter(2)))
    #expect(line.release("a") == waiter(3))
    #expect(!line.leave("a", waiter(3)))
    #expect(line.release("a") == nil)
    #expect(line.release("a") == nil)
  }

  @Test(arguments: 1...20)
  func `whatever happens, one holds each line and nobody is forgotten`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let line = TurnLine(limit: 3)
    var holder: UInt64?
    var waiting: [UInt64] = []
    for ticket in UInt64(1)...500 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0, 1:
        let expected: TurnLine.Place =
          holder == nil ? .granted : waiting.count < 3 ? .waiting : .full
        #expect(line.take("x", for: waiter(ticket)) == expected)
        if expected == .granted { holder = ticket }
        if expected == .waiting { waiting.append(ticket) }
      case 2 where holder != nil:
        holder = waiting.isEmpty ? nil : waiting.removeFirst()
        #expect(line.release("x")?.ticket == holder)
      default:
        guard let left = waiting.randomElement(using: &random) else { continue }
        #expect(line.leave("x", waiter(left)))
        waiting.removeAll { $0 == left }
      }
    }
  }
}
