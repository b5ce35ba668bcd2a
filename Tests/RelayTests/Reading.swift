import ClientAPIs
import EventStream
import HTTPWire
import JSONWire
import ModelFormats
import StreamLog

@testable import Relay

let everyKey = WireFormat.allCases.flatMap { format in
  [true, false].map { RenderingKey(format: format, isChunked: $0) }
}

func makeStream(budget: LogBudget = LogBudget(limit: 1 << 30)) -> Stream {
  let name = "strm_0ABCDEFGHIJKLMNOPQRSTUV"
  return Stream(
    id: StreamID(name) ?? StreamID(owner: 0), createdAt: 0, budget: budget, loops: 1,
    scratch: Scratch())
}

extension Stream {
  func append(_ payload: String) throws(JSONError) {
    let bytes = Array(payload.utf8)
    append(try ModelFormat.openAIChat.read(bytes.span), bytes.span)
  }

  func rendering(_ key: RenderingKey) -> Rendering {
    let index = rendering(for: key)
    return renderings[index].rendering
  }

  /// What a reader behind event `sequence` gets, up to what has been written by now.
  func bytes(
    _ key: RenderingKey, after sequence: Int = 0, skippingOptional: Bool = false
  ) -> [UInt8] {
    let rendering = rendering(key)
    rendering.publish()
    guard let offset = rendering.offset(after: sequence) else { return [] }
    var cursor = Cursor(rendering, at: offset, skippingOptional: skippingOptional)
    var read: [UInt8] = []
    while cursor.advance() == .behind {
      cursor.read { bytes in
        read.append(copying: bytes)
        return bytes.count
      }
    }
    return read
  }

  func text(_ format: WireFormat) -> String {
    String(decoding: bytes(RenderingKey(format: format, isChunked: false)), as: UTF8.self)
  }
}

/// The data of a chunked body, and whether its end has come.
func dechunked(_ body: [UInt8]) throws -> (data: [UInt8], isComplete: Bool) {
  var decoder = ChunkedBodyDecoder(limits: ChunkedBodyLimits(bodyBytes: 1 << 30))
  var data: [UInt8] = []
  let status = try decoder.decode(body.span) { data.append(copying: $0) }
  switch status {
  case .partial: return (data, false)
  case .complete(let consumed): return (data, consumed == body.count)
  }
}

struct ReadEvent: Equatable {
  var name = ""
  var id = ""
  var data: String
}

/// The events of an event stream, as a browser would see them.
func events(_ body: [UInt8]) throws -> [ReadEvent] {
  var parser = EventStreamParser(maximumEventBytes: 1 << 20)
  var events: [ReadEvent] = []
  try parser.consume(body.span) { fields, data in
    var copy: [UInt8] = []
    copy.append(copying: data)
    events.append(
      ReadEvent(
        name: String(decoding: fields.name, as: UTF8.self),
        id: String(decoding: fields.lastEventID, as: UTF8.self),
        data: String(decoding: copy, as: UTF8.self)))
    return .proceed
  }
  return events
}
