import Testing

@testable import EventLoop

@Suite struct MailboxTests {
  private struct Message: Sendable {
    var sender: Int
    var number: Int
  }

  @Test func `what is posted before the box is opened arrives`() throws {
    let (loop, mailbox) = (try EventLoop(), try Mailbox<Int>())
    for number in 0..<3 { mailbox.post(number) }
    var batches: [[Int]] = []
    try mailbox.open(on: loop) { batches.append($0) }
    try loop.turn(atMost: 0)
    #expect(batches == [[0, 1, 2]])
    try loop.turn(atMost: 0)
    #expect(batches.count == 1, "an empty box is no news")
  }

  @Test func `all that is posted until the loop looks is one batch`() throws {
    let (loop, mailbox) = (try EventLoop(), try Mailbox<Int>())
    var batches: [[Int]] = []
    try mailbox.open(on: loop) { batches.append($0) }
    for round in 0..<3 {
      for number in 0..<100 { mailbox.post(round * 100 + number) }
      try loop.turn(atMost: 0)
      #expect(batches.last == Array(round * 100..<round * 100 + 100))
    }
    #expect(batches.count == 3)
  }

  @Test func `what is posted while a batch is received comes with the next turn`() throws {
    let (loop, mailbox) = (try EventLoop(), try Mailbox<Int>())
    var batches: [[Int]] = []
    try mailbox.open(on: loop) { batch in
      batches.append(batch)
      if batches.count < 4 { mailbox.post(batches.count) }
    }
    mailbox.post(0)
    try loop.turn(atMost: 0)
    #expect(batches == [[0]])
    for _ in 0..<5 { try loop.turn(atMost: 0) }
    #expect(batches == [[0], [1], [2], [3]])
  }

  @Test func `a post wakes a loop that waits without end`() throws {
    let (loop, mailbox) = (try EventLoop(), try Mailbox<Int>())
    try mailbox.open(on: loop) { _ in loop.stop() }
    let thread = try LoopThread.start(name: "poster") { mailbox.post(1) }
    try loop.run()
    thread.join()
  }

  @Test func `many threads post, and nothing is lost or out of order`() throws {
    let (loop, mailbox) = (try EventLoop(), try Mailbox<Message>())
    let (senders, each) = (4, 5000)
    var next = [Int](repeating: 0, count: senders)
    var misplaced = 0
    var turns: [UInt64] = []
    try mailbox.open(on: loop) { batch in
      turns.append(loop.turns)
      for message in batch {
        if next[message.sender] != message.number { misplaced += 1 }
        next[message.sender] += 1
      }
      if next.allSatisfy({ $0 == each }) { loop.stop() }
    }
    let threads = try (0..<senders).map { sender in
      try LoopThread.start(name: "sender-\(sender)") {
        for number in 0..<each { mailbox.post(Message(sender: sender, number: number)) }
      }
    }
    try loop.run()
    for thread in threads { thread.join() }
    #expect(misplaced == 0)
    #expect(next == Array(repeating: each, count: senders))
    #expect(Set(turns).count == turns.count, "at most one batch a turn")
  }
}
