// Each function reads one element: true when it has ended, false when it needs more bytes.

extension RequestHeadParser {
  /// Room for the fields that browsers send, so that the array is allocated once.
  private static let expectedFields = 24

  mutating func beginField(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    guard position < end else { return false }
    let byte = bytes[position]
    if byte == Octet.carriageReturn || byte == Octet.lineFeed {
      guard let isLineEnd = hasLineEnd(bytes, at: position, to: end) else { return false }
      guard isLineEnd else { throw .lineEnd }
      try semantics.finish(&head)
      enter(.complete, at: position + 2)
      return true
    }
    guard !Octet.isBlank(byte) else { throw .foldedField }
    guard head.fields.count < limits.fields else { throw .tooManyFields }
    if head.fields.isEmpty { head.fields.reserveCapacity(Self.expectedFields) }
    enter(.fieldName, at: position)
    return true
  }

  mutating func readFieldName(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    var index = ByteScan.plainNameEnd(in: bytes, from: position, to: end)
    while index < end {
      let byte = bytes[index]
      guard Octet.isToken(byte) else {
        guard byte == UInt8(ascii: ":"), index > mark else { throw .fieldName }
        fieldName = mark..<index
        enter(.fieldValue, at: index + 1)
        return true
      }
      index += 1
    }
    position = index
    return false
  }

  mutating func readFieldValue(_ bytes: Span<UInt8>, to end: Int) throws(RequestHeadError) -> Bool {
    position = ByteScan.valueEnd(in: bytes, from: position, to: end)
    guard position < end else { return false }
    let byte = bytes[position]
    guard byte == Octet.carriageReturn || byte == Octet.lineFeed else { throw .fieldValue }
    guard let isLineEnd = hasLineEnd(bytes, at: position, to: end) else { return false }
    guard isLineEnd else { throw .lineEnd }
    let value = Octet.trimmed(mark..<position, in: bytes)
    try semantics.note(fieldName, value, in: bytes, minorVersion: head.minorVersion)
    head.fields.append(RequestHead.Field(name: fieldName, value: value))
    enter(.fieldStart, at: position + 2)
    return true
  }
}
