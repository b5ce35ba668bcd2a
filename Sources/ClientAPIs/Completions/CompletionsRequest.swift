internal import JSONWire

/// A chat completion request: the few fields that a relay must understand, and where they stand in
/// the body. Everything else goes upstream as it came.
public struct CompletionsRequest: Sendable {
  public let model: String
  public let streams: Bool
  /// The client asked for a last chunk with the usage.
  public let wantsUsage: Bool
  /// The last message's text, for the demo model.
  public let question: String

  /// A name goes into answers and logs.
  private static let maximumModelBytes = 256

  private var modelValue = 0..<0
  private var streamValue: Range<Int>?
  private var optionsValue: Range<Int>?
  private var includeUsageValue: Range<Int>?
  /// Position behind the body's opening brace.
  private var start = 0
  /// Position behind the opening bracket of the messages.
  private var messagesStart = 0

  /// - Parameter body: The whole JSON body.
  public init(_ body: Span<UInt8>) throws(Failure) {
    var found = Fields()
    do {
      try found.read(body)
    } catch {
      throw Failure(.invalidRequest, "the body is not valid JSON: \(error)")
    }
    guard found.isObject else {
      throw Failure(.invalidRequest, "the body must be a JSON object")
    }
    guard let name = found.model, !name.isEmpty else {
      throw Failure(
        .invalidRequest, "you must provide a model parameter, a string", parameter: "model")
    }
    guard name.utf8.count <= Self.maximumModelBytes else {
      throw Failure(
        .invalidRequest, "model must be at most \(Self.maximumModelBytes) bytes long",
        parameter: "model")
    }
    guard found.hasMessages else {
      throw Failure(
        .invalidRequest, "messages must be a list of at least one message", parameter: "messages")
    }
    guard !found.streamIsMalformed else {
      throw Failure(.invalidRequest, "stream must be true or false", parameter: "stream")
    }
    guard !found.optionsAreMalformed else {
      throw Failure(
        .invalidRequest, "stream_options must be an object", parameter: "stream_options")
    }
    model = name
    streams = found.streams
    wantsUsage = found.wantsUsage
    question = found.question
    modelValue = found.modelValue
    streamValue = found.streamValue
    optionsValue = found.optionsValue
    includeUsageValue = found.includeUsageValue
    start = found.start
    messagesStart = found.messagesStart
  }

