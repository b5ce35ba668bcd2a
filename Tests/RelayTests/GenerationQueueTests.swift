import TestSupport
import Testing

@testable import Relay

@Suite struct GenerationQueueTests {
  private func waiter(_ ticket: UInt64) -> Waiter { Waiter(loop: 0, ticket: ticket) }

  private func queue(_ running: Int, _ waiting: Int) -> GenerationQueue {
    GenerationQueue(GenerationQueue.Limits(running: running, waiting: waiting))
  }

  @Test func `so many run, so many wait in their order, and one more is turned away`() {
    let queue = queue(2, 2)
    #expect(queue.take() && queue.take() && !queue.take())
    #expect(queue.take(for: waiter(1)) == .waiting)
    #expect(queue.take(for: waiter(2)) == .waiting)
    #expect(queue.take(for: waiter(3)) == .full)
    #expect((queue.running, queue.waiting) == (2, 2))
    #expect(queue.release() == waiter(1))
    #expect(!queue.take())
    #expect(queue.release() == waiter(2))
    #expect(queue.release() == nil && queue.release() == nil)
    #expect((queue.running, queue.waiting) == (0, 0))
    #expect(queue.take(for: waiter(4)) == .granted)
  }

  @Test func `nobody overtakes those who wait`() {
    let queue = queue(1, 5)
    #expect(queue.take())
    #expect(queue.take(for: waiter(1)) == .waiting)
    _ = queue.configure(GenerationQueue.Limits(running: 1, waiting: 0))
    #expect(queue.take(for: waiter(2)) == .full)
    #expect(queue.release() == waiter(1))
  }

  @Test func `who leaves is passed over, and learns whether it has its place already`() {
    let queue = queue(1, 5)
    #expect(queue.take())
    for ticket: UInt64 in 1...3 { #expect(queue.take(for: waiter(ticket)) == .waiting) }
    #expect(queue.leave(waiter(2)) && !queue.leave(waiter(2)))
    #expect(queue.release() == waiter(1))
    #expect(!queue.leave(waiter(1)))
    #expect(queue.release() == waiter(3))
  }

  @Test func `a higher limit lets in those for whom there is room, a lower one sends nobody out`() {
    let queue = queue(1, 5)
    #expect(queue.take())
    for ticket: UInt64 in 1...3 { #expect(queue.take(for: waiter(ticket)) == .waiting) }
    #expect(
      queue.configure(GenerationQueue.Limits(running: 3, waiting: 5)) == [waiter(1), waiter(2)])
    #expect((queue.running, queue.waiting) == (3, 1))
    #expect(queue.configure(GenerationQueue.Limits(running: 1, waiting: 0)) == [])
    #expect(queue.release() == nil && queue.release() == nil)
    #expect((queue.running, queue.waiting) == (1, 1))
    #expect(queue.release() == waiter(3))
  }

  @Test(arguments: 1...30)
  func `whatever happens, no more run than may, and nobody is lost`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let queue = queue(5, 20)
    var (running, waiting): (Int, [UInt64]) = (0, [])
    for ticket: UInt64 in 1...3000 {
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        switch queue.take(for: waiter(ticket)) {
        case .granted: running += 1
        case .waiting: waiting.append(ticket)
        case .full: #expect(waiting.count == 20)
        }
      case 2, 3:
        guard running > 0 else { continue }
        if let next = queue.release() {
          #expect(waiting.removeFirst() == next.ticket)
        } else {
          running -= 1
          #expect(waiting.isEmpty)
        }
      default:
        guard let leaver = waiting.randomElement(using: &random) else { continue }
        #expect(queue.leave(waiter(leaver)))
        waiting.removeAll { $0 == leaver }
      }
      #expect((queue.running, queue.waiting) == (running, waiting.count))
      #expect(running <= 5 && (waiting.isEmpty || running == 5))
    }
  }
}
