/// What an answer should be, and how it is counted.
struct Verdict: Sendable {
  var streaming = true
  /// Of stamped events, or of all where none is stamped; nil for any number.
  var expectedEvents: Int?

  /// Counts how an answer ended. True when all is right.
  @discardableResult
  func count(_ connection: ClientConnection, _ end: AnswerEnd, in tally: Tally) -> Bool {
    let check = connection.check
    countFaults(of: check, in: tally)
    switch end {
    case .refused(let code):
      tally.counts.refused += 1
      tally.note("connect: \(SystemText.of(code))")
    case .reset(let code):
      tally.counts.reset += 1
      let reason = code == 0 ? "end of stream" : SystemText.of(code)
      tally.note("closed after \(check.events) events of an answer: \(reason)")
    case .malformed:
      tally.counts.malformed += 1
      tally.note("malformed answer after \(check.events) events")
    case .broken: tally.counts.broken += 1
    case .complete: return countComplete(connection, in: tally) && check.isFaultless
    }
    return false
  }

  func countFaults(of check: StreamCheck, in tally: Tally) {
    tally.counts.lost += check.lost
    tally.counts.duplicated += check.duplicated
    tally.counts.disordered += check.disordered
    if !check.isFaultless {
      tally.note(
        "an answer lost \(check.lost) events, had \(check.duplicated) twice and "
          + "\(check.disordered) in disorder")
    }
  }

  private func countComplete(_ connection: ClientConnection, in tally: Tally) -> Bool {
    let check = connection.check
    tally.counts.requests += 1
    let count = check.stamped > 0 ? check.stamped : check.events
    if connection.head.status / 100 != 2 {
      tally.counts.badStatus += 1
      let body = String(decoding: connection.body.prefix(200), as: UTF8.self)
      tally.note("status \(connection.head.status): \(body)")
    } else if streaming, check.end != .done {
      tally.counts.incomplete += 1
      tally.note(
        check.end == .failed
          ? "an error event after \(check.events) events"
          : "no last event after \(check.events) events")
    } else if streaming, let expectedEvents, count != expectedEvents {
      tally.counts.miscounted += 1
      tally.note("\(count) events, expected \(expectedEvents)")
    } else {
      tally.counts.complete += 1
      return true
    }
    return false
  }
}
