// The head of a request, between the bytes of a connection and whoever serves it (RFC 9112).
//
// The theory: a head is read once, from left to right, and judged at each byte by what came before
// it and nothing else. So the verdict cannot depend on how the bytes were cut into reads, and the
// first offence decides when there are several. What is found are ranges into the caller's buffer;
// the only memory taken is the array of fields.
//
// The rules: what RFC 9112 lets a recipient forgive (bare LF, folded fields, white space before a
// colon, repeated lengths) is refused, because a proxy in front may forgive it in another way, and
// two readers that see different requests in the same bytes are how requests are smuggled. Limits
// are met at the byte that exceeds them, finished line or not.
//
// Invariant: `mark <= position <= limits.headBytes`, and bytes before `position` are never read
// again.
//
// It does not read bodies (`ChunkedBodyDecoder` does), decode the target (`TargetPath` does), know
// any fields but those that frame the message and rule the connection, or keep time.

/// Reads the head of one HTTP/1.1 or HTTP/1.0 request, incrementally and strictly.
///
/// Any error means that the connection must be closed behind the answer. For one thread at a time.
public struct RequestHeadParser: Sendable {
  /// What `position` stands in.
  enum Phase {
    case emptyLines(skipped: Int)
    case method, target, version
    case fieldStart, fieldName, fieldValue
    case complete
    case failed(RequestHeadError)
  }

  let limits: HeadLimits
  var phase = Phase.emptyLines(skipped: 0)
  /// The next byte to look at.
  var position = 0
  /// Where the element that `position` stands in begins.
  var mark = 0
  var fieldName = 0..<0
  var semantics = MessageSemantics()
  private var targetStart: Int?
  /// Valid once `parse` has returned `.complete`, until `reset`.
  public internal(set) var head = RequestHead()

  public init(limits: HeadLimits) {
    self.limits = limits
  }

  /// Reads on in `buffer`, which holds all bytes since the start of this head, the ones of earlier
  /// calls unchanged. Bytes looked at once are not scanned again.
  ///
  /// `.complete(consumed:)` tells where the body or the next head begins; bytes behind it are left
  /// alone. An error is thrown again by further calls, and a complete head stays complete, until
  /// `reset`. O(new bytes).
  public mutating func parse(_ buffer: Span<UInt8>) throws(RequestHeadError) -> ParseStatus {
    do {
      return try advance(buffer)
    } catch {
      phase = .failed(error)
      throw error
    }
  }

  /// What is known of the path of a head that is not complete, or never will be: from its first
  /// byte to the end of the path, or of what there is. Empty when not even that has come, and for
  /// a target that does not begin with a slash.
  public func pathSoFar(in buffer: Span<UInt8>) -> Range<Int> {
    guard let start = targetStart, start < buffer.count, buffer[start] == UInt8(ascii: "/") else {
      return 0..<0
    }
    var end = start
    while end < buffer.count, buffer[end] > Octet.space, buffer[end] != UInt8(ascii: "?") {
      end += 1
    }
    return start..<end
  }

  /// Ready for the next head, which begins at offset 0 of the next buffer.
  public mutating func reset() {
    self = RequestHeadParser(limits: limits)
  }

  private mutating func advance(_ bytes: Span<UInt8>) throws(RequestHeadError) -> ParseStatus {
    let end = min(bytes.count, limits.headBytes)
    var hasMoved = true
    while hasMoved {
      switch phase {
      case .emptyLines(let skipped): hasMoved = try skipEmptyLine(bytes, to: end, skipped)
      case .method: hasMoved = try readMethod(bytes, to: end)
      case .target: hasMoved = try readTarget(bytes, to: end)
      case .version: hasMoved = try readVersion(bytes, to: end)
      case .fieldStart: hasMoved = try beginField(bytes, to: end)
      case .fieldName: hasMoved = try readFieldName(bytes, to: end)
      case .fieldValue: hasMoved = try readFieldValue(bytes, to: end)
      case .complete: return .complete(consumed: position)
      case .failed(let error): throw error
      }
    }
    guard bytes.count < limits.headBytes else { throw .headTooLong }
    return .partial
  }

  /// Enters the phase of an element that begins at `start`.
  mutating func enter(_ next: Phase, at start: Int) {
    phase = next
    position = start
    mark = start
    if case .target = next { targetStart = start }
  }

  /// Whether a CRLF stands at `index`; nil when that cannot be told before `end`.
  func hasLineEnd(_ bytes: Span<UInt8>, at index: Int, to end: Int) -> Bool? {
    guard index < end else { return nil }
    guard bytes[index] == Octet.carriageReturn else { return false }
    guard index + 1 < end else { return nil }
    return bytes[index + 1] == Octet.lineFeed
  }
}
