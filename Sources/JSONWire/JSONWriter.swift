/// Writes compact JSON, members in the order of the calls.
///
/// The writer places commas and colons and escapes text (as `JSONText` does). That calls nest as
/// the grammar wants it, a key before each member's value and an end for each beginning, is the
/// caller's duty.
public struct JSONWriter: Sendable {
  /// What has been written, after what there was at the start.
  public private(set) var bytes: [UInt8]

  /// A value was written in the container that is open: the next entry needs a comma before it.
  private var needsComma = false

  /// Appends to the bytes given, which are no part of what is written.
  public init(appendingTo bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// The name of the member whose value is written next; nothing in it needs an escape.
  public mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    ByteScan.append(name, to: &bytes)
    ByteScan.append("\":", to: &bytes)
    needsComma = false
  }

  /// A name that may need escapes.
  public mutating func key(text name: String) {
    separate()
    JSONText.appendQuoted(name, to: &bytes)
    endKey()
  }

  /// A name that was read.
  public mutating func key(_ name: JSONString, from source: Span<UInt8>) {
    separate()
    JSONText.appendNormalized(name, from: source, to: &bytes)
    endKey()
  }

  public mutating func string(_ text: String) {
    separate()
    JSONText.appendQuoted(text, to: &bytes)
  }

  public mutating func string(utf8 text: Span<UInt8>) {
    separate()
    JSONText.appendQuoted(text, to: &bytes)
  }

  /// A string that was read, normalized.
  public mutating func string(_ string: JSONString, from source: Span<UInt8>) {
    separate()
    JSONText.appendNormalized(string, from: source, to: &bytes)
  }

  public mutating func integer(_ value: Int) {
    separate()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(decimal: value.magnitude)
  }

  public mutating func bool(_ value: Bool) {
    separate()
    ByteScan.append(value ? "true" : "false", to: &bytes)
  }

  public mutating func null() {
    separate()
    ByteScan.append("null", to: &bytes)
  }

  /// One whole value that is JSON already, as it is.
  public mutating func raw(_ value: Span<UInt8>) {
    separate()
    ByteScan.append(0..<value.count, of: value, to: &bytes)
  }

  /// The value at the reader's position, which is read: without insignificant white space, strings
  /// normalized, numbers as they are written. Nothing is written if it throws.
  public mutating func value(from reader: inout JSONReader, in source: Span<UInt8>)
    throws(JSONError)
  {
    let range = try reader.skipValue(in: source)
    separate()
    var index = range.lowerBound
    while index < range.upperBound {
      switch source[index] {
      case 0x20, 0x09, 0x0A, 0x0D:
        index += 1
      case UInt8(ascii: "\""):
        var inner = JSONReader(at: index)
        JSONText.appendNormalized(try inner.string(in: source), from: source, to: &bytes)
        index = inner.position
      case let byte:
        bytes.append(byte)
        index += 1
      }
    }
  }

  private mutating func begin(_ opening: UInt8) {
    separate()
    bytes.append(opening)
    needsComma = false
  }

  private mutating func end(_ closing: UInt8) {
    bytes.append(closing)
    needsComma = true
  }

  private mutating func endKey() {
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Before each entry: the comma after the one before it.
  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }
}
