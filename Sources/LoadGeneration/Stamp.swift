/// What a model that measures writes into each delta: `t=<19 digits> n=<8 digits>`, the clock in
/// nanoseconds (CLOCK_MONOTONIC) and the delta's number from 0.
///
/// It needs no escape in JSON, so it is found in an event of any format, however it was rewritten.
public struct Stamp: Equatable, Sendable {
  public var time: UInt64
  public var number: UInt32

  public init(time: UInt64, number: UInt32) {
    self.time = time
    self.number = number
  }

  /// Bytes of a stamp's text.
  public static let byteCount = 32
  /// Zeros, to be written over.
  public static let blank = "t=0000000000000000000 n=00000000"
  private static let timeOffset = 2
  private static let timeDigits = 19
  private static let numberOffset = 24
  private static let numberDigits = 8

  /// The first stamp in `bytes`. `hint` is where the last one lay; it is looked at first.
  public static func find(in bytes: Span<UInt8>, hint: inout Int) -> Stamp? {
    if let stamp = read(bytes, at: hint) { return stamp }
    var index = 0
    while index + byteCount <= bytes.count {
      if bytes[index] == UInt8(ascii: "t"), let stamp = read(bytes, at: index) {
        hint = index
        return stamp
      }
      index += 1
    }
    return nil
  }

  @inline(__always)
  private static func read(_ bytes: Span<UInt8>, at start: Int) -> Stamp? {
    guard start + byteCount <= bytes.count, bytes[start] == UInt8(ascii: "t"),
      bytes[start + 1] == UInt8(ascii: "="), bytes[start + 21] == UInt8(ascii: " "),
      bytes[start + 22] == UInt8(ascii: "n"), bytes[start + 23] == UInt8(ascii: "="),
      let time = digits(timeDigits, of: bytes, at: start + timeOffset),
      let number = digits(numberDigits, of: bytes, at: start + numberOffset)
    else { return nil }
    return Stamp(time: time, number: UInt32(number))
  }

  @inline(__always)
  private static func digits(_ count: Int, of bytes: Span<UInt8>, at start: Int) -> UInt64? {
    var value: UInt64 = 0
    for index in start..<(start + count) {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return value
  }

  /// Writes the stamp over `blank`, which must lie at `start`.
  public func write(into bytes: inout [UInt8], at start: Int) {
    Self.write(time, digits: Self.timeDigits, into: &bytes, at: start + Self.timeOffset)
    Self.write(
      UInt64(number), digits: Self.numberDigits, into: &bytes, at: start + Self.numberOffset)
  }

  private static func write(
    _ value: UInt64, digits: Int, into bytes: inout [UInt8], at start: Int
  ) {
    var rest = value
    for index in (start..<(start + digits)).reversed() {
      bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}
