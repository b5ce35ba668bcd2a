// Reads the payloads of one stream faster than one by one.
//
// The theory: most servers send chunk after chunk that differ in nothing but their text. A payload
// that equals the last one that was read, but for one string, means what that one meant but for
// that string: a JSON reader that goes through the same bytes comes to the same conclusions. So the
// comparison (some ten instructions for sixteen bytes) takes the place of reading.
//
// It never decides what a payload means: what is not the same is read, and is compared with next.

public import JSONWire

/// A format's reader with a memory of the payload before. Belongs to one stream of one upstream.
public struct PayloadReader: Sendable {
  private let format: ModelFormat
  /// The last payload that was read and had one string of interest; empty while there was none.
  private var model: [UInt8] = []
  private var string = JSONString(range: 0..<0, isPlain: false)
  private var isReasoning = false
  /// What the last payload meant that was the model, or like it.
  private var meaning = ModelEvent(kind: .ignored)

  /// A longer payload is not kept: reading it is cheap beside its text.
  private static let maximumModelBytes = 4096

  public init(_ format: ModelFormat) {
    self.format = format
  }

  /// Exactly what `ModelFormat.read` says of the payload, and its errors; beyond that it may know
  /// that the payload is one line. Allocates only for a payload that has to be read.
  @inline(__always)
  public mutating func read(_ payload: Span<UInt8>) throws(JSONError) -> ModelEvent {
    guard let moved = string.moved(from: model.span, to: payload) else {
      return try readAndLearn(payload)
    }
    if isReasoning { meaning.reasoning = moved } else { meaning.text = moved }
    return meaning
  }

  /// Only what has no other range than the one string's can be compared with.
  private mutating func readAndLearn(_ payload: Span<UInt8>) throws(JSONError) -> ModelEvent {
    let event = try format.read(payload)
    guard payload.count <= Self.maximumModelBytes, event.kind == .content,
      (event.text == nil) != (event.reasoning == nil), event.refusal == nil,
      event.finishReason == nil, event.error == nil
    else { return event }
    guard let string = event.text ?? event.reasoning else { return event }
    model.removeAll(keepingCapacity: true)
    model.append(copying: payload)
    self.string = string
    isReasoning = event.reasoning != nil
    meaning = event
    // No string holds one, so what is like this has none either.
    meaning.isOneLine = payload.lineFeed(from: 0) == payload.count
    return event
  }
}
