import HTTPWire
import Testing

/// Every byte at every offset of a long element, so that it meets each lane of a block and the rest
/// behind the last whole one. The classes are written out here, by the grammar's own words.
@Suite struct ByteClassTests {
  private static let elementBytes = 37
  private static let everyByte = UInt8.min ... .max
  private static let visible: ClosedRange<UInt8> = 0x21...0x7E

  /// What reading gives with the byte at each offset of an element of letters.
  private func readings(_ byte: UInt8, before: String, after: String) -> [HeadReading] {
    (0..<Self.elementBytes).map { offset in
      var element = [UInt8](repeating: UInt8(ascii: "x"), count: Self.elementBytes)
      element[offset] = byte
      return HeadReading(latin1(before) + element + latin1(after))
    }
  }

  private func isTaken(_ reading: HeadReading) -> Bool {
    if case .complete = reading { return true }
    return false
  }

  @Test func `a field name has the bytes of a token, wherever they stand`() {
    let delimiters = latin1("\"(),/:;<=>?@[\\]{}")
    for byte in Self.everyByte where byte != UInt8(ascii: ":") {
      let isToken = Self.visible.contains(byte) && !delimiters.contains(byte)
      let all = readings(byte, before: "GET / HTTP/1.0\r\nA: b\r\n", after: ": c\r\n\r\n")
      if isToken {
        #expect(all.allSatisfy(isTaken), "\(byte)")
      } else {
        #expect(!all.contains(where: isTaken), "\(byte)")
        #expect(all.dropFirst().allSatisfy { $0 == .refused(.fieldName) }, "\(byte)")
      }
    }
  }

  @Test func `a field value has no control character but HTAB, wherever it stands`() {
    for byte in Self.everyByte {
      let isText = byte == 0x09 || byte >= 0x20 && byte != 0x7F
      let all = readings(byte, before: "GET / HTTP/1.0\r\nA: ", after: "\r\n\r\n")
      let error: RequestHeadError = byte == 0x0A || byte == 0x0D ? .lineEnd : .fieldValue
      #expect(all.allSatisfy { isText ? isTaken($0) : $0 == .refused(error) }, "\(byte)")
    }
  }

  @Test func `a target has visible ASCII but for the number sign, wherever it stands`() {
    for byte in Self.everyByte where byte != UInt8(ascii: " ") {
      let isTarget = Self.visible.contains(byte) && byte != UInt8(ascii: "#")
      let all = readings(byte, before: "GET /", after: " HTTP/1.0\r\n\r\n")
      #expect(all.allSatisfy { isTarget ? isTaken($0) : $0 == .refused(.target) }, "\(byte)")
    }
  }
}
