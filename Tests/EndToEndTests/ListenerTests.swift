import Glibc
import TestSupport
import Testing

@Suite(.showsLog)
struct ListenerTests {
  private static func connect(_ path: String) throws -> HTTPConnection {
    HTTPConnection(try ClientSocket(path: path))
  }

  private static func listening(on addresses: String...) -> Configuration {
    var configuration = Configuration()
    configuration.listen = addresses
    return configuration
  }

  // MARK: Unix-domain sockets

  @Test func `a whole exchange goes over a Unix-domain socket`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("socket")
    try withDaemon(Self.listening(on: "unix:\(path)"), in: folder) { daemon in
      #expect(daemon.log.last?.hasSuffix(" info listening address=unix:\(path)") == true)
      let connection = try Self.connect(path)
      #expect(try connection.ask("GET", "/healthz").text == #"{"status":"ok"}"#)
      let body = HTTPRequest.chat("demo", stream: true)
      let stream = try connection.ask("POST", "/v1/chat/completions", body: body)
      #expect(stream.text.hasSuffix("data: [DONE]\n\n"))
      let id = try #require(stream["X-Stream-Id"])
      // Each loop accepts from the one socket: readers on all of them find the stream.
      for _ in 0..<20 {
        let reader = try Self.connect(path)
        #expect(try reader.ask("GET", "/v1/streams/\(id)").text.contains("event: done\n"))
      }
      let lines = try daemon.lines(22) { $0.contains(" info request ") }
      let local = lines.filter { $0.contains(" client=unix ") }
      #expect(local == lines)
    }
  }

  @Test func `several addresses are served together`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("socket")
    try withDaemon(Self.listening(on: "unix:\(path)", "127.0.0.1:0"), in: folder) { daemon in
      let lines = try daemon.lines(2) { $0.contains(" info listening ") }
      #expect(lines[0].hasSuffix(" address=unix:\(path)"))
      let number = lines[1].split(separator: " address=127.0.0.1:").last.flatMap { UInt16($0) }
      let port = try #require(number)
      #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
      #expect(try Self.connect(path).ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `a socket file that was left over is replaced`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("socket")
    let configuration = Self.listening(on: "unix:\(path)")
    let killed = try Daemon(configuration.text, in: folder)
    killed.signal(SIGKILL)
    #expect(try killed.exitStatus() == -SIGKILL)
    #expect(throws: Disappointment.self) { try ClientSocket(path: path) }
    for _ in 0..<2 {
      try withDaemon(configuration, in: folder) { _ in
        let response = try Self.connect(path).ask("GET", "/healthz")
        #expect(response.status == 200)
      }
    }
  }

  @Test func `a socket that somebody serves is left alone, and the start refused`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("socket")
    let configuration = Self.listening(on: "unix:\(path)")
    try withDaemon(configuration, in: folder) { _ in
      let refused = try refusedStart(configuration, in: folder)
      #expect(refused.status == 1)
      #expect(refused.errors.contains(" error start error=\""))
      #expect(refused.errors.contains(path))
      #expect(refused.errors.hasSuffix("Address already in use\"\n"))
      #expect(try Self.connect(path).ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `a file that is no socket is left alone, and the start refused`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("precious", to: "file")
    let refused = try refusedStart(Self.listening(on: "unix:\(path)"), in: folder)
    #expect(refused.status == 1)
    #expect(refused.errors.contains(" error start error=\""))
    #expect(refused.errors.contains(path))
    #expect(folder.read("file") == "precious")
  }

  @Test func `a folder that does not exist is named`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("none/socket")
    let refused = try refusedStart(Self.listening(on: "unix:\(path)"), in: folder)
    #expect(refused.status == 1)
    #expect(refused.errors.contains(path))
    #expect(refused.errors.hasSuffix("No such file or directory\"\n"))
  }

  // MARK: TCP

  @Test func `a port that is taken refuses the start, with its address`() throws {
    try withDaemon { daemon in
      let address = "127.0.0.1:\(daemon.port)"
      let refused = try refusedStart(Self.listening(on: address), in: daemon.folder)
      #expect(refused.status == 1)
      #expect(refused.output.isEmpty)
      #expect(
        refused.errors.hasSuffix(
          " error start error=\"listen on \(address): Address already in use\"\n"))
      #expect(try daemon.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `an address that is not of this machine refuses the start`() throws {
    let folder = try TemporaryFolder()
    // RFC 5737: for documentation, and nobody's.
    var configuration = Self.listening(on: "192.0.2.1:8080")
    configuration.more = "allowAnonymous: true,"
    let refused = try refusedStart(configuration, in: folder)
    #expect(refused.status == 1)
    #expect(
      refused.errors.hasSuffix(
        " error start error=\"listen on 192.0.2.1:8080: Cannot assign requested address\"\n"))
  }

  @Test func `a port can be taken again as soon as the daemon has ended`() throws {
    var configuration = Configuration()
    var port: UInt16 = 0
    try withDaemon(configuration) { daemon in
      port = daemon.port
      // A connection that the daemon closes first leaves the port in TIME_WAIT.
      let response = try daemon.ask("GET", "/healthz", ["Connection: close"])
      #expect(response["Connection"] == "close")
    }
    configuration.listen = ["127.0.0.1:\(port)"]
    try withDaemon(configuration) { daemon in
      let response = try daemon.ask("GET", "/healthz")
      #expect(daemon.port == port)
      #expect(response.status == 200)
    }
  }
}
