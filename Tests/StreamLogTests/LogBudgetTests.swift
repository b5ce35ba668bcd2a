import StreamLog
import Testing

@Suite struct LogBudgetTests {
  @Test func `segments double up to the largest, and each is counted when it is made`() {
    let budget = LogBudget(limit: 1000)
    let rendering = Rendering(budget: budget, firstSegment: 16, largestSegment: 64)
    #expect(budget.used == 16)
    rendering.appendEvent(ofBytes: 16)
    #expect(budget.used == 16)
    rendering.appendEvent(ofBytes: 1)
    #expect(budget.used == 16 + 32)
    rendering.appendEvent(ofBytes: 31)
    #expect(budget.used == 16 + 32)
    rendering.appendEvent(ofBytes: 1 + 64 + 1)
    #expect(budget.used == 16 + 32 + 64 + 64)
  }

  @Test func `a rendering gives back what it held when its last reader has gone`() {
    let budget = LogBudget(limit: 1000)
    var rendering: Rendering? = Rendering(budget: budget, firstSegment: 16, largestSegment: 64)
    rendering?.appendEvent(ofBytes: 500)
    rendering?.publish()
    var cursor = rendering.map { Cursor($0, at: 300, skippingOptional: false) }
    let held = budget.used
    #expect(held >= 500)
    rendering = nil
    #expect(budget.used == held, "a cursor keeps the rendering alive")
    #expect(cursor?.takeAll() == pattern(300..<500))
    cursor = nil
    #expect(budget.used == 0)
  }

  @Test func `a chain of a hundred thousand segments is freed without recursion`() {
    let budget = LogBudget(limit: 1 << 30)
    var rendering: Rendering? = Rendering(budget: budget, firstSegment: 1, largestSegment: 1)
    rendering?.append([UInt8](repeating: 7, count: 100_000))
    #expect(budget.used == 100_000)
    rendering = nil
    #expect(budget.used == 0)
  }

  @Test func `a long chain is freed as well when a cursor is the last to hold it`() {
    let budget = LogBudget(limit: 1 << 30)
    var cursors: [Cursor] = []
    do {
      let rendering = Rendering(budget: budget, firstSegment: 1, largestSegment: 1)
      rendering.append([UInt8](repeating: 7, count: 100_000))
      rendering.publish()
      for offset in [0, 1, 50_000, 100_000] {
        cursors.append(Cursor(rendering, at: offset, skippingOptional: false))
      }
    }
    cursors.removeLast()
    #expect(budget.used == 100_000)
    cursors.removeAll()
    #expect(budget.used == 0)
  }

  @Test func `several renderings share one budget`() {
    let budget = LogBudget(limit: 100)
    let one = Rendering(budget: budget, firstSegment: 60)
    #expect(!budget.isExceeded)
    do {
      let other = Rendering(budget: budget, firstSegment: 52)
      #expect(budget.used == 112)
      #expect(budget.isExceeded)
      #expect(!budget.isExhausted)
      budget.add(1)
      #expect(budget.isExhausted, "an eighth beyond the limit")
      budget.add(-1)
      withExtendedLifetime(other) {}
    }
    #expect(budget.used == 60)
    withExtendedLifetime(one) {}
  }

  @Test func `what is about to be freed need not be given up again`() {
    let budget = LogBudget(limit: 100)
    budget.add(150)
    #expect(budget.excess == 50)
    budget.addLeaving(60)
    #expect(budget.excess == -10)
    #expect(!budget.isExceeded)
    #expect(budget.used == 150)
    #expect(budget.isExhausted, "it has not been freed yet")
    budget.add(-60)
    budget.addLeaving(-60)
    #expect(budget.excess == -10)
    #expect(!budget.isExhausted)
  }

  @Test func `a rendering knows what it holds`() {
    let budget = LogBudget(limit: 1000)
    let rendering = Rendering(budget: budget, firstSegment: 16, largestSegment: 64)
    for _ in 0..<50 {
      rendering.appendEvent(ofBytes: 7)
      #expect(rendering.held == budget.used)
      #expect(rendering.held >= rendering.written)
    }
  }

  @Test func `no limit at all is never exceeded`() async {
    await #expect(processExitsWith: .success) {
      let budget = LogBudget(limit: .max)
      budget.add(1 << 40)
      precondition(!budget.isExceeded && !budget.isExhausted)
    }
  }
}
