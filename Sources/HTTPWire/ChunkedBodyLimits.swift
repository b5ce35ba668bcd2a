/// What one chunked body may take before it is refused.
public struct ChunkedBodyLimits: Sendable {
  /// Bytes of data in all chunks together; more is refused with 413 at the size that exceeds it,
  /// before its data is there.
  public var bodyBytes: Int
  /// Bytes of the extensions of all chunks together, each with its `;`; more is refused with 400.
  public var extensionBytes: Int
  /// Bytes of the trailer section, the empty line behind it not counted; more is refused with 431.
  public var trailerBytes: Int

  public init(bodyBytes: Int = 2 << 20, extensionBytes: Int = 4096, trailerBytes: Int = 8192) {
    self.bodyBytes = bodyBytes
    self.extensionBytes = extensionBytes
    self.trailerBytes = trailerBytes
  }
}