  /// The body for the upstream: the client's bytes, but for the model's name, whether it streams,
  /// and whether the usage is wanted.
  /// - Parameters:
  ///   - body: The body from which this request was read.
  ///   - asksUsage: Only with `streams`.
  ///   - prompt: Goes in front of the client's messages, as the system's.
  ///   - parameters: Further fields, each value as JSON, where the client has none of that name.
  public func upstreamBody(
    from body: Span<UInt8>, model upstreamModel: String?, streams: Bool, asksUsage: Bool,
    prompt: String? = nil, parameters: [(name: String, json: String)] = []
  ) -> [UInt8] {
    var edits: [(Range<Int>, [UInt8])] = []
    if let upstreamModel, upstreamModel != model {
      var quoted: [UInt8] = []
      JSONText.appendQuoted(upstreamModel, to: &quoted)
      edits.append((modelValue, quoted))
    }
    var inserted: [UInt8] = []
    if streams != self.streams {
      let value = Array((streams ? "true" : "false").utf8)
      if let streamValue {
        edits.append((streamValue, value))
      } else {
        inserted += Array(#""stream":"#.utf8) + value + [UInt8(ascii: ",")]
      }
    }
    if streams && asksUsage && !wantsUsage {
      if let includeUsageValue {
        edits.append((includeUsageValue, Array("true".utf8)))
      } else if let optionsValue {
        // Empty or not, an object or null: the value is written anew with its fields kept.
        edits.append((optionsValue, Self.withUsage(body, optionsValue)))
      } else {
        inserted += Array(#""stream_options":{"include_usage":true},"#.utf8)
      }
    }
    let names = parameters.isEmpty ? [] : Self.names(in: body)
    for parameter in parameters where !names.contains(parameter.name) {
      JSONText.appendQuoted(parameter.name, to: &inserted)
      inserted += Array(":\(parameter.json),".utf8)
    }
    if let prompt, !prompt.isEmpty {
      var message = JSONWriter()
      AgentRequestBody.append("system", prompt, to: &message)
      edits.append((messagesStart..<messagesStart, message.bytes + [UInt8(ascii: ",")]))
    }
    if !inserted.isEmpty { edits.append((start..<start, inserted)) }
    return Self.apply(edits, to: body)
  }

  /// Of all fields of a body that has been read.
  private static func names(in body: Span<UInt8>) -> Set<String> {
    var names: Set<String> = []
    var reader = JSONReader()
    do {
      try reader.beginObject(in: body)
      while let key = try reader.nextKey(in: body) {
        names.insert(key.text(in: body))
        try reader.skipValue(in: body)
      }
    } catch {
      return names
    }
    return names
  }

  private static func withUsage(_ body: Span<UInt8>, _ value: Range<Int>) -> [UInt8] {
    var options = Array(#"{"include_usage":true"#.utf8)
    let inside = value.dropFirst().dropLast()
    let isEmpty = inside.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains(body[$0]) }
    if body[value.lowerBound] == UInt8(ascii: "{") && !isEmpty {
      options.append(UInt8(ascii: ","))
      options.append(copying: body.extracting(inside))
    }
    options.append(UInt8(ascii: "}"))
    return options
  }

  private static func apply(_ edits: [(Range<Int>, [UInt8])], to body: Span<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(body.count + 64)
    var position = 0
    for (range, replacement) in edits.sorted(by: { $0.0.lowerBound < $1.0.lowerBound }) {
      output.append(copying: body.extracting(position..<range.lowerBound))
      output += replacement
      position = range.upperBound
    }
    output.append(copying: body.extracting(position...))
    return output
  }
}

/// What the reading of a body found. Of repeated keys the last counts, as with most parsers.
private struct Fields {
  var isObject = false
  var start = 0
  var messagesStart = 0
  var model: String?
  var modelValue = 0..<0
  var hasMessages = false
  var question = ""
  var streams = false
  var streamValue: Range<Int>?
  var streamIsMalformed = false
  var wantsUsage = false
  var optionsValue: Range<Int>?
  var optionsAreMalformed = false
  var includeUsageValue: Range<Int>?

  mutating func read(_ body: Span<UInt8>) throws(JSONError) {
    var reader = JSONReader()
    guard try reader.kind(in: body) == .object else {
      _ = try reader.skipValue(in: body)
      return try reader.end(in: body)
    }
    isObject = true
    try reader.beginObject(in: body)
    start = reader.position
    while let key = try reader.nextKey(in: body) {
      if key.equals("model", in: body) {
        try readModel(&reader, body)
      } else if key.equals("messages", in: body) {
        try readMessages(&reader, body)
      } else if key.equals("stream", in: body) {
        try readStream(&reader, body)
      } else if key.equals("stream_options", in: body) {
        try readOptions(&reader, body)
      } else {
        _ = try reader.skipValue(in: body)
      }
    }
    try reader.end(in: body)
  }

  private mutating func readModel(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    guard try reader.kind(in: body) == .string else {
      model = nil
      _ = try reader.skipValue(in: body)
      return
    }
    let string = try reader.string(in: body)
    model = string.text(in: body)
    modelValue = (string.range.lowerBound - 1)..<(string.range.upperBound + 1)
  }

  private mutating func readStream(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    let kind = try reader.kind(in: body)
    let value = try reader.skipValue(in: body)
    streamValue = value
    streams = kind == .bool && body[value.lowerBound] == UInt8(ascii: "t")
    streamIsMalformed = kind != .bool && kind != .null
  }

  private mutating func readOptions(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    includeUsageValue = nil
    wantsUsage = false
    let kind = try reader.kind(in: body)
    var inside = reader
    optionsValue = try reader.skipValue(in: body)
    optionsAreMalformed = kind != .object && kind != .null
    guard kind == .object else { return }
    try inside.beginObject(in: body)
    while let key = try inside.nextKey(in: body) {
      let isUsage = key.equals("include_usage", in: body)
      let value = try inside.skipValue(in: body)
      guard isUsage else { continue }
      includeUsageValue = value
      wantsUsage = body[value.lowerBound] == UInt8(ascii: "t")
    }
  }

  private mutating func readMessages(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) {
    hasMessages = false
    guard try reader.kind(in: body) == .array else {
      _ = try reader.skipValue(in: body)
      return
    }
    try reader.beginArray(in: body)
    messagesStart = reader.position
    while try reader.nextElement(in: body) {
      hasMessages = true
      question = ""
      guard try reader.kind(in: body) == .object else {
        _ = try reader.skipValue(in: body)
        continue
      }
      try reader.beginObject(in: body)
      while let key = try reader.nextKey(in: body) {
        if key.equals("content", in: body) {
          question = try Self.text(&reader, body)
        } else {
          _ = try reader.skipValue(in: body)
        }
      }
    }
  }

  /// The text of a message's content: a string, or the `text` of its parts.
  private static func text(
    _ reader: inout JSONReader, _ body: Span<UInt8>
  ) throws(JSONError) -> String {
    switch try reader.kind(in: body) {
    case .string: return try reader.string(in: body).text(in: body)
    case .array: break
    default:
      _ = try reader.skipValue(in: body)
      return ""
    }
    var text = ""
    try reader.beginArray(in: body)
    while try reader.nextElement(in: body) {
      guard try reader.kind(in: body) == .object else {
        _ = try reader.skipValue(in: body)
        continue
      }
      try reader.beginObject(in: body)
      while let key = try reader.nextKey(in: body) {
        if key.equals("text", in: body), try reader.kind(in: body) == .string {
          text += try reader.string(in: body).text(in: body)
        } else {
          _ = try reader.skipValue(in: body)
        }
      }
    }
    return text
  }
}
