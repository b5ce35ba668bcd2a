import Glibc

/// The listening socket; each connection gets a thread.
struct Listener {
  private static let backlog: Int32 = 1024

  private let descriptor: Int32
  /// The port in use, also if 0 was asked for.
  let port: UInt16

  /// Listens on an IPv4 address; ends the process with status 69 if that cannot be.
  static func openOrExit(host: String, port: UInt16) -> Listener {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var on: Int32 = 1
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))

    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      complain("--host: not an IPv4 address: \(host)")
      exitProcess(64)
    }
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
        unsafe bind(descriptor, general, size) == 0
          && listen(descriptor, backlog) == 0
          && getsockname(descriptor, general, &size) == 0
      }
    }
    guard bound else {
      complain("cannot listen on \(host):\(port): errno \(errno)")
      exitProcess(69)
    }
    return Listener(descriptor: descriptor, port: UInt16(bigEndian: address.sin_port))
  }

  /// Accepts until the process ends. Connections are numbered from 1.
  func serveForever(registry: Registry) -> Never {
    var connections = 0
    while true {
      let accepted = accept(descriptor, nil, nil)
      guard accepted >= 0 else {
        if errno == EMFILE || errno == ENFILE {
          complain("out of descriptors; accepting again in 50 ms")
          sleep(untilNanoseconds: monotonicNanoseconds() + 50_000_000)
        }
        continue
      }
      connections += 1
      let socket = ConnectedSocket(descriptor: accepted)
      let number = connections
      let started = startThread {
        Conversation(socket: socket, number: number, registry: registry).run()
      }
      if !started {
        complain("no thread for connection \(number)")
        socket.reset()
      }
    }
  }
}
