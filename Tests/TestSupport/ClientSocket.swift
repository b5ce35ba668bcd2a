internal import Glibc

/// A blocking socket with all of its edges: pieces, half-closes, resets. For one thread at a time.
public final class ClientSocket {
  private var descriptor: CInt

  /// What came from the other side.
  public enum Received: Equatable {
    case bytes([UInt8])
    /// FIN.
    case end
    /// RST.
    case reset
  }

  public init(port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    descriptor = try Self.open(AF_INET)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let answer = unsafe withUnsafePointer(to: &address) { pointer in
      let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return unsafe connect(descriptor, generic, length)
    }
    guard answer == 0 else { throw Disappointment.call("connect") }
    var on: CInt = 1
    let size = socklen_t(MemoryLayout<CInt>.size)
    // Each piece that a test sends is to arrive as a piece.
    unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, size)
  }

  public init(path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    descriptor = try Self.open(AF_UNIX)
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let answer = unsafe withUnsafePointer(to: &address) { pointer in
      let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return unsafe connect(descriptor, generic, length)
    }
    guard answer == 0 else { throw Disappointment.call("connect") }
  }

  deinit { close() }

  private static func open(_ family: CInt) throws -> CInt {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw Disappointment.call("socket") }
    return descriptor
  }

  /// Sends all of it. Waits as long as the other side reads.
  /// - Returns: False when the other side has closed or reset before it was all taken.
  @discardableResult
  public func send(_ bytes: [UInt8]) throws -> Bool {
    var start = 0
    while start < bytes.count {
      try wait(for: POLLOUT, "the other side to read")
      let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)
      let count = unsafe bytes[start...].withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, flags)
      }
      if count >= 0 {
        start += count
      } else if errno == EPIPE || errno == ECONNRESET {
        return false
      } else if errno != EAGAIN && errno != EINTR {
        throw Disappointment.call("send")
      }
    }
    return true
  }

  /// Closes our sending half only.
  public func finishSending() {
    shutdown(descriptor, CInt(SHUT_WR))
  }

  public func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with RST.
  public func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout.size(ofValue: linger))
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, size)
    close()
  }

  /// Waits for something, and reads what there is.
  public func receive() throws -> Received {
    try wait(for: POLLIN, "bytes or the end of the connection")
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 { return .bytes(Array(buffer[..<count])) }
    if count == 0 { return .end }
    guard errno == ECONNRESET || errno == EPIPE else { throw Disappointment.call("recv") }
    return .reset
  }

  /// Whether the kernel has something for us at this moment: bytes, FIN or RST.
  public var hasSomething: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
  }

  private func wait(for events: CInt, _ what: String) throws {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let count = unsafe poll(&entry, 1, CInt(Patience.milliseconds))
    if count == 0 { throw Disappointment("waited in vain for \(what)") }
    if count < 0, errno != EINTR { throw Disappointment.call("poll") }
  }
}
