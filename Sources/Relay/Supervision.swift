internal import Configuration
internal import Downstream
internal import EventLoop

/// Tells the service manager how the daemon does: when it is ready, reloads or stops, that every
/// loop makes progress, and a line for people. Belongs to the first loop, but for what says
/// otherwise.
///
/// Now and then every loop is asked for its figures. Only when all of them have answered is the
/// watchdog told that all is well: a loop that hangs, this one included, ends the daemon, and the
/// service manager starts it anew.
final class Supervision {
  private let notifySocket: NotifySocket
  private let worker: Worker
  private let interval: UInt64
  private var timer: Timer?
  /// Loops that did not answer the last question.
  private var silent: [Int] = []

  /// How often the line is renewed where no watchdog asks for more.
  private static let usualInterval: UInt64 = 10_000_000_000

  init(_ notifySocket: NotifySocket, _ worker: Worker) {
    self.notifySocket = notifySocket
    self.worker = worker
    // Twice may fail before the third comes too late.
    interval = min(notifySocket.watchdogInterval.map { $0 / 4 } ?? .max, Self.usualInterval)
  }

  /// Every address is listened on.
  func started() {
    notifySocket.tell([.ready, .alive])
    timer = Timer { [unowned self] in self.look() }
    look()
  }

  /// Over so many nanoseconds at most.
  func stopping(within time: UInt64) {
    notifySocket.tell([.stopping, .extending(by: time)])
    look()
  }

  private func look() {
    if let timer { worker.loop.arm(timer, after: interval) }
    worker.poll(within: min(interval / 2, Worker.patience)) { [self] reports in
      let silent = worker.shared.mailboxes.indices.filter { index in
        !reports.contains { $0.loop == index }
      }
      guard silent.isEmpty else {
        let loops = silent.map(String.init).joined(separator: ", ")
        notifySocket.tell([.status("does not answer: loop \(loops)")])
        if self.silent.isEmpty {
          worker.shared.log.write(.error, "watchdog", [("silent", .text("loop \(loops)"))])
        }
        return self.silent = silent
      }
      self.silent = []
      let isWatched = notifySocket.watchdogInterval != nil
      notifySocket.tell((isWatched ? [.alive] : []) + [.status(line(reports))])
    }
  }

  private func line(_ reports: [LoopReport]) -> String {
    let shared = worker.shared
    let readers = reports.reduce(0) { $0 + $1.subscribers }
    let generations = shared.generations
    let figures =
      "\(generations.running) generations, \(generations.waiting) waiting, \(readers) readers, "
      + "\(shared.connections.count) connections"
    return (worker.isDraining ? "stopping: " : "serving: ") + figures
  }
}

extension Settings.Timeouts {
  /// The longest that the end takes: what runs, its release, the last words, the archive.
  var untilStopped: UInt64 {
    shutdown.nanoseconds + release.nanoseconds + Worker.farewell + 5_000_000_000
  }
}
