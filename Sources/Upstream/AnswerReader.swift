internal import EventStream
internal import JSONWire
public import ModelFormats

/// Turns the bytes of a streaming answer into its events: the way that every answer goes, whether
/// it comes from a socket or from the demo model.
public struct AnswerReader {
  private var parser: EventStreamParser
  private let format: ModelFormat
  /// The terminal marker came: what follows is of no interest.
  public private(set) var isDone = false
  /// The model gave a reason for its end: an answer that stops behind it is whole.
  public private(set) var hasFinished = false
  /// Events that carry something of the answer; keep-alives do not count.
  public private(set) var contentEvents = 0

  public init(format: ModelFormat, maximumEventBytes: Int) {
    self.format = format
    parser = EventStreamParser(maximumEventBytes: maximumEventBytes)
  }

  /// Feeds the next bytes. Throws on what cannot be read, and on a fault that the upstream reports.
  public mutating func consume(
    _ bytes: Span<UInt8>, _ receiver: any AnswerReceiver
  ) throws(UpstreamFault) {
    var fault: UpstreamFault?
    var finished = hasFinished
    var done = isDone
    var content = contentEvents
    let format = format
    do {
      try parser.consume(bytes) { _, payload in
        let event: ModelEvent
        do {
          event = try format.read(payload)
        } catch {
          fault = UpstreamFault(.malformed, "the upstream sent an event that is not JSON")
          return .stop
        }
        switch event.kind {
        case .content, .usageOnly, .ignored:
          if event.finishReason != nil { finished = true }
          if event.isContent { content += 1 }
          receiver.received(event, payload)
          return .proceed
        case .error:
          fault = Self.reported(event, payload)
          return .stop
        case .done:
          done = true
          return .stop
        }
      }
    } catch {
      fault = UpstreamFault(.tooLarge, "the upstream sent an event beyond the limit")
    }
    hasFinished = finished
    isDone = done
    contentEvents = content
    if let fault { throw fault }
  }

  private static func reported(_ event: ModelEvent, _ payload: Span<UInt8>) -> UpstreamFault {
    let message = event.error?.message?.text(in: payload) ?? "the upstream reported an error"
    var fault = UpstreamFault(.reported, message)
    fault.body.append(copying: payload)
    return fault
  }
}
