internal import HTTPWire

/// Gathers one request body, within its limit.
///
/// A body of known length stays where it was read, behind the head, and is handed out from there;
/// a chunked one is decoded into a buffer of its own.
struct BodyReader {
  private enum Source {
    case none
    case length(Int)
    case chunked(ChunkedBodyDecoder)
  }
  private var source: Source
  /// Where the body begins in the connection's input.
  let start: Int
  private let limit: Int
  /// Bytes of `input` that have been looked at.
  private var consumed: Int
  private var decoded: [UInt8] = []

  static let none = BodyReader(source: .none, start: 0, limit: 0)

  private init(source: Source, start: Int, limit: Int) {
    self.source = source
    self.start = start
    self.limit = limit
    consumed = start
  }

  init(_ framing: BodyFraming, start: Int, limit: Int) throws(RequestFault) {
    switch framing {
    case .none: self.init(source: .none, start: start, limit: limit)
    case .length(let count):
      guard count <= limit else { throw Self.tooLarge }
      self.init(source: .length(count), start: start, limit: limit)
    case .chunked:
      let limits = ChunkedBodyLimits(bodyBytes: limit)
      self.init(
        source: .chunked(ChunkedBodyDecoder(limits: limits)), start: start, limit: limit)
    }
  }

  private static let tooLarge = RequestFault(status: 413, reason: "the request body is too large")

  /// Position in `input` behind the body once it is all there; nil while more must come.
  mutating func advance(_ input: Span<UInt8>) throws(RequestFault) -> Int? {
    switch source {
    case .none:
      return consumed
    case .length(let count):
      return input.count - start >= count ? start + count : nil
    case .chunked(var decoder):
      // The decoder lives in the enum's payload: taken out, so that it is not copied on write.
      source = .none
      var output: [UInt8] = []
      swap(&output, &decoded)
      let status: ParseStatus
      do {
        status = try decoder.decode(input.extracting(consumed...)) { piece in
          for index in piece.indices { output.append(piece[index]) }
        }
      } catch {
        throw RequestFault(status: error.status, reason: "chunked body: \(error)")
      }
      swap(&output, &decoded)
      source = .chunked(decoder)
      switch status {
      case .partial:
        consumed = input.count
        return nil
      case .complete(let count):
        return consumed + count
      }
    }
  }

  func withBody(_ input: Span<UInt8>, _ use: (Span<UInt8>) -> Void) {
    switch source {
    case .none: use(input.extracting(0..<0))
    case .length(let count): use(input.extracting(start..<(start + count)))
    case .chunked: use(decoded.span)
    }
  }

  /// Chunked framing of bytes that are decoded already need not be kept: what may be dropped from
  /// the input's end once `advance` has said that more must come.
  var dropsDecodedInput: Bool {
    if case .chunked = source { return true }
    return false
  }

  mutating func inputWasCut() {
    consumed = start
  }
}
