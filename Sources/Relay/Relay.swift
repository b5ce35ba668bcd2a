internal import JSONWire
internal import Admission
internal import Archive
public import Configuration
internal import EventLoop
internal import Glibc
internal import Upstream

/// Why the daemon does not run: a sentence for its operator.
public struct StartError: Error, CustomStringConvertible {
  public let description: String
}

/// The daemon's work, from the first socket to the last: one worker per loop, and what they share.
public enum Relay {
  /// How it ended.
  public enum Outcome: Sendable {
    case stopped
    /// The same, but not every answer had come to its end in time.
    case cut
  }

  /// Listens, serves, and returns when SIGTERM or SIGINT has been answered: nothing more begins,
  /// what runs comes to its end or is told that its time is up. A second signal hastens that.
  ///
  /// Call it before any other descriptor is opened: sockets may have been passed to the process
  /// (sd_listen_fds(3)). A service manager that started it is told how it does (sd_notify(3)).
  ///
  /// - Parameters:
  ///   - reload: Reads the configuration anew, at each SIGHUP, on a thread of its own; nil where
  ///     there is none to read.
  ///   - whenListening: Called once with the addresses, when connections are accepted.
  /// - Throws: When the archive cannot be used, an address cannot be listened on, or the kernel
  ///   refuses the means to.
  public static func run(
    _ settings: Settings, _ secrets: Secrets, _ log: Log, reload: Reading?,
    whenListening: ([String]) -> Void
  ) throws(StartError) -> Outcome {
    // Before any other thread is started, and before the archive takes its time.
    let signals = try orStartError { () throws(SystemError) in
      try Signals(handledSignals(canReload: reload != nil))
    }
    let inherited = try orStartError { () throws(SystemError) in try InheritedSocket.takeAll() }
    let listeners = try settings.clientListeners(inherited)
    let archive = try openArchive(settings.archive, log)
    defer { archive.close() }
    let configuration = LiveConfiguration(fit(settings, log), secrets)
    return try orStartError { () throws(SystemError) in
      let shared = Shared(
        configuration.settings, mailboxes: try mailboxes(settings), archive: archive, log: log,
        inheritedListeners: listeners, now: EventLoop.clock)
      return try run(configuration, inherited, shared, signals, reload, whenListening)
    }
  }

  private static func orStartError<Result>(
    _ body: () throws(SystemError) -> Result
  ) throws(StartError) -> Result {
    do {
      return try body()
    } catch {
      throw StartError(description: error.description)
    }
  }

  private static func run(
    _ configuration: LiveConfiguration, _ inherited: [InheritedSocket], _ shared: Shared,
    _ signals: Signals, _ reload: Reading?, _ whenListening: ([String]) -> Void
  ) throws(SystemError) -> Outcome {
    TransferDriver.initializeLibrary()
    let log = shared.log
    let worker = try Worker(index: 0, shared: shared, configuration)
    let listening = try Listening(configuration.settings, inherited, on: worker)
    let notifySocket = notifySocket(log)
    let supervision = notifySocket.map { Supervision($0, worker) }
    let reloading = reload.map { Reloading(configuration, shared, notifySocket, $0) }

    try signals.open(on: worker.loop) { signal in
      switch signal {
      case SIGHUP where worker.isDraining:
        log.write(.warning, "reload", [("ignored", .text("the daemon is about to end"))])
      case SIGHUP: reloading?.begin()
      #if DEBUG
        case SIGUSR2: shared.toggleStall()
      #endif
      default:
        log.write(.info, "shutdown", [("signal", .integer(Int(signal)))])
        let time = worker.configuration.settings.timeouts.untilStopped
        for mailbox in shared.mailboxes.dropFirst() { mailbox.post(.drain) }
        worker.drain()
        supervision?.stopping(within: time)
      }
    }
    let others = try startOthers(shared, configuration, listening)
    whenListening(listening.addresses)
    supervision?.started()
    try worker.loop.run()
    for thread in others { thread.join() }
    let cut = shared.cut
    log.write(
      .info, "stopped", [("ended", .integer(cut.ended)), ("closed", .integer(cut.closed))])
    return cut == (0, 0) ? .stopped : .cut
  }

