internal import JSONWire

/// Fields kept as JSON text, in the order in which they first came. At most 64: a stream that names
/// more loses those, as no provider's does.
struct KeptFields: Sendable {
  private static let maximumCount = 64

  private struct Field: Sendable {
    /// Normalized, with its quotes.
    let name: [UInt8]
    /// Compact, normalized. Not null.
    var value: [UInt8]

    /// Nothing can be learned from it: some providers open a stream with such placeholders.
    var isBlank: Bool { value.elementsEqual("\"\"".utf8) || value.elementsEqual("0".utf8) }
  }

  private var fields: [Field] = []

  var isEmpty: Bool { fields.isEmpty }

  /// Reads a value and keeps it unless there is one already that says something.
  mutating func keepFirst(
    _ name: JSONString, from reader: inout JSONReader, _ payload: Span<UInt8>
  ) throws(JSONError) {
    guard let range = try reader.present(in: payload),
      let index = place(for: name, from: payload),
      fields[index].value.isEmpty
        || fields[index].isBlank
    else { return }
    fields[index].value = try Self.compact(range, of: payload)
  }

  /// Reads a value and keeps it in place of the one there was; arrays are joined if asked.
  mutating func keepLast(
    _ name: JSONString, from reader: inout JSONReader, _ payload: Span<UInt8>,
    joinsArrays: Bool = false
  ) throws(JSONError) {
    guard let range = try reader.present(in: payload),
      let index = place(for: name, from: payload)
    else { return }
    let value = try Self.compact(range, of: payload)
    if joinsArrays {
      Self.join(value, to: &fields[index].value)
    } else {
      fields[index].value = value
    }
  }

  /// Writes one field, if it is there.
  func write(_ name: StaticString, to writer: inout JSONWriter) {
    for field in fields where Self.isField(field, named: name) {
      writer.key(name)
      writer.raw(field.value.span)
    }
  }

  /// Writes the others.
  func write(allBut names: [StaticString] = [], to writer: inout JSONWriter) {
    for field in fields where !names.contains(where: { Self.isField(field, named: $0) }) {
      let quotes = JSONString(range: 1..<field.name.count - 1, isPlain: false)
      writer.key(quotes, from: field.name.span)
      writer.raw(field.value.span)
    }
  }

  private static func isField(_ field: Field, named name: StaticString) -> Bool {
    JSONString(range: 1..<field.name.count - 1, isPlain: false).equals(name, in: field.name.span)
  }

  /// Where the field of that name is, made if there was none; nil if there is no room.
  private mutating func place(for name: JSONString, from payload: Span<UInt8>) -> Int? {
    var normalized: [UInt8] = []
    JSONText.appendNormalized(name, from: payload, to: &normalized)
    if let index = fields.firstIndex(where: { $0.name == normalized }) { return index }
    guard fields.count < Self.maximumCount else { return nil }
    fields.append(Field(name: normalized, value: []))
    return fields.count - 1
  }

  /// A value, checked before, as compact and normalized JSON.
  static func compact(_ range: Range<Int>, of payload: Span<UInt8>) throws(JSONError) -> [UInt8] {
    var writer = JSONWriter()
    var reader = JSONReader(at: range.lowerBound)
    try writer.value(from: &reader, in: payload)
    return writer.bytes
  }

  /// Makes one array of two compact ones; a value that is no array takes the other's place.
  static func join(_ value: [UInt8], to joined: inout [UInt8]) {
    guard value.first == UInt8(ascii: "["), joined.first == UInt8(ascii: "[") else {
      joined = value
      return
    }
    guard value.count > 2 else { return }
    joined.removeLast()
    if joined.count > 1 { joined.append(UInt8(ascii: ",")) }
    joined.append(contentsOf: value.dropFirst())
  }
}
