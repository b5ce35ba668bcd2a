// Each function reads one element: true when it has ended, false when it needs more bytes.

extension RequestHeadParser {
  /// RFC 9112, section 2.2, asks for at least one to be ignored; old clients send one behind a
  /// body. More than a few are no client's habit.
  static let maximumEmptyLines = 4
  /// The longest registered method has 17 bytes (`UPDATEREDIRECTREF`).
  static let maximumMethodBytes = 20

  mutating func skipEmptyLine(_ bytes: Span<UInt8>, to end: Int, _ skipped: Int)
    throws(RequestHeadError) -> Bool
  {
    guard position < end else { return false }
    let byte = bytes[position]
    guard byte == Octet.carriageReturn || byte == Octet.lineFeed else {
      enter(.method, at: position)
      return true
    }
    guard let isLineEnd = hasLineEnd(bytes, at: position, to: end) else { return false }
    guard isLineEnd else { throw .lineEnd }
    guard skipped < Self.maximumEmptyLines else { throw .leadingEmptyLines }
    enter(.emptyLines(skipped: skipped + 1), at: position + 2)
    return true
  }

  mutating func readMethod(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    var index = position
    while index < end {
      let byte = bytes[index]
      if byte == Octet.space {
        guard index > mark else { throw .method }
        head.methodRange = mark..<index
        head.method = Method(head.methodRange, in: bytes)
        enter(.target, at: index + 1)
        return true
      }
      guard Octet.isToken(byte) else { throw .method }
      guard index - mark < Self.maximumMethodBytes else { throw .methodTooLong }
      index += 1
    }
    position = index
    return false
  }

  mutating func readTarget(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    // One byte above the limit is still looked at: it may be the space behind the target.
    let stop = end - mark > limits.targetBytes ? mark + limits.targetBytes + 1 : end
    let index = ByteScan.targetEnd(in: bytes, from: position, to: stop)
    guard index < stop else {
      guard index - mark <= limits.targetBytes else { throw .targetTooLong }
      position = index
      return false
    }
    guard bytes[index] == Octet.space, index > mark else { throw .target }
    head.target = mark..<index
    enter(.version, at: index + 1)
    return true
  }

  /// `HTTP/x.y` and the line's end (RFC 9112, section 2.3).
  mutating func readVersion(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    while position < end {
      let byte = bytes[position]
      switch position - mark {
      case 0, 1, 2, 3, 4:
        guard byte == Self.versionName[position - mark] else { throw .version }
      case 5, 7:
        guard Octet.isDigit(byte) else { throw .version }
      case 6:
        guard byte == UInt8(ascii: ".") else { throw .version }
      default:
        guard byte == Octet.carriageReturn || byte == Octet.lineFeed else { throw .version }
        guard let isLineEnd = hasLineEnd(bytes, at: position, to: end) else { return false }
        guard isLineEnd else { throw .lineEnd }
        try endRequestLine(bytes)
        enter(.fieldStart, at: position + 2)
        return true
      }
      position += 1
    }
    return false
  }

  private static var versionName: InlineArray<5, UInt8> { [0x48, 0x54, 0x54, 0x50, 0x2F] }

  private mutating func endRequestLine(_ bytes: Span<UInt8>) throws(RequestHeadError) {
    guard bytes[mark + 5] == UInt8(ascii: "1"), bytes[mark + 7] <= UInt8(ascii: "1") else {
      throw .versionUnsupported
    }
    head.minorVersion = Int(bytes[mark + 7] - UInt8(ascii: "0"))
    guard head.method != .connect else { throw .methodUnsupported }
    guard let target = RequestTarget(head.target, of: head.method, in: bytes) else {
      throw .targetForm
    }
    head.path = target.path
    head.query = target.query
  }
}
