import EventLoop
import Glibc
import ModelFormats

@testable import Upstream

/// An upstream in the test's own thread: takes connections and requests when it is asked to look,
/// and answers with the bytes that the test gives.
final class ScriptedUpstream {
  private let listening: ListeningSocket
  private(set) var connections: [CInt] = []
  /// What came on the last connection, and has not been taken.
  private(set) var received = ""
  /// The other side of the last connection has closed.
  private(set) var sawEnd = false

  init() throws {
    listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
  }

  deinit { for connection in connections where connection >= 0 { Glibc.close(connection) } }

  var url: String { "http://127.0.0.1:\(listening.port)/v1/chat/completions" }

  func look() {
    if case .connection(let descriptor, _) = listening.accept() {
      connections.append(dup(descriptor.number))
      sawEnd = false
    }
    guard let connection = connections.last, connection >= 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe recv(connection, &buffer, buffer.count, CInt(MSG_DONTWAIT))
    if count > 0 { received += String(decoding: buffer[..<count], as: UTF8.self) }
    if count == 0 { sawEnd = true }
  }

  func takeRequest() -> String {
    defer { received = "" }
    return received
  }

  func write(_ text: String) {
    guard let connection = connections.last, connection >= 0 else { return }
    _ = unsafe send(connection, text, text.utf8.count, CInt(MSG_NOSIGNAL))
  }

  /// As one chunk of a chunked body.
  func writeChunk(_ text: String) {
    write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
  }

  static let streamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

  func close() {
    guard let connection = connections.popLast() else { return }
    Glibc.close(connection)
    connections.append(-1)
  }
}

/// A loop with a driver, and an upstream for its transfers.
final class TransferHarness {
  let loop: EventLoop
  let driver: TransferDriver
  let upstream: ScriptedUpstream
  var timeouts = Provider.Timeouts(
    connect: 5_000_000_000, firstEvent: 5_000_000_000, idle: 5_000_000_000,
    total: 5_000_000_000)

  private static let isLibraryReady: Bool = {
    TransferDriver.initializeLibrary()
    return true
  }()

  init() throws {
    precondition(Self.isLibraryReady)
    loop = try EventLoop()
    driver = TransferDriver(loop: loop, idleConnections: 10)
    upstream = try ScriptedUpstream()
  }

  func provider(url: String? = nil, answerBytes: Int = 1 << 20) -> Provider {
    Provider(
      name: "up", url: url ?? upstream.url, format: .openAIChat, key: Array("sk-test".utf8),
      authorityFile: nil, timeouts: timeouts, maximumEventBytes: 1 << 16,
      maximumAnswerBytes: answerBytes, idleLimit: 10)
  }

  /// Turns, with the upstream looking in between, until `condition` holds; false if it does not
  /// within ten seconds.
  func turn(until condition: () -> Bool) throws -> Bool {
    let deadline = loop.now + 10_000_000_000
    while !condition() {
      guard loop.now < deadline else { return false }
      try loop.turn(atMost: 2)
      upstream.look()
    }
    return true
  }

  /// Turns for so long.
  func turn(milliseconds: UInt64) throws {
    let end = loop.now + milliseconds * 1_000_000
    while loop.now < end {
      try loop.turn(atMost: 2)
      upstream.look()
    }
  }
}
