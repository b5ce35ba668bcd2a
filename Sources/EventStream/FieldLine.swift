/// One line of an event stream, read as a field: which one, and where its value lies.
///
/// A line without a colon is a field with an empty value; one space after the colon is not part of
/// the value (WHATWG HTML, "Interpreting an event stream").
struct FieldLine {
  enum Name: Equatable {
    case data, event, id, retry
    /// A line that starts with a colon.
    case comment
    /// Any other field: to be ignored, yet part of an event.
    case unknown
  }

  let name: Name
  let value: Range<Int>

  /// Reads the line that `line` marks in `bytes`. The line must not be empty.
  @inline(__always)
  init(_ line: Range<Int>, in bytes: Span<UInt8>) {
    let name: Name
    let nameLength: Int
    switch bytes[line.lowerBound] {
    case UInt8(ascii: "d"): (name, nameLength) = (.data, 4)
    case UInt8(ascii: "e"): (name, nameLength) = (.event, 5)
    case UInt8(ascii: "i"): (name, nameLength) = (.id, 2)
    case UInt8(ascii: "r"): (name, nameLength) = (.retry, 5)
    case UInt8(ascii: ":"): (name, nameLength) = (.comment, 0)
    default: (name, nameLength) = (.unknown, 0)
    }
    let nameEnd = line.lowerBound + nameLength
    guard nameEnd <= line.upperBound, Self.hasSpelling(of: name, at: line.lowerBound, in: bytes),
      nameEnd == line.upperBound || name == .comment || bytes[nameEnd] == UInt8(ascii: ":")
    else {
      self.name = .unknown
      value = line.upperBound..<line.upperBound
      return
    }
    var start = min(nameEnd + 1, line.upperBound)
    if start < line.upperBound, bytes[start] == UInt8(ascii: " ") { start += 1 }
    self.name = name
    value = start..<line.upperBound
  }

  /// Whether the name's letters after the first, which the caller has looked at, are there. The
  /// caller has also made sure that the line is long enough.
  @inline(__always)
  private static func hasSpelling(of name: Name, at start: Int, in bytes: Span<UInt8>) -> Bool {
    switch name {
    case .data:
      bytes[start + 1] == UInt8(ascii: "a") && bytes[start + 2] == UInt8(ascii: "t")
        && bytes[start + 3] == UInt8(ascii: "a")
    case .event:
      bytes[start + 1] == UInt8(ascii: "v") && bytes[start + 2] == UInt8(ascii: "e")
        && bytes[start + 3] == UInt8(ascii: "n") && bytes[start + 4] == UInt8(ascii: "t")
    case .id:
      bytes[start + 1] == UInt8(ascii: "d")
    case .retry:
      bytes[start + 1] == UInt8(ascii: "e") && bytes[start + 2] == UInt8(ascii: "t")
        && bytes[start + 3] == UInt8(ascii: "r") && bytes[start + 4] == UInt8(ascii: "y")
    case .comment, .unknown:
      true
    }
  }

  /// The value as a reconnection time in milliseconds, or nil when the field is to be ignored: an
  /// empty value, anything but ASCII digits, or a number that `Int` cannot hold.
  static func reconnectionTime(_ value: Range<Int>, in bytes: Span<UInt8>) -> Int? {
    guard !value.isEmpty else { return nil }
    var milliseconds = 0
    for index in value {
      let byte = bytes[index]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (scaled, scaledTooFar) = milliseconds.multipliedReportingOverflow(by: 10)
      let (sum, addedTooFar) = scaled.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !scaledTooFar, !addedTooFar else { return nil }
      milliseconds = sum
    }
    return milliseconds
  }

  /// Whether the value can be an event ID: one that holds a NUL is to be ignored.
  static func isValidID(_ value: Range<Int>, in bytes: Span<UInt8>) -> Bool {
    for index in value where bytes[index] == 0 { return false }
    return true
  }
}
