/// What a model name answers: its n-th request gets the n-th attempt, later ones the last.
struct Script: Sendable {
  /// Never empty.
  var attempts: [Attempt]

  /// The attempt of the n-th request, counted from 1.
  func attempt(_ number: Int) -> Attempt { attempts[min(number, attempts.count) - 1] }

  /// What a model without a script of its own answers: twelve tokens, 5 ms apart.
  static let fallback = Script(attempts: [
    Attempt(steps: [
      .answer(
        Script.pieces(
          of: "A river delta splits one stream into many, and loses no water.", each: .word),
        pace: 5_000_000)
    ])
  ])
}

/// One answer: what is said, and in what portions it is handed to the kernel.
struct Attempt: Sendable {
  var steps: [Step]
  var write = WriteMode.whole
  /// Nanoseconds between two calls of send(2).
  var pause: Int64 = 0
}

/// One step of an answer; docs/scripted-model.md says what each does. Times are nanoseconds.
enum Step: Sendable {
  case head(ResponseHead)
  case text([String], pace: Int64)
  case stamped(Int, pace: Int64)
  case role
  case finish(String)
  case usage(JSONValue)
  case done
  case event(JSONValue)
  case sse([UInt8])
  case json(JSONValue)
  case answer([String], pace: Int64)
  case raw([UInt8])
  case sleep(Int64)
  case gate(String)
  case reset
  case close
  case truncate(Int)
  case end
}

/// The head of an answer as a script gives it; what it leaves open is filled in by `Framing`.
struct ResponseHead: Sendable {
  enum Framing: String, Sendable { case chunked, length, close }
  enum Version: String, Sendable {
    case oneOne = "1.1"
    case oneZero = "1.0"
  }
  struct Field: Sendable {
    var name: String
    /// nil: the field is left out, also where it would be added by itself.
    var value: String?
  }

  var status = 200
  var fields: [Field] = []
  var framing: Framing?
  var version: Version?

  /// 1xx: another head follows.
  var isInterim: Bool { status < 200 }
  /// 204 and 304 have no body (RFC 9110, section 6.4.1).
  var hasNoBody: Bool { isInterim || status == 204 || status == 304 }

  func mentions(_ name: String) -> Bool {
    fields.contains { $0.name.lowercased() == name.lowercased() }
  }
}

/// Where the bytes of an answer are cut into separate calls of send(2).
enum WriteMode: Sendable {
  /// Only where the script waits.
  case whole
  /// After every byte.
  case bytes
  /// Between CR and LF, and between two line feeds.
  case crlf
  /// Before every continuation byte of UTF-8.
  case codepoint
  /// At these offsets from the first byte of the answer, in ascending order.
  case at([Int])
  /// At every multiple of this offset; at least 1.
  case every(Int)
}
