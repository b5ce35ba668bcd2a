internal import CAllocationCounter

/// What a piece of work took from malloc.
struct AllocationCount {
  let allocations: Int
  let bytes: Int

  init(during work: () -> Void) {
    let before = allocation_counter_read()
    work()
    let after = allocation_counter_read()
    allocations = Int(after.allocations - before.allocations)
    bytes = Int(after.bytes - before.bytes)
  }

  /// A counter that is not in malloc's place counts nothing, and says that all is well. So it is
  /// asked first about work whose answer is known; the program ends when it is wrong.
  static func testCounter() {
    let bytes = 4096
    // The first array has its type made at run time, which allocates as well.
    keep(Array(repeating: 1, count: bytes))
    let nothing = AllocationCount {}
    let one = AllocationCount { keep(Array(repeating: 1, count: bytes)) }
    guard nothing.allocations == 0, one.allocations == 1, one.bytes >= bytes else {
      fatalError(
        "the counter is wrong: \(nothing.allocations) allocations of an empty closure,"
          + " \(one.allocations) of \(one.bytes) bytes of an array of \(bytes) bytes")
    }
  }

  /// Nobody knows what becomes of the array, so that it has to be made.
  @inline(never) @_optimize(none)
  private static func keep(_ array: [UInt8]) {
    precondition(!array.isEmpty)
  }
}
