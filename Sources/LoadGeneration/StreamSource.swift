internal import EventLoop
internal import Synchronization

/// Streams that were started by one request each, and are read to their ends on a thread apart.
final class StreamSource {
  /// In the order in which they came.
  let identifiers: [String]
  private let crew: Crew

  /// Waits for the ids of all streams.
  init(
    target: Target, request: RequestTemplate, streams: Int, timeoutSeconds: Double
  ) throws {
    let plan = TriggerPlayer.Plan(
      target: target, request: request, streams: streams, wantsIdentifiers: true)
    let progress = TriggerProgress()
    crew = try Crew(threads: 1) { loop, _ in TriggerPlayer(plan, progress, loop: loop) }
    let watch = Stopwatch()
    while true {
      let found = progress.identifiers.withLock { $0 }
      if found.count >= streams {
        identifiers = found
        return
      }
      let failed = progress.ended.load(ordering: .relaxed) > found.count
      if failed || watch.seconds > timeoutSeconds || Interruption.wasAsked {
        let result = crew.finish()
        throw RunFailure(
          "of \(streams) streams \(found.count) were started: "
            + (result.firstError ?? "no answer in time"))
      }
      Monitor.pause(1_000_000)
    }
  }

  func finish() -> CrewResult { crew.finish() }
}
