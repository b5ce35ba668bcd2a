internal import CLinux
internal import Glibc

/// Where the other end of an accepted connection is.
public struct PeerAddress: Equatable, Sendable, CustomStringConvertible {
  public enum Family: UInt8, Sendable {
    case unix = 1
    case ipv4 = 4
    case ipv6 = 6
  }
  public let family: Family
  /// Network byte order: the first 4 bytes for IPv4, all 16 for IPv6.
  public let bytes: [UInt8]
  public let port: UInt16

  init(_ peer: clinux_peer) {
    family = Family(rawValue: peer.family) ?? .unix
    port = peer.port
    var address = peer.address
    let count = family == .ipv4 ? 4 : family == .ipv6 ? 16 : 0
    bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0.prefix(count)) }
  }

  /// Somebody behind the other end, as a proxy names it.
  /// - Parameter bytes: 4 or 16, in network byte order.
  public init(_ bytes: [UInt8], port: UInt16) {
    family = bytes.count == 4 ? .ipv4 : .ipv6
    self.bytes = bytes
    self.port = port
  }

  /// Without the port, as the log shows it: `127.0.0.1`, `2001:db8::1`, `unix`.
  public var description: String {
    Self.description(bytes)
  }

  /// The same of the bytes alone: 4, 16, or none.
  public static func description(_ bytes: [UInt8]) -> String {
    guard bytes.count == 4 || bytes.count == 16 else { return "unix" }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let kind = bytes.count == 4 ? AF_INET : AF_INET6
    guard unsafe inet_ntop(kind, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// A socket that listens, non-blocking, closed with its owner.
public struct ListeningSocket: ~Copyable {
  public let descriptor: Descriptor
  /// The port that the kernel gave, for TCP.
  public let port: UInt16
  public let isTCP: Bool
  /// Several loops watch it.
  public let isShared: Bool
  /// Whoever started this process opened it, and keeps it open when we go.
  public let isInherited: Bool

  /// Connections that the kernel completes before we accept them; the kernel caps it at
  /// net.core.somaxconn.
  private static let backlog: CInt = 4096

  /// Listens on every loop's own socket of one address (SO_REUSEPORT): the kernel spreads
  /// connections over them. `host` is a numeric address or a name; its first address is taken.
  public static func tcp(host: String, port: UInt16) throws(SystemError) -> ListeningSocket {
    let socket = try bound(host, port, sharing: [SO_REUSEADDR, SO_REUSEPORT])
    try SystemError.checkErrno(listen(socket.number, backlog), "listen on \(shown(host)):\(port)")
    let given = localPort(socket.number) ?? port
    return ListeningSocket(descriptor: socket, port: given, isTCP: true, isShared: false)
  }

  private static func shown(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

  private static func bound(
    _ host: String, _ port: UInt16, sharing options: [CInt]
  ) throws(SystemError) -> Descriptor {
    try unsafe withAddress(host, port) { info throws(SystemError) in
      let socket = try open(unsafe info.pointee.ai_family)
      var on: CInt = 1
      let size = socklen_t(MemoryLayout<CInt>.size)
      for option in options {
        let answer = unsafe setsockopt(socket.number, SOL_SOCKET, option, &on, size)
        try SystemError.checkErrno(answer, "setsockopt")
      }
      // `[::]` beside `0.0.0.0` are two addresses, as they look.
      if unsafe info.pointee.ai_family == AF_INET6 {
        unsafe setsockopt(socket.number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &on, size)
      }
      let answer = unsafe bind(socket.number, info.pointee.ai_addr, info.pointee.ai_addrlen)
      try SystemError.checkErrno(answer, "listen on \(shown(host)):\(port)")
      return socket
    }
  }

  /// The first address of the host.
  private static func withAddress<Result: ~Copyable>(
    _ host: String, _ port: UInt16,
    _ body: (UnsafeMutablePointer<addrinfo>) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let info = unsafe found
    else { throw SystemError("resolve \(host)", EADDRNOTAVAIL) }
    defer { unsafe freeaddrinfo(info) }
    return try unsafe body(info)
  }

  /// Listens in the file system. A socket file that nobody answers is left over and replaced; one
  /// that answers is somebody else's (EADDRINUSE).
  public static func unix(path: String) throws(SystemError) -> ListeningSocket {
    let socket = try open(AF_UNIX)
    let address = try UnixAddress(path)
    let taken = unsafe address.use { unsafe connect(socket.number, $0, $1) }
    if taken == 0 { throw SystemError("bind \(path)", EADDRINUSE) }
    if errno == ECONNREFUSED && isSocket(path) { unsafe unlink(path) }
    let fresh = try open(AF_UNIX)
    let bound = unsafe address.use { unsafe bind(fresh.number, $0, $1) }
    try SystemError.checkErrno(bound, "bind \(path)")
    try SystemError.checkErrno(listen(fresh.number, backlog), "listen")
    return ListeningSocket(descriptor: fresh, port: 0, isTCP: false, isShared: true)
  }

  /// A file of another kind refuses connections too, and is not ours to remove.
  private static func isSocket(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  /// One more descriptor of the same socket (dup(2)), for a loop that adopts it; watch it as
  /// `.exclusive`. Whoever calls owns it until then.
  public func duplicate() throws(SystemError) -> CInt {
    try SystemError.checkErrno(fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0), "fcntl")
  }

  /// Takes over a descriptor that `duplicate` made of a socket like that.
  public init(adopting number: CInt, isTCP: Bool, isInherited: Bool) {
    self.init(
      descriptor: Descriptor(owning: number), port: 0, isTCP: isTCP, isShared: true,
      isInherited: isInherited)
  }

  private init(
    descriptor: consuming Descriptor, port: UInt16, isTCP: Bool, isShared: Bool,
    isInherited: Bool = false
  ) {
    self.descriptor = descriptor
    self.port = port
    self.isTCP = isTCP
    self.isShared = isShared
    self.isInherited = isInherited
  }

  /// Takes over a socket that was passed to this process.
  public init(_ inherited: InheritedSocket) {
    var isTCP = false
    if case .tcp = inherited.address { isTCP = true }
    self.init(adopting: inherited.number, isTCP: isTCP, isInherited: true)
  }

  /// The numeric form of the address that `tcp` listens on for this host; nil when it is not known.
  public static func numeric(host: String) -> String? {
    try? unsafe withAddress(host, 0) { info throws(SystemError) in
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let answer = unsafe getnameinfo(
        info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
        NI_NUMERICHOST)
      guard answer == 0 else { throw SystemError("getnameinfo", EADDRNOTAVAIL) }
      return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// SO_REUSEPORT lets two daemons of one user share a port without a word: throws EADDRINUSE if
  /// somebody listens there already.
  public static func checkFree(host: String, port: UInt16) throws(SystemError) {
    guard port != 0 else { return }
    let socket = try bound(host, port, sharing: [SO_REUSEADDR])
    try SystemError.checkErrno(Glibc.listen(socket.number, 1), "listen on \(shown(host)):\(port)")
  }

  public enum Accepted: ~Copyable {
    case connection(Descriptor, PeerAddress)
    /// Nobody waits.
    case none
    /// EMFILE or ENFILE: the connection stays in the kernel's queue.
    case outOfDescriptors
    /// That one went before we took it; the next may be there.
    case gone
    /// This socket will never give another connection.
    case failed(SystemError)
  }

  public func accept() -> Accepted {
    var peer = clinux_peer()
    let answer = unsafe clinux_accept(descriptor.number, &peer)
    if answer >= 0 { return .connection(Descriptor(owning: answer), PeerAddress(peer)) }
    switch -answer {
    // Short of memory counts as nobody: a later turn tries again.
    case EAGAIN, ENOBUFS, ENOMEM: return .none
    // accept(2): errors of the connection rather than of the socket.
    case ECONNABORTED, EINTR, EPROTO, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
      ENOPROTOOPT, ENONET, ETIMEDOUT:
      return .gone
    case EMFILE, ENFILE: return .outOfDescriptors
    default: return .failed(SystemError("accept4", -answer))
    }
  }

  private static func open(_ family: CInt) throws(SystemError) -> Descriptor {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Glibc.socket(family, kind, 0)
    return Descriptor(owning: try SystemError.checkErrno(socket, "socket"))
  }

  private static func localPort(_ socket: CInt) -> UInt16? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      let address = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      guard unsafe getsockname(socket, address, &length) == 0 else { return nil }
      // sockaddr_in and sockaddr_in6 both have the port at offset 2, in network byte order.
      let port = unsafe UnsafeRawPointer(pointer).load(fromByteOffset: 2, as: UInt16.self)
      return UInt16(bigEndian: port)
    }
  }
}
