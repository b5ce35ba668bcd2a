import Synchronization

/// What all connections share: the scripts, how far each has come, the gates and the records.
///
/// Rules: an attempt's number is given in the same critical section that records its arrival, so
/// the log and the numbers agree. Forgetting a record does not stop its attempt; what that reports
/// later is dropped. Every method may be called on any thread.
final class Registry: Sendable {
  enum Event: String { case attempt, gone, finished }

  /// An attempt that has been recorded and is about to run.
  struct Begun {
    var recordID: Int
    /// From 1.
    var number: Int
    var attempt: Attempt
  }

  /// Beyond this the server refuses requests rather than lose records.
  static let recordLimit = 100_000

  private struct Counts {
    var attempts = 0
    var gone = 0
    var finished = 0
    var recordIDs: [Int] = []

    func count(of event: Event) -> Int {
      switch event {
      case .attempt: attempts
      case .gone: gone
      case .finished: finished
      }
    }
  }

  private struct State {
    var scripts: [String: Script] = [:]
    var gates: [String: Gate] = [:]
    var counts: [String: Counts] = [:]
    var records: [Int: Record] = [:]
    var lastRecordID = 0
  }

  private let state = Mutex(State())
  private let changes = Broadcast()

  /// Puts a script in place; the records and the count of attempts of that name begin anew.
  func put(_ script: Script, named name: String) {
    state.withLock { state in
      state.scripts[name] = script
      for id in state.counts.removeValue(forKey: name)?.recordIDs ?? [] {
        state.records[id] = nil
      }
    }
  }

  /// Forgets scripts, gates and records; who waits at a gate is let through.
  func forgetEverything() {
    let gates = state.withLock { state in
      defer {
        let lastRecordID = state.lastRecordID
        state = State()
        state.lastRecordID = lastRecordID
      }
      return state.gates.values
    }
    for gate in gates { gate.open() }
  }

  var scriptNames: [String] { state.withLock { $0.scripts.keys.sorted() } }

  func hasScript(_ name: String) -> Bool { state.withLock { $0.scripts[name] != nil } }

  /// The gate of that name, which is made, closed, when it is first spoken of.
  func gate(_ name: String) -> Gate {
    state.withLock { state in
      if let gate = state.gates[name] { return gate }
      let gate = Gate()
      state.gates[name] = gate
      return gate
    }
  }

  /// Records the arrival of a request for `name` and picks its attempt: from the script of that
  /// name, or from the one named `default`, or from `Script.fallback`. Nil when the log is full.
  func begin(_ name: String, request: Request, connection: Int) -> Begun? {
    let fields = request.fields.reduce(into: [Record.Field]()) { fields, field in
      if !fields.contains(where: { $0.name == field.name }) {
        fields.append(.init(name: field.name, value: request.value(field.name) ?? ""))
      }
    }
    let begun: Begun? = state.withLock { state in
      guard state.records.count < Self.recordLimit else { return nil }
      state.lastRecordID += 1
      let id = state.lastRecordID
      var counts = state.counts[name] ?? Counts()
      counts.attempts += 1
      counts.recordIDs.append(id)
      state.counts[name] = counts
      state.records[id] = Record(
        id: id, script: name, attempt: counts.attempts, connection: connection,
        at: request.receivedAt, method: request.method, target: request.target, fields: fields,
        body: request.body)
      let script = state.scripts[name] ?? state.scripts["default"] ?? .fallback
      return Begun(
        recordID: id, number: counts.attempts, attempt: script.attempt(counts.attempts))
    }
    if begun != nil { changes.broadcast() }
    return begun
  }

  /// Notes what an attempt has sent so far.
  func progress(_ recordID: Int, bytesSent: Int, eventsSent: Int) {
    state.withLock { state in
      state.records[recordID]?.bytesSent = bytesSent
      state.records[recordID]?.eventsSent = eventsSent
    }
  }

  /// Notes the end of an attempt, now.
  func conclude(_ recordID: Int, _ outcome: Record.Outcome) {
    let now = monotonicNanoseconds()
    state.withLock { state in
      guard var record = state.records[recordID], record.outcome == .running else { return }
      record.outcome = outcome
      if outcome == .gone {
        record.goneAt = now
        state.counts[record.script]?.gone += 1
      } else {
        record.finishedAt = now
        state.counts[record.script]?.finished += 1
      }
      state.records[recordID] = record
    }
    changes.broadcast()
  }

  /// The records of one script, or all, in the order of arrival.
  func records(of script: String?) -> [Record] {
    state.withLock { state in
      guard let script else { return state.records.values.sorted { $0.id < $1.id } }
      return (state.counts[script]?.recordIDs ?? []).compactMap { state.records[$0] }
    }
  }

  /// Blocks until `event` has happened `count` times for the script, or for all together; false
  /// at `deadline` (CLOCK_MONOTONIC nanoseconds).
  func wait(
    for event: Event, of script: String?, count: Int, untilNanoseconds deadline: Int64
  ) -> Bool {
    while true {
      let seen = changes.count
      let happened = state.withLock { state in
        if let script { return state.counts[script]?.count(of: event) ?? 0 }
        return state.counts.values.reduce(0) { $0 + $1.count(of: event) }
      }
      if happened >= count { return true }
      guard changes.wait(after: seen, untilNanoseconds: deadline) else { return false }
    }
  }
}
