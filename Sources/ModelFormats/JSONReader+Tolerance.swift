internal import JSONWire

// Reading what may as well be null or of another kind: the value is passed over and counts as
// absent. What is not JSON still throws.
extension JSONReader {
  /// Enters the object that comes next. False: it is none, and was passed over.
  @inline(__always)
  mutating func enterObject(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
    if try kind(in: bytes) == .object {
      try beginObject(in: bytes)
      return true
    }
    try skipValue(in: bytes)
    return false
  }

  /// Enters the array that comes next. False: it is none, and was passed over.
  @inline(__always)
  mutating func enterArray(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
    if try kind(in: bytes) == .array {
      try beginArray(in: bytes)
      return true
    }
    try skipValue(in: bytes)
    return false
  }

  /// The string that comes next, if it is one.
  @inline(__always)
  mutating func text(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
    if try kind(in: bytes) == .string { return try string(in: bytes) }
    try skipValue(in: bytes)
    return nil
  }

  /// The string that comes next, if it is one and not empty.
  @inline(__always)
  mutating func nonEmptyText(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
    guard let text = try text(in: bytes), !text.isEmpty else { return nil }
    return text
  }

  /// The integer that comes next, if it is one and not negative.
  @inline(__always)
  mutating func count(in bytes: Span<UInt8>) throws(JSONError) -> Int? {
    if try kind(in: bytes) == .number {
      guard let count = try integer(in: bytes), count >= 0 else { return nil }
      return count
    }
    try skipValue(in: bytes)
    return nil
  }

  /// The range of the value that comes next, unless it is null.
  @inline(__always)
  mutating func present(in bytes: Span<UInt8>) throws(JSONError) -> Range<Int>? {
    let isNull = try kind(in: bytes) == .null
    let range = try skipValue(in: bytes)
    return isNull ? nil : range
  }
}
