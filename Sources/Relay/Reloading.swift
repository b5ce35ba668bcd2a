public import Configuration
internal import Dispatch
internal import EventLoop
internal import Synchronization

extension Relay {
  /// The configuration as its file has it now, or everything that is wrong with it.
  public typealias Reading = @Sendable () -> Result<(Settings, Secrets), ConfigurationProblems>
}

/// Takes a new configuration when the daemon is told to.
///
/// All of the file is read and checked first, on a queue of its own, since it reads files; what is
/// wrong is logged, and nothing changes. Then each loop takes it between two turns. Streams that
/// run go on as they began. What only a start can change stays as it is, and the log says so.
final class Reloading: Sendable {
  private let current: Mutex<LiveConfiguration>
  private let shared: Shared
  private let notifySocket: NotifySocket?
  private let read: Relay.Reading
  private let queue = DispatchQueue(label: "deltad.reload")

  init(
    _ configuration: LiveConfiguration, _ shared: Shared, _ notifySocket: NotifySocket?,
    _ read: @escaping Relay.Reading
  ) {
    current = Mutex(configuration)
    self.shared = shared
    self.notifySocket = notifySocket
    self.read = read
  }

  /// Any thread; returns at once. One reload follows the other: the next begins when every loop has
  /// taken this one.
  func begin() {
    queue.async {
      self.notifySocket?.tell([.reloading(at: EventLoop.clock)])
      self.reload()
      self.notifySocket?.tell([.ready])
    }
  }

  private func reload() {
    switch read() {
    case .failure(let problems):
      for problem in problems.problems.dropLast() { say("\(problem)") }
      if let last = problems.problems.last { refuse("\(last)") }
    case .success((let settings, let secrets)):
      for warning in secrets.warnings {
        shared.log.write(.warning, "reload", [("problem", .text("\(warning)"))])
      }
      take(settings, secrets)
    }
  }

  private func say(_ problem: String) {
    shared.log.write(.error, "reload", [("problem", .text(problem))])
  }

  private func refuse(_ problem: String) {
    shared.reload.refused()
    say(problem)
    shared.log.write(.error, "reload", [("refused", .text("nothing has changed"))])
  }

  private func take(_ settings: Settings, _ secrets: Secrets) {
    let former = current.withLock { $0 }
    let (kept, fixed) = settings.keepingWhatOnlyAStartChanges(of: former.settings)
    for key in fixed {
      shared.log.write(
        .warning, "reload", [("unchanged", .text(key)), ("needs", .text("a restart"))])
    }
    // The listeners that stay may be others than those that the file was checked with.
    if let address = kept.openListeners(beside: shared.inheritedListeners).first {
      return refuse("\(address) stays until a restart, and everybody could ask there without keys")
    }
    let new = LiveConfiguration(Relay.fit(kept, shared.log), secrets, replacing: former)
    current.withLock { $0 = new }
    let isTaken = DispatchSemaphore(value: 0)
    shared.configure(new) { isTaken.signal() }
    isTaken.wait()
    shared.reload.taken(at: Int(WallClock.now / 1_000_000_000))
    shared.log.write(.info, "reload", [("taken", .text("the new configuration"))])
  }
}

extension Settings {
  /// These settings, but for what is bound to sockets, threads or files that are open; and the keys
  /// of what differs there.
  func keepingWhatOnlyAStartChanges(of former: Settings) -> (kept: Settings, keys: [String]) {
    var kept = self
    var keys: [String] = []
    func keep<Value: Equatable>(_ key: String, _ path: WritableKeyPath<Settings, Value>) {
      guard self[keyPath: path] != former[keyPath: path] else { return }
      keys.append(key)
      kept[keyPath: path] = former[keyPath: path]
    }
    keep("listen", \.listen)
    keep("proxyProtocol", \.proxyProtocol)
    keep("loops", \.loops)
    keep("metrics.listen", \.metrics.listen)
    keep("archive.file", \.archive.file)
    return (kept, keys)
  }
}
