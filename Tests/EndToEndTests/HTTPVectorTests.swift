import TestSupport
import Testing

/// Requests as data: three lines each in `Tests/Fixtures/http-requests.txt`, the name, the bytes,
/// and what becomes of them.
@Suite(.showsLog)
struct HTTPVectorTests {
  @Test func `every vector gets its status, and the connection goes on or closes`() throws {
    let vectors = try HTTPVector.all()
    #expect(vectors.count >= 60)
    #expect(Set(vectors.map(\.name)).count == vectors.count)
    try withDaemon { daemon in
      for vector in vectors {
        try vector.check(daemon) { connection in try connection.send(vector.request) }
      }
    }
  }

  @Test func `it is the same byte by byte`() throws {
    let vectors = try HTTPVector.all().filter { $0.request.count <= 250 }
    #expect(vectors.count >= 60)
    try withDaemon { daemon in
      for vector in vectors {
        try vector.check(daemon) { connection in
          // What a refused request still has to say may come too late to be taken.
          for byte in vector.request where try !connection.send([byte]) { break }
        }
      }
    }
  }

  @Test func `it is the same cut in two anywhere`() throws {
    let vectors = try HTTPVector.all().filter { $0.request.count <= 250 }
    var random = SplitMix64(seed: 3)
    try withDaemon { daemon in
      for vector in vectors {
        for _ in 0..<4 {
          let cut = Int.random(in: 0...vector.request.count, using: &random)
          try vector.check(daemon) { connection in
            try connection.send(Array(vector.request[..<cut]))
            try connection.send(Array(vector.request[cut...]))
          }
        }
      }
    }
  }
}

struct HTTPVector {
  var name: String
  var request: [UInt8]
  var status: Int
  var isKept: Bool

  /// Sends the request, and checks the first answer and what becomes of the connection.
  func check(_ daemon: Daemon, send: (HTTPConnection) throws -> Void) throws {
    let connection = try daemon.connect()
    do {
      try send(connection)
      let method = request.starts(with: Array("HEAD ".utf8)) ? "HEAD" : "GET"
      var response = try connection.response(to: method)
      #expect(response.status == status, "\(name)")
      // A vector may be of several requests: only the last answer closes.
      if isKept {
        try connection.send(HTTPRequest.text("GET", "/healthz", ["X-Request-Id: behind"]))
        while response["X-Request-Id"] != "behind" { response = try connection.response() }
        #expect(response.text == #"{"status":"ok"}"#, "\(name)")
        #expect(!connection.hasSomething, "\(name)")
      } else {
        while response["Connection"] != "close" { response = try connection.response() }
        #expect(try connection.end() == .end, "\(name)")
      }
    } catch {
      Issue.record("\(name): \(error)")
    }
  }

  static func all() throws -> [HTTPVector] {
    let lines = try Repository.text("Tests/Fixtures/http-requests.txt").split(separator: "\n")
    guard lines.count.isMultiple(of: 3) else { throw Disappointment("three lines a vector") }
    return try stride(from: 0, to: lines.count, by: 3).map { start in
      try HTTPVector(lines[start], lines[start + 1], lines[start + 2])
    }
  }

  private init(_ title: Substring, _ escaped: Substring, _ outcome: Substring) throws {
    let words = outcome.split(separator: " ")
    guard title.hasPrefix("# "), words.count == 3, words[0] == "=>", let status = Int(words[1]),
      ["close", "keep"].contains(words[2])
    else { throw Disappointment("no vector: \(title) \(outcome)") }
    name = String(title.dropFirst(2))
    request = try Self.unescaped(escaped)
    self.status = status
    isKept = words[2] == "keep"
  }

  /// `\r`, `\n`, `\t`, `\\`, `\xNN`; anything else stands for itself.
  private static func unescaped(_ text: Substring) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "r"): bytes.append(13)
      case UInt8(ascii: "n"): bytes.append(10)
      case UInt8(ascii: "t"): bytes.append(9)
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else {
          throw Disappointment("no escape: \(text)")
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: throw Disappointment("no escape: \(text)")
      }
    }
    return bytes
  }
}
