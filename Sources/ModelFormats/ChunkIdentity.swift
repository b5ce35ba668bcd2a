internal import JSONWire

/// What tells the chunks of one `chat.completion.chunk` stream from those of another, so that what
/// a second upstream sends can be made part of the stream that a first one began.
public struct ChunkIdentity: Sendable {
  private static let names: [StaticString] = ["id", "created", "model", "system_fingerprint"]

  /// The values as JSON, by their place among the names; nil for those that are not there.
  private var values = [[UInt8]?](repeating: nil, count: names.count)
  /// A chunk has said whose words follow.
  public private(set) var hasRole = false

  public init() {}

  /// Takes from a chunk of the stream what says something, and was not said before: some providers
  /// begin with a chunk of blank values.
  public mutating func learn(_ chunk: Span<UInt8>) {
    var found = values
    Self.each(in: chunk) { position, range in
      let value = range.map { chunk[$0] }
      let isBlank = ["\"\"", "0", "null"].contains { value.elementsEqual($0.utf8) }
      if found[position] == nil, !isBlank { found[position] = value }
    }
    values = found
    if !hasRole { hasRole = Self.names(aRole: chunk) }
  }

  /// As some delta does, wherever it stands.
  private static func names(aRole chunk: Span<UInt8>) -> Bool {
    let word = Array("\"role\"".utf8)
    guard chunk.count >= word.count else { return false }
    return (0...chunk.count - word.count).contains { start in
      word.indices.allSatisfy { chunk[start + $0] == word[$0] }
    }
  }

  /// The chunk as one of this stream: its values replaced where both have one.
  public func adopt(_ chunk: Span<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    var copied = 0
    Self.each(in: chunk) { position, range in
      guard let value = values[position] else { return }
      output.append(copying: chunk.extracting(copied..<range.lowerBound))
      output += value
      copied = range.upperBound
    }
    output.append(copying: chunk.extracting(copied...))
    return output
  }

  /// The values of a chunk that has been read before, in their order.
  private static func each(in chunk: Span<UInt8>, _ body: (Int, Range<Int>) -> Void) {
    var reader = JSONReader()
    do {
      guard try reader.kind(in: chunk) == .object else { return }
      try reader.beginObject(in: chunk)
      while let key = try reader.nextKey(in: chunk) {
        let range = try reader.skipValue(in: chunk)
        if let position = names.firstIndex(where: { key.equals($0, in: chunk) }) {
          body(position, range)
        }
      }
    } catch {
      return
    }
  }
}
