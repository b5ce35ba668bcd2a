// The chunks of a streamed answer, put together into the object that a client gets who did not ask
// for a stream. It stands between the log of a finished generation and a JSON answer.
//
// Rules:
// - All work is on escaped JSON text. Pieces of one string are joined as they came and normalized
//   once at the end, so that a surrogate pair cut in two by a provider is whole again.
// - Whatever is known to come in fragments is joined; of anything else the last value that is not
//   null stays, arrays in a delta being joined. Nothing a provider adds is lost without need.
// - A payload that is not JSON is refused whole: what was put together before it stands.

public import JSONWire

/// Builds one `chat.completion` object from the payloads of a stream, given in order.
///
/// Memory grows with the text it is given; whoever feeds it sets the bound. Time is linear.
public struct CompletionAssembler: Sendable {
  /// Fields of the chunks themselves, without `object`, `choices` and `usage`.
  private var fields = KeptFields()
  private var usage: [UInt8] = []
  private var choices: [Int: AssembledChoice] = [:]

  public init() {}

  /// Adds one payload. The terminal marker and reports of faults add nothing.
  public mutating func add(_ payload: Span<UInt8>) throws(JSONError) {
    // Reading it once before tells what it is, and that nothing below will throw half-way.
    switch try OpenAIChat.read(payload).kind {
    case .done, .error: return
    case .content, .usageOnly, .ignored: break
    }
    var reader = JSONReader()
    try reader.beginObject(in: payload)
    while let key = try reader.nextKey(in: payload) {
      if key.equals("choices", in: payload) {
        try addChoices(from: &reader, payload)
      } else if key.equals("usage", in: payload) {
        if let range = try reader.present(in: payload) {
          usage = try KeptFields.compact(range, of: payload)
        }
      } else if key.equals("object", in: payload) || key.equals("obfuscation", in: payload) {
        // The latter is padding against guesses from packet sizes: of no use in a whole answer.
        try reader.skipValue(in: payload)
      } else if key.equals("id", in: payload) || key.equals("created", in: payload)
        || key.equals("model", in: payload) || key.equals("system_fingerprint", in: payload)
        || key.equals("service_tier", in: payload)
      {
        try fields.keepFirst(key, from: &reader, payload)
      } else {
        try fields.keepLast(key, from: &reader, payload)
      }
    }
  }

  private mutating func addChoices(from reader: inout JSONReader, _ payload: Span<UInt8>)
    throws(JSONError)
  {
    guard try reader.enterArray(in: payload) else { return }
    var position = 0
    while try reader.nextElement(in: payload) {
      let index = try Self.index(in: reader, payload) ?? position
      try choices[index, default: AssembledChoice()].add(from: &reader, payload)
      position += 1
    }
  }

  /// The index that the entry at the position has, wherever it stands in it.
  static func index(in reader: JSONReader, _ payload: Span<UInt8>) throws(JSONError) -> Int? {
    var scout = reader
    guard try scout.enterObject(in: payload) else { return nil }
    var index: Int?
    while let key = try scout.nextKey(in: payload) {
      if key.equals("index", in: payload) {
        index = try scout.count(in: payload)
      } else {
        try scout.skipValue(in: payload)
      }
    }
    return index
  }

  /// The whole object. What no chunk had is left out, but for `object` and `choices`.
  public func finish() -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    fields.write("id", to: &writer)
    writer.key("object")
    writer.string("chat.completion")
    fields.write("created", to: &writer)
    fields.write("model", to: &writer)
    writer.key("choices")
    writer.beginArray()
    for (index, choice) in choices.sorted(by: { $0.key < $1.key }) {
      choice.write(index: index, to: &writer)
    }
    writer.endArray()
    if !usage.isEmpty {
      writer.key("usage")
      writer.raw(usage.span)
    }
    fields.write(allBut: ["id", "created", "model"], to: &writer)
    writer.endObject()
    return writer.bytes
  }
}
