internal import EventLoop
internal import Glibc

/// What is shown while a run goes on.
public struct Progress: Sendable {
  public var seconds = 0.0
  public var phase = ""
  public var opened = 0
  public var requests = 0
  public var eventsPerSecond = 0.0
  public var errors = 0
  public var residentBytes = 0
}

/// Waits on behalf of the thread that called, and looks around meanwhile: once a second a sample is
/// taken and shown.
final class Monitor {
  private let crew: Crew
  private let processes: [Int32]
  private let show: (Progress) -> Void
  private let watch = Stopwatch()
  private var shownAt = 0.0
  private var shownCounts = Counts()
  /// From one sample to the next; it is shown every second.
  var sampleSeconds = 1.0
  /// Samples have the processes' descriptors.
  var countsDescriptors = false
  /// Added to the samples' times.
  var offsetSeconds = 0.0
  /// What is read for each sample.
  var gauges: () -> [Double] = { [] }
  private var sampledAt = 0.0
  private var sampledCounts = Counts()
  private(set) var samples: [Sample] = []
  private(set) var peakBytes = 0
  /// Samples beyond are not kept: ten hours.
  private static let maximumSamples = 36_000

  init(_ crew: Crew, processes: [Int32], show: @escaping (Progress) -> Void) {
    self.crew = crew
    self.processes = processes
    self.show = show
  }

  /// Waits until the condition holds, looking about a hundred times a second, or for `seconds`; an
  /// interruption ends it too.
  /// - Returns: Whether it held in time.
  @discardableResult
  func wait(
    atMost seconds: Double, _ phase: String, until condition: () -> Bool = { false }
  ) throws(SystemError) -> Bool {
    let end = EventLoop.clock &+ UInt64(max(0, seconds) * 1e9)
    while true {
      if condition() { return true }
      if let failure = crew.failure { throw failure }
      let now = EventLoop.clock
      guard now < end, !Interruption.wasAsked else { return false }
      if watch.seconds - shownAt >= 1 { look(phase) }
      if watch.seconds - sampledAt >= sampleSeconds { sample() }
      Self.pause(min(end - now, 10_000_000))
    }
  }

  /// Waits until the condition holds, as long as events come: without any, for as many seconds as
  /// `patience` says at the time.
  func wait(
    _ phase: String, patience: () -> Double, until condition: () -> Bool
  ) throws(SystemError) {
    var (last, lastAt) = (-1, watch.seconds)
    while true {
      let now = watch.seconds
      let events = crew.counts.events
      if events != last { (last, lastAt) = (events, now) }
      guard now - lastAt < patience(), !Interruption.wasAsked else { return }
      if try wait(atMost: 0.1, phase, until: condition) { return }
    }
  }

  static func pause(_ nanoseconds: UInt64) {
    var time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    unsafe nanosleep(&time, nil)
  }

  /// What the processes use now; peaks are kept.
  func use() -> ProcessUse {
    let use = ProcessUse.of(processes, countsDescriptors: countsDescriptors)
    peakBytes = max(peakBytes, use.residentBytes)
    return use
  }

  private func look(_ phase: String) {
    let now = watch.seconds
    let counts = crew.counts
    let use = use()
    let events = Double(counts.events - shownCounts.events)
    show(
      Progress(
        seconds: now + offsetSeconds, phase: phase, opened: counts.opened,
        requests: counts.requests, eventsPerSecond: events / max(now - shownAt, 0.001),
        errors: counts.errors, residentBytes: use.residentBytes))
    shownAt = now
    shownCounts = counts
  }

  /// Takes a sample now.
  func sample() {
    let now = watch.seconds
    let counts = crew.counts
    let passed = max(now - sampledAt, 0.001)
    let use = use()
    var sample = Sample()
    sample.seconds = now + offsetSeconds
    sample.eventsPerSecond = Double(counts.events - sampledCounts.events) / passed
    sample.requestsPerSecond = Double(counts.requests - sampledCounts.requests) / passed
    sample.residentBytes = use.residentBytes
    sample.descriptors = use.descriptors
    sample.gauges = gauges()
    if samples.count < Self.maximumSamples { samples.append(sample) }
    sampledAt = now
    sampledCounts = counts
  }
}
