import Glibc
import Testing

@testable import EventLoop

@Suite struct SocketTests {
  /// A path in a folder of its own, removed with it.
  private final class Place {
    let folder: String
    var path: String { folder + "/socket" }

    init() {
      var template = Array("/tmp/sockets-XXXXXX".utf8CString)
      _ = unsafe mkdtemp(&template)
      folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
      unsafe unlink(path)
      unsafe rmdir(folder)
    }

    func write(_ text: String) {
      let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
      _ = unsafe Glibc.write(file, text, text.utf8.count)
      close(file)
    }

    var exists: Bool { unsafe access(path, F_OK) == 0 }
  }

  private func connect(to port: UInt16) -> CInt {
    let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return unsafe Glibc.connect(client, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    return client
  }

  /// The peer of the next connection; nil when nobody waits.
  private func accept(_ listening: borrowing ListeningSocket) throws -> String? {
    switch listening.accept() {
    case .connection(_, let peer): return peer.description
    case .none: return nil
    case .gone: return nil
    case .outOfDescriptors: throw SystemError("accept", EMFILE)
    case .failed(let error): throw error
    }
  }

  @Test func `the kernel gives a port, and connections to it are accepted`() throws {
    let listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
    #expect(listening.port != 0)
    #expect(try accept(listening) == nil)
    let client = connect(to: listening.port)
    defer { close(client) }
    #expect(try accept(listening) == "127.0.0.1")
    #expect(try accept(listening) == nil)
  }

  @Test func `an accepted socket does not block, and is not inherited by programs`() throws {
    let listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
    let client = connect(to: listening.port)
    defer { close(client) }
    guard case .connection(let descriptor, let peer) = listening.accept() else {
      Issue.record("nobody was accepted")
      return
    }
    #expect(fcntl(descriptor.number, F_GETFL) & O_NONBLOCK != 0)
    #expect(fcntl(descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    #expect(peer.family == .ipv4)
    #expect(peer.bytes == [127, 0, 0, 1])
    #expect(peer.port != 0 && peer.port != listening.port)
  }

  @Test func `loops of one daemon share a port, another daemon is refused`() throws {
    let first = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
    let second = try ListeningSocket.tcp(host: "127.0.0.1", port: first.port)
    #expect(second.port == first.port)
    #expect(throws: SystemError("listen on 127.0.0.1:\(first.port)", EADDRINUSE)) {
      try ListeningSocket.checkFree(host: "127.0.0.1", port: first.port)
    }
  }

  @Test func `a free port is found free, and stays so`() throws {
    var port: UInt16 = 0
    do {
      let listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
      port = listening.port
    }
    try ListeningSocket.checkFree(host: "127.0.0.1", port: port)
    try ListeningSocket.checkFree(host: "127.0.0.1", port: 0)
    let again = try ListeningSocket.tcp(host: "127.0.0.1", port: port)
    #expect(again.port == port)
  }

  @Test func `a host that is none is an error that names it`() {
    do {
      _ = try ListeningSocket.tcp(host: "256.1.1.1", port: 0)
      Issue.record("it listens")
    } catch {
      #expect(error.operation.contains("256.1.1.1"))
    }
  }

  @Test func `an address of another machine cannot be listened on`() {
    #expect(throws: SystemError("listen on 192.0.2.1:0", EADDRNOTAVAIL)) {
      _ = try ListeningSocket.tcp(host: "192.0.2.1", port: 0)
    }
  }

  // MARK: In the file system

  @Test func `a socket file that nobody answers is replaced`() throws {
    let place = Place()
    do { _ = try ListeningSocket.unix(path: place.path) }
    #expect(place.exists, "it is left over")
    let listening = try ListeningSocket.unix(path: place.path)
    #expect(listening.port == 0)
    #expect(try accept(listening) == nil)
  }

  @Test func `a socket that answers is somebody else's`() throws {
    let place = Place()
    let listening = try ListeningSocket.unix(path: place.path)
    #expect(throws: SystemError("bind \(place.path)", EADDRINUSE)) {
      _ = try ListeningSocket.unix(path: place.path)
    }
    #expect(try accept(listening) == "unix", "the question itself")
  }

  @Test func `a regular file in the place of the socket is left alone`() throws {
    let place = Place()
    place.write("precious")
    #expect(throws: SystemError.self) { _ = try ListeningSocket.unix(path: place.path) }
    #expect(place.exists)
  }

  @Test func `a path that is too long for a socket is refused`() {
    let path = "/tmp/" + String(repeating: "a", count: 103)
    #expect(throws: SystemError("socket address \(path)", ENAMETOOLONG)) {
      _ = try ListeningSocket.unix(path: path)
    }
  }

  @Test func `a copy of a socket accepts from the same queue`() throws {
    let listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
    let copy = ListeningSocket(
      adopting: try listening.duplicate(), isTCP: false, isInherited: false)
    #expect(copy.descriptor.number != listening.descriptor.number)
    let client = connect(to: listening.port)
    defer { close(client) }
    #expect(try accept(copy) == "127.0.0.1")
    #expect(try accept(listening) == nil)
  }
}
