/// The bytes of one answer on their way to the socket: gathered, cut, counted.
///
/// Invariant: `pending` holds what follows directly upon the `bytesSent` bytes already sent. What
/// is gathered leaves when the script waits, when the answer is over, or at 64 KiB.
struct Outlet {
  private static let gatherByteLimit = 64 * 1024

  private let socket: ConnectedSocket
  private var cutter: WriteCutter
  private let pause: Int64
  private let report: (_ bytesSent: Int, _ eventsSent: Int) -> Void
  private var pending: [UInt8] = []
  /// Where events end that are not yet counted, from the first byte of the answer; ascending.
  private var eventEnds: [Int] = []
  private var bytesSent = 0
  private var eventsSent = 0
  /// The bytes that may still be sent before FIN; nil for no limit.
  private var allowance: Int?

  init(
    socket: ConnectedSocket, attempt: Attempt,
    report: @escaping (_ bytesSent: Int, _ eventsSent: Int) -> Void
  ) {
    self.socket = socket
    cutter = WriteCutter(attempt.write)
    pause = attempt.pause
    self.report = report
  }

  mutating func append(_ bytes: [UInt8]) throws(Departure) {
    pending += bytes
    if pending.count >= Self.gatherByteLimit { try flush() }
  }

  /// The byte appended last is the last of an event. Call it before any wait or flush.
  mutating func append(event bytes: [UInt8], after prefix: [UInt8]) throws(Departure) {
    eventEnds.append(bytesSent + pending.count + prefix.count + bytes.count)
    try append(prefix + bytes)
  }

  /// Sends all that is gathered.
  mutating func flush() throws(Departure) {
    let isLast = allowance.map { pending.count >= $0 } ?? false
    if isLast, let allowance { pending.removeSubrange(allowance...) }
    if !pending.isEmpty, socket.wait(untilNanoseconds: 0) == .gone { throw .gone }
    var start = 0
    for end in cutter.portionEnds(of: pending) {
      if bytesSent > 0, pause > 0 {
        try sleep(untilNanoseconds: monotonicNanoseconds() + pause)
      }
      try send(pending[start..<end])
      start = end
    }
    allowance = allowance.map { $0 - pending.count }
    pending.removeAll(keepingCapacity: true)
    if isLast { throw .cut }
  }

  private mutating func send(_ portion: ArraySlice<UInt8>) throws(Departure) {
    var sent = 0
    defer {
      bytesSent += sent
      let ended = eventEnds.prefix { $0 <= bytesSent }.count
      eventEnds.removeFirst(ended)
      eventsSent += ended
      report(bytesSent, eventsSent)
    }
    try socket.send(portion, sent: &sent)
  }

  /// From the next byte on only `count` more are sent, then FIN.
  mutating func truncate(after count: Int) throws(Departure) {
    try flush()
    allowance = min(allowance ?? count, count)
    try flush()
  }

  /// Flushes and waits until CLOCK_MONOTONIC reads `deadline` nanoseconds.
  mutating func pauseScript(untilNanoseconds deadline: Int64) throws(Departure) {
    try flush()
    try sleep(untilNanoseconds: deadline)
  }

  /// Flushes and waits for the gate; after a minute the connection is reset, since a test that
  /// forgets its gate should see that at once.
  mutating func pauseScript(at gate: Gate) throws(Departure) {
    try flush()
    let deadline = monotonicNanoseconds() + 60_000_000_000
    switch socket.wait(untilNanoseconds: deadline, gate: gate) {
    case .gateOpen: return
    case .gone: throw .gone
    case .deadline: throw .reset
    }
  }

  private func sleep(untilNanoseconds deadline: Int64) throws(Departure) {
    if socket.wait(untilNanoseconds: deadline) == .gone { throw .gone }
  }
}
