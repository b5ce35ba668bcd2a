/// What a request head may take before it is refused.
public struct HeadLimits: Sendable {
  /// Bytes from the first byte of the head (skipped empty lines included) to its last LF; more is
  /// refused with 431. The largest buffer a head can make a caller keep.
  public var headBytes: Int
  /// Field lines; one more is refused with 431.
  public var fields: Int
  /// Bytes of the request target; more is refused with 414 before the line has ended. Below
  /// `headBytes`, or the head's limit is met first.
  public var targetBytes: Int

  /// RFC 9112, section 3, recommends that at least 8000 bytes of request line be supported.
  public init(headBytes: Int = 16384, fields: Int = 100, targetBytes: Int = 8192) {
    self.headBytes = headBytes
    self.fields = fields
    self.targetBytes = targetBytes
  }
}
