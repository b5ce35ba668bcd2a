import HTTPWire
import Testing

/// All that came of decoding one input.
struct ChunkedBodyReading: Equatable, Sendable {
  enum End: Equatable, Sendable {
    case partial
    case complete(consumed: Int)
    case refused(ChunkedBodyError)
  }
  var data: [UInt8] = []
  var end = End.partial

  init(_ data: String, _ end: End) {
    self.data = latin1(data)
    self.end = end
  }

  /// Decodes `bytes` cut at the given ascending offsets, until the end or the first error.
  init(_ bytes: [UInt8], cutAt cuts: [Int] = [], limits: ChunkedBodyLimits) {
    var decoder = ChunkedBodyDecoder(limits: limits)
    var start = 0
    for next in cuts + [bytes.count] {
      read(bytes.span.extracting(start..<next), at: start, with: &decoder)
      guard end == .partial else { break }
      start = next
    }
    guard end != .partial else { return }
    checkThatVerdictStands(decoder)
  }

  private mutating func read(
    _ piece: Span<UInt8>, at start: Int, with decoder: inout ChunkedBodyDecoder
  ) {
    do throws(ChunkedBodyError) {
      let status = try decoder.decode(piece) { span in
        let isEmpty = span.isEmpty
        #expect(!isEmpty)
        for index in span.indices { data.append(span[index]) }
      }
      if case .complete(let consumed) = status { end = .complete(consumed: start + consumed) }
    } catch {
      end = .refused(error)
    }
  }

  private func checkThatVerdictStands(_ decoder: ChunkedBodyDecoder) {
    var decoder = decoder
    do throws(ChunkedBodyError) {
      let again = try decoder.decode(latin1("1\r\na\r\n").span) { _ in
        Issue.record("data behind the end")
      }
      #expect(again == .complete(consumed: 0))
    } catch {
      #expect(end == .refused(error))
    }
  }
}

/// Decodes `bytes` whole, byte by byte, at every single split point, and, unless more is needed,
/// with bytes behind them, and checks that none of it shows.
func readChunkedBodyInEveryWay(
  _ bytes: [UInt8], limits: ChunkedBodyLimits = ChunkedBodyLimits(),
  sourceLocation: SourceLocation = #_sourceLocation
) -> ChunkedBodyReading {
  let whole = ChunkedBodyReading(bytes, limits: limits)
  let cuts = [Array(bytes.indices)] + bytes.indices.map { [$0] }
  for cuts in cuts {
    let reading = ChunkedBodyReading(bytes, cutAt: cuts, limits: limits)
    #expect(reading == whole, "cut at \(cuts)", sourceLocation: sourceLocation)
  }
  guard whole.end != .partial else { return whole }
  for more in ["\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n", "\0"] {
    let reading = ChunkedBodyReading(bytes + latin1(more), limits: limits)
    #expect(reading == whole, "followed by \(more)", sourceLocation: sourceLocation)
  }
  return whole
}
