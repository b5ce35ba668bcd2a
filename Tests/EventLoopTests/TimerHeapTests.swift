import TestSupport
import Testing

@testable import EventLoop

@Suite struct TimerHeapTests {
  /// Fires all that is due, and says which.
  private func fire(_ heap: inout TimerHeap, now: UInt64, _ names: [ObjectIdentifier: Int]) -> [Int]
  {
    var fired: [Int] = []
    while let timer = heap.takeDue(now: now) { fired.append(names[ObjectIdentifier(timer)] ?? -1) }
    return fired
  }

  private func timers(_ count: Int) -> (timers: [Timer], names: [ObjectIdentifier: Int]) {
    let timers = (0..<count).map { _ in Timer {} }
    let named = timers.enumerated().map { (ObjectIdentifier($1), $0) }
    return (timers, Dictionary(uniqueKeysWithValues: named))
  }

  @Test func `timers fire in the order of their deadlines, each once`() {
    let (timers, names) = timers(6)
    var heap = TimerHeap()
    for (timer, deadline) in zip(timers, [50, 10, 40, 20, 60, 30] as [UInt64]) {
      heap.arm(timer, at: deadline)
    }
    #expect(timers.allSatisfy { $0.isArmed })
    #expect(fire(&heap, now: 9, names) == [])
    #expect(fire(&heap, now: 10, names) == [1])
    #expect(fire(&heap, now: 45, names) == [3, 5, 2])
    #expect(fire(&heap, now: 45, names) == [])
    #expect(fire(&heap, now: .max, names) == [0, 4])
    #expect(heap.isEmpty)
    #expect(!timers.contains { $0.isArmed })
  }

  @Test func `a timer armed again is moved, later or earlier`() {
    let (timers, names) = timers(3)
    var heap = TimerHeap()
    for timer in timers { heap.arm(timer, at: 100) }
    heap.arm(timers[0], at: 200)
    heap.arm(timers[1], at: 50)
    #expect(fire(&heap, now: 50, names) == [1])
    #expect(fire(&heap, now: 100, names) == [2])
    #expect(fire(&heap, now: 199, names) == [])
    heap.arm(timers[0], at: 150)
    #expect(fire(&heap, now: 149, names) == [])
    #expect(fire(&heap, now: 150, names) == [0])
    #expect(heap.isEmpty)
  }

  @Test func `a timer pushed back again and again fires once, at the last time`() {
    let (timers, names) = timers(2)
    var heap = TimerHeap()
    heap.arm(timers[1], at: 1_000_000)
    for deadline in 1...1000 as ClosedRange<UInt64> { heap.arm(timers[0], at: deadline) }
    #expect(fire(&heap, now: 999, names) == [])
    #expect(timers[0].isArmed)
    #expect(fire(&heap, now: 1000, names) == [0])
  }

  @Test func `a disarmed timer does not fire, and can be armed again`() {
    let (timers, names) = timers(3)
    var heap = TimerHeap()
    for timer in timers { heap.arm(timer, at: 10) }
    heap.disarm(timers[1])
    heap.disarm(timers[1])
    #expect(!timers[1].isArmed)
    #expect(Set(fire(&heap, now: 10, names)) == [0, 2])
    heap.disarm(timers[0])
    heap.arm(timers[1], at: 5)
    #expect(fire(&heap, now: 10, names) == [1])
  }

  @Test func `the time to wait is rounded up, and bounded`() {
    let (timers, _) = timers(1)
    var heap = TimerHeap()
    #expect(heap.millisecondsToNext(now: 0) == -1)
    heap.arm(timers[0], at: 5_000_000)
    #expect(heap.millisecondsToNext(now: 5_000_000) == 0)
    #expect(heap.millisecondsToNext(now: 6_000_000) == 0)
    #expect(heap.millisecondsToNext(now: 4_999_999) == 1)
    #expect(heap.millisecondsToNext(now: 4_000_000) == 1)
    #expect(heap.millisecondsToNext(now: 3_999_999) == 2)
    heap.disarm(timers[0])
    heap.arm(timers[0], at: 1 << 62)
    #expect(heap.millisecondsToNext(now: 0) == 3_600_000)
  }

  @Test func `a deadline at the end of time is waited for like any other`() async {
    await #expect(processExitsWith: .success) {
      var heap = TimerHeap()
      heap.arm(Timer {}, at: .max)
      precondition(heap.millisecondsToNext(now: 0) == 3_600_000)
      precondition(heap.millisecondsToNext(now: .max - 1) == 1)
    }
  }

  @Test func `deadlines at both ends of time are deadlines like others`() {
    let (timers, names) = timers(2)
    var heap = TimerHeap()
    heap.arm(timers[0], at: 0)
    heap.arm(timers[1], at: .max)
    #expect(fire(&heap, now: 0, names) == [0])
    #expect(fire(&heap, now: .max - 1, names) == [])
    #expect(fire(&heap, now: .max, names) == [1])
  }

  @Test(arguments: 0..<50)
  func `thousands of random steps agree with a dictionary of deadlines`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let (timers, names) = timers(Int.random(in: 1...40, using: &random))
    var heap = TimerHeap()
    var model: [Int: UInt64] = [:]
    var now: UInt64 = 0
    for _ in 0..<1000 {
      let index = Int.random(in: 0..<timers.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0...3:
        let deadline = now + UInt64.random(in: 0...100, using: &random)
        heap.arm(timers[index], at: deadline)
        model[index] = deadline
      case 4:
        heap.disarm(timers[index])
        model[index] = nil
      default:
        now += UInt64.random(in: 0...20, using: &random)
        let due = model.filter { $0.value <= now }
        let wait = heap.millisecondsToNext(now: now)
        #expect((wait == 0) || due.isEmpty, "one that is due is not waited for")
        let fired = fire(&heap, now: now, names)
        #expect(fired.count == Set(fired).count)
        #expect(Set(fired) == Set(due.keys))
        for name in fired { model[name] = nil }
      }
      #expect(timers.indices.allSatisfy { timers[$0].isArmed == (model[$0] != nil) })
      #expect(heap.isEmpty == model.isEmpty)
    }
  }
}
