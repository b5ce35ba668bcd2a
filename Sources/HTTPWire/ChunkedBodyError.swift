/// Why a chunked body was refused, named after the place in the grammar.
///
/// After any of these the connection must be closed behind the answer: where the body ends is not
/// known.
public enum ChunkedBodyError: Error, Equatable, Sendable, CaseIterable {
  /// A chunk's line does not begin with hexadecimal digits, they are more than sixteen, or they do
  /// not end in `;` or CRLF.
  case size
  /// The sizes add up to more than the body may have.
  case bodyTooLarge
  /// An extension is not `;name`, `;name=token` or `;name="quoted"`.
  case chunkExtension
  /// The extensions of all chunks together exceed their bound.
  case extensionsTooLong
  /// The data of a chunk is not followed by CRLF.
  case dataEnd
  /// A line of the framing ends in LF or CR alone.
  case lineEnd
  /// A trailer field is no field line.
  case trailer
  /// The trailer section exceeds its bound.
  case trailersTooLong

  /// The status to answer with: 400, 413 or 431.
  public var status: Int {
    switch self {
    case .size, .chunkExtension, .extensionsTooLong, .dataEnd, .lineEnd, .trailer: 400
    case .bodyTooLarge: 413
    case .trailersTooLong: 431
    }
  }
}
