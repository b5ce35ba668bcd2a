import TestSupport
import EventStream
import Testing

/// A dispatched event, copied out of the parser's loan.
struct ReadEvent: Equatable, Sendable, CustomTestStringConvertible {
  var data: [UInt8]
  var name: [UInt8]
  var id: [UInt8]
  var retry: Int?

  init(_ data: String, name: String = "", id: String = "", retry: Int? = nil) {
    self.init(data: Array(data.utf8), name: Array(name.utf8), id: Array(id.utf8), retry: retry)
  }

  init(data: [UInt8], name: [UInt8] = [], id: [UInt8] = [], retry: Int? = nil) {
    self.data = data
    self.name = name
    self.id = id
    self.retry = retry
  }

  init(_ fields: borrowing EventFields, _ data: Span<UInt8>) {
    self.init(
      data: data.indices.map { data[$0] }, name: fields.name, id: fields.lastEventID,
      retry: fields.reconnectionTime)
  }

  var testDescription: String {
    "\(name.debugText) data \(data.debugText) id \(id.debugText) retry \(retry?.description ?? "-")"
  }
}

extension [UInt8] {
  var debugText: String { String(decoding: self, as: UTF8.self).debugDescription }
}

/// All that came of reading one input.
struct Reading: Equatable {
  var events: [ReadEvent] = []
  var error: EventStreamError?
  var isUnfinished = false

  /// Reads `bytes` cut at the given ascending offsets, until the end or the first error.
  init(_ bytes: [UInt8], cutAt cuts: [Int] = [], limit: Int = 1 << 20) {
    var parser = EventStreamParser(maximumEventBytes: limit)
    var start = 0
    for end in cuts + [bytes.count] {
      feed(bytes.span.extracting(start..<end), to: &parser)
      if error != nil { break }
      start = end
    }
    isUnfinished = parser.hasUnfinishedEvent
  }

  private mutating func feed(_ piece: Span<UInt8>, to parser: inout EventStreamParser) {
    do throws(EventStreamError) {
      try parser.consume(piece) { fields, data in
        events.append(ReadEvent(fields, data))
        return .proceed
      }
    } catch {
      self.error = error
    }
  }
}

/// Reads `bytes` whole, byte by byte, at every single split point, and at seeded random splits, and
/// checks that the cutting never shows. Returns what reading them whole gave.
func readInEveryWay(
  _ bytes: [UInt8], limit: Int = 1 << 20, seed: UInt64 = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) -> Reading {
  let whole = Reading(bytes, limit: limit)
  var waysToCut = [Array(0..<bytes.count)]
  waysToCut += bytes.indices.map { [$0] }
  var generator = SplitMix64(seed: seed)
  for density in 2...9 {
    waysToCut.append(bytes.indices.filter { _ in generator.oneIn(density) })
  }
  for cuts in waysToCut {
    let reading = Reading(bytes, cutAt: cuts, limit: limit)
    #expect(reading == whole, "cut at \(cuts)", sourceLocation: sourceLocation)
  }
  return whole
}
