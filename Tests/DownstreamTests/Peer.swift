import Glibc

/// The client's end of a connection: non-blocking, in the same thread as the loop under test.
final class Peer {
  private(set) var descriptor: CInt
  /// Everything read so far.
  private(set) var received: [UInt8] = []
  /// The server has closed, or shut down its side.
  private(set) var sawEnd = false
  /// The connection was reset.
  private(set) var wasReset = false

  init(owning descriptor: CInt) {
    self.descriptor = descriptor
  }

  deinit { close() }

  var text: String { String(decoding: received, as: UTF8.self) }

  func write(_ text: String) { write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) {
    _ = unsafe Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
  }

  /// Takes what is there, at most `limit` bytes; says how many they were.
  @discardableResult
  func read(_ limit: Int = .max) -> Int {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var total = 0
    while total < limit {
      let wanted = min(buffer.count, limit - total)
      let count = unsafe recv(descriptor, &buffer, wanted, CInt(MSG_DONTWAIT))
      if count == 0 { sawEnd = true }
      if count < 0 && errno == ECONNRESET { wasReset = true }
      guard count > 0 else { break }
      received += buffer[..<count]
      total += count
    }
    return total
  }

  /// How many separate sends of the server are waiting; only for sockets that keep them apart.
  func countMessages() -> Int {
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    var messages = 0
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
      guard count > 0 else { return messages }
      received += buffer[..<count]
      messages += 1
    }
  }

  /// Takes back what has been read so far.
  func takeText() -> String {
    defer { received = [] }
    return text
  }

  func shutdownWriting() { Glibc.shutdown(descriptor, CInt(SHUT_WR)) }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes so that the other side gets a reset, for TCP.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout<linger>.size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, size)
    close()
  }
}

/// Two ends of one connection. `isSequenced`: every send arrives as a message of its own.
func socketPair(isSequenced: Bool = false, sendBuffer: CInt? = nil) -> (server: CInt, peer: CInt) {
  var ends: [CInt] = [-1, -1]
  let kind = isSequenced ? SOCK_SEQPACKET : SOCK_STREAM
  unsafe socketpair(
    AF_UNIX, CInt(kind.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
  if var bytes = sendBuffer {
    unsafe setsockopt(
      ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<CInt>.size))
  }
  return (ends[0], ends[1])
}

/// A TCP connection to a port of this machine.
func connected(to port: UInt16) -> CInt {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
  let answer = unsafe withUnsafePointer(to: &address) { pointer in
    let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
    return unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
  }
  precondition(answer == 0, "a listening socket of this process is there")
  return descriptor
}
