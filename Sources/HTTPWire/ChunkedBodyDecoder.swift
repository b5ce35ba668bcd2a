// The chunked transfer coding (RFC 9112, section 7.1), on the receiving side.
//
// The theory: framing is read byte by byte through one state machine, data is handed on in runs as
// it lies in the caller's bytes. Nothing is kept but counters, so a body of any length takes no
// memory here.
//
// The rules: every byte of the framing is judged, also of what is thrown away. Line ends and white
// space that a lenient reader skips are where two readers begin to disagree about the end of a
// body, so there is no white space around extensions (though RFC 9112, section 7.1.1, would have
// it parsed), no LF without its CR, and no line end inside quotes. What is thrown away has a bound,
// since it costs the sender as little as it brings.
//
// Invariant: `remaining > 0` in the data of a chunk; no allowance is negative.

/// Finds the data and the end of one chunked body, incrementally.
///
/// Any error means that the connection must be closed behind the answer. For one thread at a time.
public struct ChunkedBodyDecoder: Sendable {
  enum Phase {
    case sizeStart, size, sizeLineFeed
    case extensionStart, extensionName, extensionValueStart, extensionToken
    case extensionQuoted, extensionEscape, extensionQuotedEnd
    case data, dataCarriageReturn, dataLineFeed
    case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed
    case complete
    case failed(ChunkedBodyError)
  }

  /// The digits of an Int's worth, leading zeros among them.
  static let maximumSizeDigits = 16

  /// What is left of each bound.
  var allowance: ChunkedBodyLimits
  var phase = Phase.sizeStart
  var sizeDigits = 0
  /// The chunk's size while it is read; then the bytes of its data that have yet to come.
  var remaining = 0

  public init(limits: ChunkedBodyLimits = ChunkedBodyLimits()) {
    allowance = limits
  }

  /// Reads on in `bytes`, which follow those of the call before: unlike a head's, they are not
  /// given again.
  ///
  /// Calls `onData` with each piece of data, in order, as a span of `bytes` and never empty;
  /// extensions and trailers are checked and dropped. `.partial` means that all bytes were used,
  /// `.complete(consumed:)` that the body, with its trailer section, ended within them. An error is
  /// thrown after the data in front of it was handed on, and again by further calls; a complete
  /// body stays complete, with nothing consumed. O(bytes).
  public mutating func decode(_ bytes: Span<UInt8>, _ onData: (Span<UInt8>) -> Void)
    throws(ChunkedBodyError) -> ParseStatus
  {
    var index = 0
    do throws(ChunkedBodyError) {
      while true {
        if case .complete = phase { return .complete(consumed: index) }
        if case .failed(let error) = phase { throw error }
        guard index < bytes.count else { return .partial }
        if case .data = phase {
          let count = min(remaining, bytes.count - index)
          onData(bytes.extracting(index..<(index + count)))
          remaining -= count
          index += count
          if remaining == 0 { phase = .dataCarriageReturn }
        } else {
          phase = try next(bytes[index])
          index += 1
        }
      }
    } catch {
      phase = .failed(error)
      throw error
    }
  }
}
