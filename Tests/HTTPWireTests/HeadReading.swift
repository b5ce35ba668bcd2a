import HTTPWire
import Testing

/// One byte per scalar, so that `\u{FF}` is a byte and not two.
func latin1(_ text: String) -> [UInt8] {
  text.unicodeScalars.map { UInt8($0.value) }
}

/// A head with its ranges taken out of the buffer.
struct ReadHead: Equatable, Sendable {
  var method = Method.get
  var methodName = "GET"
  var target = "/"
  var path = "/"
  var query: String?
  var minorVersion = 1
  var fields: [String] = []
  var framing = BodyFraming.none
  var keepAlive = true
  var expectsContinue = false
  var consumed = 0

  init() {}

  init(_ head: RequestHead, _ bytes: [UInt8], consumed: Int) {
    func text(_ range: Range<Int>) -> String {
      String(String.UnicodeScalarView(bytes[range].map { Unicode.Scalar($0) }))
    }
    method = head.method
    methodName = text(head.methodRange)
    target = text(head.target)
    path = text(head.path)
    query = head.query.map(text)
    minorVersion = head.minorVersion
    fields = head.fields.map { text($0.name) + ": " + text($0.value) }
    framing = head.framing
    keepAlive = head.keepAlive
    expectsContinue = head.expectsContinue
    self.consumed = consumed
  }
}

/// All that came of reading one input.
enum HeadReading: Equatable, Sendable {
  case partial
  case complete(ReadHead)
  case refused(RequestHeadError)

  /// Reads ever longer beginnings of `bytes`, until the end or a verdict. The bytes behind a
  /// beginning are not there, so a parser that looked further would trap.
  init(_ bytes: [UInt8], growingAt ends: [Int] = [], limits: HeadLimits = HeadLimits()) {
    var parser = RequestHeadParser(limits: limits)
    self = .partial
    for end in ends + [bytes.count] {
      self = Self.read(Array(bytes[..<end]), with: &parser)
      guard self == .partial else { break }
    }
    // A verdict stands, whatever is asked again.
    if self != .partial {
      let again = Self.read(bytes, with: &parser)
      #expect(again == self)
    }
  }

  static func read(_ bytes: [UInt8], with parser: inout RequestHeadParser) -> HeadReading {
    do throws(RequestHeadError) {
      switch try parser.parse(bytes.span) {
      case .partial: return .partial
      case .complete(let consumed):
        return .complete(ReadHead(parser.head, bytes, consumed: consumed))
      }
    } catch {
      return .refused(error)
    }
  }
}

/// Reads `bytes` whole, byte by byte, at every single split point, and, unless more is needed, with
/// bytes behind them, and checks that none of it shows. Returns what reading them whole gave.
func readHeadInEveryWay(
  _ bytes: [UInt8], limits: HeadLimits = HeadLimits(),
  sourceLocation: SourceLocation = #_sourceLocation
) -> HeadReading {
  let whole = HeadReading(bytes, limits: limits)
  let one = HeadReading(bytes, growingAt: Array(0..<bytes.count), limits: limits)
  #expect(one == whole, "byte by byte", sourceLocation: sourceLocation)
  for split in bytes.indices {
    let reading = HeadReading(bytes, growingAt: [split], limits: limits)
    #expect(reading == whole, "split at \(split)", sourceLocation: sourceLocation)
  }
  guard whole != .partial else { return whole }
  for more in ["\r\n", "GET /next HTTP/1.1\r\n", "\0\u{FF} body", "\n"] {
    let reading = HeadReading(bytes + latin1(more), limits: limits)
    #expect(reading == whole, "followed by \(more)", sourceLocation: sourceLocation)
  }
  return whole
}
