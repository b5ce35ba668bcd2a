internal import Configuration
internal import Downstream
internal import EventLoop

/// The sockets that the daemon listens on, as each loop needs them.
struct Listening: Sendable {
  private enum Place: Sendable {
    /// Each loop opens a socket of its own there.
    case tcp(host: String, port: UInt16)
    /// One socket for all loops: a descriptor for each beside the first, made before any runs.
    case shared(shown: String, descriptors: [CInt], isTCP: Bool, isInherited: Bool)
  }

  private struct Bound: Sendable {
    var place: Place
    var role: ListenerRole
  }

  private var bound: [Bound] = []

  /// As the log shows them, in the order of the configuration; inherited ones that it does not name
  /// come last.
  var addresses: [String] {
    bound.map { bound in
      switch bound.place {
      case .tcp(let host, let port): Settings.ListenAddress.tcp(host: host, port: port).description
      case .shared(let shown, _, _, _): shown
      }
    }
  }

  /// Listens on the first loop. An inherited socket takes the place of the configured address that
  /// is its own.
  init(
    _ settings: Settings, _ inherited: [InheritedSocket], on worker: Worker
  ) throws(SystemError) {
    var inherited = inherited
    let configured: [(ListenerRole, [Settings.ListenAddress])] = [
      (.clients, settings.listen), (.proxies, settings.proxyProtocol),
      (.monitors, settings.metrics.listen),
    ]
    for (role, addresses) in configured {
      for address in addresses {
        if let index = inherited.firstIndex(where: { $0.isAt(address) }) {
          try adopt(inherited.remove(at: index), role, worker)
        } else {
          try open(address, role, worker)
        }
      }
    }
    for socket in inherited { try adopt(socket, socket.role, worker) }
  }

  private mutating func open(
    _ address: Settings.ListenAddress, _ role: ListenerRole, _ worker: Worker
  ) throws(SystemError) {
    switch address {
    case .tcp(let host, let port):
      try ListeningSocket.checkFree(host: host, port: port)
      let socket = try ListeningSocket.tcp(host: host, port: port)
      bound.append(Bound(place: .tcp(host: host, port: socket.port), role: role))
      try worker.listen(socket, role: role)
    case .unix(let path):
      try share(try ListeningSocket.unix(path: path), shown: "unix:\(path)", role, worker)
    }
  }

  private mutating func adopt(
    _ socket: InheritedSocket, _ role: ListenerRole, _ worker: Worker
  ) throws(SystemError) {
    try share(
      ListeningSocket(socket), shown: Settings.ListenAddress(socket).description, role, worker)
  }

  private mutating func share(
    _ socket: consuming ListeningSocket, shown: String, _ role: ListenerRole, _ worker: Worker
  ) throws(SystemError) {
    var copies: [CInt] = []
    for _ in worker.shared.mailboxes.dropFirst() { copies.append(try socket.duplicate()) }
    bound.append(
      Bound(
        place: .shared(
          shown: shown, descriptors: copies, isTCP: socket.isTCP, isInherited: socket.isInherited),
        role: role))
    try worker.listen(socket, role: role)
  }

  /// Listens on one of the other loops. Once for each, on its thread.
  func join(_ worker: Worker) throws(SystemError) {
    for bound in bound {
      switch bound.place {
      case .tcp(let host, let port):
        try worker.listen(try ListeningSocket.tcp(host: host, port: port), role: bound.role)
      case .shared(_, let descriptors, let isTCP, let isInherited):
        let socket = ListeningSocket(
          adopting: descriptors[worker.loop.index - 1], isTCP: isTCP, isInherited: isInherited)
        try worker.listen(socket, role: bound.role)
      }
    }
  }
}

extension InheritedSocket {
  /// What comes to one that the configuration does not name is said by its own name.
  var role: ListenerRole {
    switch name {
    case "proxy": .proxies
    case "metrics": .monitors
    default: .clients
    }
  }

  func isAt(_ configured: Settings.ListenAddress) -> Bool {
    switch (configured, address) {
    case (.unix(let one), .unix(let other)): one == other
    case (.tcp(let host, let one), .tcp(let own, let other)):
      one == other
        && (host == own || ListeningSocket.numeric(host: host) == own
          || takesBothFamilies && host == "0.0.0.0")
    default: false
    }
  }
}

extension Settings.ListenAddress {
  init(_ socket: InheritedSocket) {
    switch socket.address {
    case .tcp(let host, let port): self = .tcp(host: host, port: port)
    case .unix(let path): self = .unix(path: path)
    }
  }
}

extension Settings {
  /// Those of the sockets that clients can reach.
  ///
  /// - Throws: When everybody could ask there, and nobody said that they may.
  func clientListeners(_ sockets: [InheritedSocket]) throws(StartError) -> [ListenAddress] {
    let listeners = sockets.filter { $0.role != .monitors }.map(ListenAddress.init)
    if let open = openListeners(beside: listeners).first {
      throw StartError(
        description: "listen on \(open), where everybody could ask: expected keys, or"
          + " allowAnonymous: true")
    }
    return listeners
  }
}
