internal import EventStream
internal import JSONWire
public import ModelFormats

/// Turns the bytes of a streaming answer into its events: the way that every answer goes, whether
/// it comes from a socket or from the demo model.
public struct AnswerReader {
  private var parser: EventStreamParser
  private var progress: Progress

  /// What has been understood so far.
  private struct Progress {
    var payloads: PayloadReader
    var isDone = false
    var hasFinished = false
    var contentEvents = 0
    var fault: UpstreamFault?
  }

  public init(format: ModelFormat, maximumEventBytes: Int) {
    parser = EventStreamParser(maximumEventBytes: maximumEventBytes)
    progress = Progress(payloads: PayloadReader(format))
  }

  /// The terminal marker came: what follows is of no interest.
  public var isDone: Bool { progress.isDone }
  /// The model gave a reason for its end: an answer that stops behind it is whole.
  public var hasFinished: Bool { progress.hasFinished }
  /// Events that carry something of the answer; keep-alives do not count.
  public var contentEvents: Int { progress.contentEvents }

  /// Feeds the next bytes. Throws on what cannot be read, and on a fault that the upstream reports.
  public mutating func consume(
    _ bytes: Span<UInt8>, _ receiver: any AnswerReceiver
  ) throws(UpstreamFault) {
    try Self.consume(bytes, &parser, &progress, receiver)
  }

  private static func consume(
    _ bytes: Span<UInt8>, _ parser: inout EventStreamParser, _ progress: inout Progress,
    _ receiver: any AnswerReceiver
  ) throws(UpstreamFault) {
    do {
      try parser.consume(bytes) { _, payload in take(payload, &progress, receiver) }
    } catch {
      progress.fault = UpstreamFault(.tooLarge, "the upstream sent an event beyond the limit")
    }
    if let fault = progress.fault { throw fault }
  }

  @inline(__always)
  private static func take(
    _ payload: Span<UInt8>, _ progress: inout Progress, _ receiver: any AnswerReceiver
  ) -> EventDisposition {
    let event: ModelEvent
    do {
      event = try progress.payloads.read(payload)
    } catch {
      progress.fault = UpstreamFault(
        .malformed, "the upstream sent an event that is not JSON")
      return .stop
    }
    switch event.kind {
    case .content, .usageOnly, .ignored:
      if event.finishReason != nil { progress.hasFinished = true }
      if event.isContent { progress.contentEvents += 1 }
      receiver.received(event, payload)
      return .proceed
    case .error:
      progress.fault = reported(event, payload)
      return .stop
    case .done:
      progress.isDone = true
      return .stop
    }
  }

  private static func reported(_ event: ModelEvent, _ payload: Span<UInt8>) -> UpstreamFault {
    let message = event.error?.message?.text(in: payload) ?? "the upstream reported an error"
    var fault = UpstreamFault(.reported, message)
    fault.body.append(copying: payload)
    return fault
  }
}
