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
  /// Listens, serves, and returns when SIGTERM or SIGINT has been answered: no more is accepted,
  /// what runs comes to its end or is told that its time is up.
  ///
  /// - Parameters:
  ///   - reload: Reads the configuration anew, at each SIGHUP, on a thread of its own; nil where
  ///     there is none to read.
  ///   - whenListening: Called once with the addresses, when connections are accepted.
  /// - Throws: When the archive cannot be used, an address cannot be listened on, or the kernel
  ///   refuses the means to.
  public static func run(
    _ settings: Settings, _ secrets: Secrets, reload: Reading?,
    whenListening: ([String]) -> Void
  ) throws(StartError) {
    let log = Log(settings.log)
    let archive = try openArchive(settings.archive, log)
    defer { archive.close() }
    do {
      let configuration = LiveConfiguration(fit(settings, log), secrets)
      try run(configuration, archive, log, reload, whenListening)
    } catch {
      throw StartError(description: error.description)
    }
  }

  private static func run(
    _ configuration: LiveConfiguration, _ archive: Archive, _ log: Log, _ reload: Reading?,
    _ whenListening: ([String]) -> Void
  ) throws(SystemError) {
    // Without a file to read, the end of a terminal is the end.
    let signals = try Signals(
      reload == nil ? [SIGTERM, SIGINT] : [SIGTERM, SIGINT, SIGHUP])
    TransferDriver.initializeLibrary()
    let settings = configuration.settings
    let shared = Shared(
      settings, mailboxes: try mailboxes(settings), archive: archive, log: log,
      now: EventLoop.clock)
    let worker = try Worker(index: 0, shared: shared, configuration)
    let plain = try listen(settings.listen, worker)
    let proxied = try listen(settings.proxyProtocol, worker, expectsProxyHeader: true)
    let addresses = plain + proxied
    let reloading = reload.map { Reloading(configuration, shared, $0) }

    try signals.open(on: worker.loop) { signal in
      if signal == SIGHUP, let reloading { return reloading.begin() }
      log.write(.info, "shutdown", [("signal", .integer(Int(signal)))])
      for mailbox in shared.mailboxes { mailbox.post(.drain) }
    }
    let others = try startOthers(shared, configuration, addresses)
    whenListening(addresses.map(\.shown))
    try worker.loop.run()
    for thread in others { thread.join() }
    log.write(.info, "stopped")
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
    } else if let folder = unsafe getenv("STATE_DIRECTORY") {
      // Several folders are separated by colons.
      let first = unsafe String(cString: folder).prefix { $0 != ":" }
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

  // MARK: Listening

  /// An address that the first loop listens on, as the others need it to do the same.
  private struct BoundAddress: Sendable {
    var place: Place
    var expectsProxyHeader: Bool
    var shown: String { place.shown }
  }

  private enum Place: Sendable {
    case tcp(host: String, port: UInt16)
    /// A descriptor for each other loop, made before any of them runs.
    case unix(path: String, descriptors: [CInt])

    var shown: String {
      switch self {
      case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      case .unix(let path, _): "unix:\(path)"
      }
    }
  }

  private static func listen(
    _ addresses: [Settings.ListenAddress], _ worker: Worker, expectsProxyHeader: Bool = false
  ) throws(SystemError) -> [BoundAddress] {
    var bound: [BoundAddress] = []
    for address in addresses {
      let place: Place
      switch address {
      case .tcp(let host, let port):
        try ListeningSocket.checkFree(host: host, port: port)
        let socket = try ListeningSocket.tcp(host: host, port: port)
        place = .tcp(host: host, port: socket.port)
        try worker.listen(socket, expectsProxyHeader: expectsProxyHeader)
      case .unix(let path):
        let socket = try ListeningSocket.unix(path: path)
        var copies: [CInt] = []
        for _ in 1..<max(worker.shared.mailboxes.count, 1) { copies.append(try socket.duplicate()) }
        place = .unix(path: path, descriptors: copies)
        try worker.listen(socket, expectsProxyHeader: expectsProxyHeader)
      }
      bound.append(BoundAddress(place: place, expectsProxyHeader: expectsProxyHeader))
    }
    return bound
  }

  private static func startOthers(
    _ shared: Shared, _ configuration: LiveConfiguration, _ addresses: [BoundAddress]
  ) throws(SystemError) -> [LoopThread.Joinable] {
    var threads: [LoopThread.Joinable] = []
    for index in shared.mailboxes.indices.dropFirst() {
      threads.append(
        try LoopThread.start(name: "loop-\(index)") {
          do {
            try serve(index, shared, configuration, addresses)
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
    _ index: Int, _ shared: Shared, _ configuration: LiveConfiguration,
    _ addresses: [BoundAddress]
  ) throws(SystemError) {
    let worker = try Worker(index: index, shared: shared, configuration)
    for address in addresses {
      let expectsProxyHeader = address.expectsProxyHeader
      switch address.place {
      case .tcp(let host, let port):
        try worker.listen(
          try ListeningSocket.tcp(host: host, port: port), expectsProxyHeader: expectsProxyHeader)
      case .unix(_, let descriptors):
        try worker.listen(
          ListeningSocket(adopting: descriptors[index - 1]),
          expectsProxyHeader: expectsProxyHeader)
      }
    }
    try worker.loop.run()
  }
}