  private static func notifySocket(_ log: Log) -> NotifySocket? {
    do throws(SystemError) {
      return try NotifySocket.fromEnvironment()
    } catch {
      log.write(.warning, "notify", [("error", .text(error.description))])
      return nil
    }
  }

  private static func handledSignals(canReload: Bool) -> [CInt] {
    var signals = [SIGTERM, SIGINT]
    // Without a file to read, the end of a terminal is the end.
    if canReload { signals.append(SIGHUP) }
    #if DEBUG
      signals.append(SIGUSR2)
    #endif
    return signals
  }

  private static func mailboxes(_ settings: Settings) throws(SystemError) -> [Mailbox<Message>] {
    let loops = min(settings.loops > 0 ? settings.loops : processorCount(), StreamID.maximumLoops)
    var mailboxes: [Mailbox<Message>] = []
    for _ in 0..<loops { mailboxes.append(try Mailbox()) }
    return mailboxes
  }

  /// No more connections than the process may have descriptors.
  static func fit(_ settings: Settings, _ log: Log) -> Settings {
    let most = raiseDescriptorLimit() - reservedDescriptors
    guard settings.limits.connections > most else { return settings }
    log.write(
      .info, "limits",
      [
        ("connections", .integer(most)),
        ("reason", .text("the process may not have more descriptors")),
      ])
    var settings = settings
    settings.limits.connections = max(most, 1)
    return settings
  }

  /// Where conversations are: the configured file, or one in the folder that systemd gives
  /// (systemd.exec(5), StateDirectory), or only in memory.
  private static func openArchive(
    _ settings: Settings.Archive, _ log: Log
  ) throws(StartError) -> Archive {
    var place = Archive.Place.memory
    if let file = settings.file {
      place = .file(file)
    } else if let folders = environmentVariable("STATE_DIRECTORY") {
      // Several folders are separated by colons.
      let first = folders.prefix { $0 != ":" }
      place = .file(first + "/deltad.db")
    } else {
      log.write(.info, "archive", [("kept", .text("in memory"))])
    }
    // A file beyond a limit on its size is an error like a full disk, not the end.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let archive = try Archive(place, now: WallClock.milliseconds)
      if archive.interruptedStreams > 0 {
        log.write(.warning, "archive", [("interrupted", .integer(archive.interruptedStreams))])
      }
      return archive
    } catch {
      throw StartError(description: error.description)
    }
  }

  /// For listeners, loops, the store, and connections to upstreams.
  private static let reservedDescriptors = 512

  /// Takes as many descriptors as the system lets us have.
  private static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return 1024
    }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return Int(clamping: limit.rlim_cur)
  }

  // MARK: The other loops

  private static func startOthers(
    _ shared: Shared, _ configuration: LiveConfiguration, _ listening: Listening
  ) throws(SystemError) -> [LoopThread.Joinable] {
    var threads: [LoopThread.Joinable] = []
    for index in shared.mailboxes.indices.dropFirst() {
      threads.append(
        try LoopThread.start(name: "loop-\(index)") {
          do {
            try serve(index, shared, configuration, listening)
          } catch {
            shared.log.write(.error, "loop", [("error", .text("\(error)"))])
            exit(1)
          }
        })
    }
    return threads
  }

  /// The life of one loop beside the first.
  private static func serve(
    _ index: Int, _ shared: Shared, _ configuration: LiveConfiguration, _ listening: Listening
  ) throws(SystemError) {
    let worker = try Worker(index: index, shared: shared, configuration)
    try listening.join(worker)
    try worker.loop.run()
  }
}
