/// What became of one request. Times are CLOCK_MONOTONIC nanoseconds.
struct Record: Sendable {
  enum Outcome: String, Sendable {
    case running
    /// The script did what it says, whether whole or cut by itself.
    case finished
    /// The client left first.
    case gone
    /// The script reset the connection.
    case reset
  }

  struct Field: Sendable {
    var name: String
    var value: String
  }

  /// Ascending in the order of arrival.
  var id: Int
  var script: String
  /// From 1.
  var attempt: Int
  var connection: Int
  var at: Int64
  var method: String
  var target: String
  var fields: [Field]
  var body: [UInt8]
  var bytesSent = 0
  var eventsSent = 0
  var goneAt: Int64?
  var finishedAt: Int64?
  var outcome = Outcome.running

  var json: JSONValue {
    .object([
      .init("script", .string(script)),
      .init("attempt", .integer(attempt)),
      .init("connection", .integer(connection)),
      .init("at", .integer(at)),
      .init("method", .string(method)),
      .init("path", .string(target)),
      .init("headers", .object(fields.map { .init($0.name, .string($0.value)) })),
      .init("body", .string(String(decoding: body, as: UTF8.self))),
      .init("bytesSent", .integer(bytesSent)),
      .init("eventsSent", .integer(eventsSent)),
      .init("goneAt", .integer(orNull: goneAt)),
      .init("finishedAt", .integer(orNull: finishedAt)),
      .init("outcome", .string(outcome.rawValue)),
    ])
  }
}
