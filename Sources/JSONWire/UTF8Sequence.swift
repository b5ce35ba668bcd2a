/// What begins at a byte, read as UTF-8 (the Unicode Standard, section 3.9, table 3-7).
struct UTF8Sequence {
  /// The character; nil if the sequence is malformed.
  let scalar: Unicode.Scalar?
  /// Bytes, at least one. Of a malformed sequence: its maximal subpart, which is what one U+FFFD
  /// stands for.
  let length: Int

  /// Reads at `start`, which is below `end`; no byte at or beyond `end` counts.
  init(in bytes: Span<UInt8>, at start: Int, before end: Int) {
    let first = bytes[start]
    // How many bytes follow, and the bounds of the second: overlong forms, surrogates and values
    // above U+10FFFF are told by it alone.
    let following: Int
    var bounds: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0x00...0x7F: following = 0
    case 0xC2...0xDF: following = 1
    case 0xE0: (following, bounds) = (2, 0xA0...0xBF)
    case 0xED: (following, bounds) = (2, 0x80...0x9F)
    case 0xE1...0xEF: following = 2
    case 0xF0: (following, bounds) = (3, 0x90...0xBF)
    case 0xF1...0xF3: following = 3
    case 0xF4: (following, bounds) = (3, 0x80...0x8F)
    default:
      (scalar, length) = (nil, 1)
      return
    }
    var value = following == 0 ? UInt32(first) : UInt32(first) & (0x3F >> UInt32(following))
    for index in start + 1..<start + 1 + following {
      guard index < end, bounds.contains(bytes[index]) else {
        (scalar, length) = (nil, index - start)
        return
      }
      value = value << 6 | UInt32(bytes[index] & 0x3F)
      bounds = 0x80...0xBF
    }
    (scalar, length) = (Unicode.Scalar(value), 1 + following)
  }

  /// The character's bytes.
  static func encode(_ scalar: Unicode.Scalar) -> Unicode.UTF8.EncodedScalar {
    // Every Unicode.Scalar has an encoding; the replacement is there for the type checker.
    UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
  }
}
