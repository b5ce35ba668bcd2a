import HTTPWire
import Testing

/// A request head that is taken, and how it reads.
struct AcceptedHead: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let input: [UInt8]
  let head: ReadHead

  /// The fields are compared only where the vector names them; all bytes are consumed.
  init(_ name: String, _ input: String, _ adjust: (inout ReadHead) -> Void = { _ in }) {
    testDescription = name
    self.input = latin1(input)
    var head = ReadHead()
    head.consumed = self.input.count
    adjust(&head)
    self.head = head
  }

  /// `GET /` with Host and these fields.
  init(_ name: String, fields: String, _ adjust: (inout ReadHead) -> Void = { _ in }) {
    self.init(name, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", adjust)
  }

  /// This target, in a GET request.
  init(_ name: String, target: String, path: String, query: String? = nil) {
    self.init(name, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") {
      $0.target = target
      $0.path = path
      $0.query = query
    }
  }

  /// This method.
  init(method: String, _ expected: HTTPWire.Method) {
    self.init("method \(method)", "\(method) / HTTP/1.1\r\nHost: a\r\n\r\n") {
      $0.method = expected
      $0.methodName = method
    }
  }

  /// This Host.
  init(host: String) {
    self.init("Host \(host)", "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
  }

  static let all = requestLines + targets + methods + hosts + framings + connections + fields
}

extension AcceptedHead {
  private static let requestLines: [AcceptedHead] = [
    AcceptedHead("the shortest of HTTP/1.0", "GET / HTTP/1.0\r\n\r\n") {
      $0.minorVersion = 0
      $0.keepAlive = false
    },
    AcceptedHead("HTTP/1.0 with a Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n") {
      $0.minorVersion = 0
      $0.keepAlive = false
    },
    AcceptedHead("the shortest of HTTP/1.1", "GET / HTTP/1.1\r\nHost:a\r\n\r\n") {
      $0.fields = ["Host: a"]
    },
    AcceptedHead("one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    AcceptedHead("four empty lines before", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  ]

  private static let targets: [AcceptedHead] = [
    AcceptedHead("path", target: "/v1/chats/1", path: "/v1/chats/1"),
    AcceptedHead("query", target: "/a?b=c", path: "/a", query: "b=c"),
    AcceptedHead("empty query", target: "/a?", path: "/a", query: ""),
    AcceptedHead("second question mark", target: "/a?b?c", path: "/a", query: "b?c"),
    AcceptedHead("dot segments stay", target: "/a/../b/.", path: "/a/../b/."),
    AcceptedHead("two slashes are a path", target: "//a/b", path: "//a/b"),
    AcceptedHead("encoded bytes stay", target: "/%2e%2F%00%zz", path: "/%2e%2F%00%zz"),
    AcceptedHead("a URI in the query", target: "/?u=http://b/", path: "/", query: "u=http://b/"),
    AcceptedHead(
      "all visible bytes", target: "/!\"$%&'()*+,-.:;<=>@[\\]^_`{|}~",
      path: "/!\"$%&'()*+,-.:;<=>@[\\]^_`{|}~"),
    AcceptedHead("absolute", target: "http://b/c?d", path: "/c", query: "d"),
    AcceptedHead("absolute of https", target: "HTTPS://b:443/c", path: "/c"),
    AcceptedHead("absolute to an address", target: "http://[::1]:80/c", path: "/c"),
    AcceptedHead("absolute without path", target: "http://b", path: "/"),
    AcceptedHead("absolute with a query alone", target: "http://b?d", path: "/", query: "d"),
    AcceptedHead("absolute with a slash", target: "http://b:1/", path: "/"),
    AcceptedHead("asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") {
      $0.method = .options
      $0.methodName = "OPTIONS"
      $0.target = "*"
      $0.path = "*"
    },
  ]

  private static let methods: [AcceptedHead] = [
    AcceptedHead(method: "GET", .get),
    AcceptedHead(method: "HEAD", .head),
    AcceptedHead(method: "POST", .post),
    AcceptedHead(method: "PUT", .put),
    AcceptedHead(method: "PATCH", .patch),
    AcceptedHead(method: "DELETE", .delete),
    AcceptedHead(method: "OPTIONS", .options),
    AcceptedHead(method: "TRACE", .trace),
    AcceptedHead(method: "get", .other),
    AcceptedHead(method: "GETS", .other),
    AcceptedHead(method: "G", .other),
    AcceptedHead(method: "!#$%&'*+-.^_`|~09", .other),
    AcceptedHead(method: "ABCDEFGHIJKLMNOPQRST", .other),
  ]

  private static let hosts: [AcceptedHead] = [
    AcceptedHead(host: "example.com"),
    AcceptedHead(host: "example.com:"),
    AcceptedHead(host: "example.com:0"),
    AcceptedHead(host: "example.com:65535"),
    AcceptedHead(host: "127.0.0.1:8080"),
    AcceptedHead(host: "[::]"),
    AcceptedHead(host: "[2001:DB8::ffff:192.0.2.1]:8080"),
    AcceptedHead(host: "a_b-c~d.%C3%A9"),
    AcceptedHead(host: "\t a \t "),
  ]

  private static let framings: [AcceptedHead] = [
    AcceptedHead("length", fields: "Content-Length: 5\r\n") { $0.framing = .length(5) },
    AcceptedHead("length of nothing", fields: "content-length:0\r\n") { $0.framing = .length(0) },
    AcceptedHead("length with zeros before", fields: "CONTENT-LENGTH:\t007 \r\n") {
      $0.framing = .length(7)
    },
    AcceptedHead("the longest length", fields: "Content-Length: 9223372036854775807\r\n") {
      $0.framing = .length(.max)
    },
    AcceptedHead("chunked", fields: "Transfer-Encoding: chunked\r\n") { $0.framing = .chunked },
    AcceptedHead("chunked in capitals", fields: "TRANSFER-ENCODING:CHUNKED\t\r\n") {
      $0.framing = .chunked
    },
    AcceptedHead("TE says nothing about this body", fields: "TE: gzip, chunked\r\n"),
    AcceptedHead("a field like Content-Length", fields: "Content_Length: 5\r\n"),
  ]

  private static let connections: [AcceptedHead] = [
    AcceptedHead("close", fields: "Connection: close\r\n") { $0.keepAlive = false },
    AcceptedHead("CLOSE", fields: "CONNECTION:CLOSE\r\n") { $0.keepAlive = false },
    AcceptedHead("keep-alive", fields: "Connection: keep-alive\r\n"),
    AcceptedHead("close in a list", fields: "Connection: TE,\t close ,,x\r\n") {
      $0.keepAlive = false
    },
    AcceptedHead("close in a second field", fields: "Connection: te\r\nConnection: Close\r\n") {
      $0.keepAlive = false
    },
    AcceptedHead("close wins", fields: "Connection: close, keep-alive\r\n") {
      $0.keepAlive = false
    },
    AcceptedHead("options that only look like close", fields: "Connection: closed, clos e\r\n"),
    AcceptedHead("an empty list", fields: "Connection:\r\n"),
    AcceptedHead("keep-alive of 1.0", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") {
      $0.minorVersion = 0
    },
    AcceptedHead("both of 1.0", "GET / HTTP/1.0\r\nConnection: keep-alive,close\r\n\r\n") {
      $0.minorVersion = 0
      $0.keepAlive = false
    },
    AcceptedHead(
      "Upgrade is ignored",
      fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
    AcceptedHead("100-continue", fields: "Expect: 100-Continue\r\nContent-Length: 1\r\n") {
      $0.expectsContinue = true
      $0.framing = .length(1)
    },
    AcceptedHead("100-continue of 1.0", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") {
      $0.minorVersion = 0
      $0.keepAlive = false
    },
  ]

  private static let fields: [AcceptedHead] = [
    AcceptedHead("white space around values", fields: "A: \t b\tc \t\r\nB:d\r\nC:\r\nD: \t \r\n") {
      $0.fields = ["Host: a", "A: b\tc", "B: d", "C: ", "D: "]
    },
    AcceptedHead("repeated fields are kept apart", fields: "A: 1\r\na: 2\r\nA:\r\n") {
      $0.fields = ["Host: a", "A: 1", "a: 2", "A: "]
    },
    AcceptedHead("every byte of a token", fields: "!#$%&'*+-.^_`|~09azAZ: x\r\n") {
      $0.fields = ["Host: a", "!#$%&'*+-.^_`|~09azAZ: x"]
    },
    AcceptedHead("obs-text in a value", fields: "A: \u{80}\u{FF}\r\n") {
      $0.fields = ["Host: a", "A: \u{80}\u{FF}"]
    },
    AcceptedHead("a colon in a value", fields: "A: :b: c\r\n") {
      $0.fields = ["Host: a", "A: :b: c"]
    },
    AcceptedHead(
      "values as long as several blocks", fields: "A: 0123456789abcdef0123456789abcdef!\r\n"
    ) { $0.fields = ["Host: a", "A: 0123456789abcdef0123456789abcdef!"] },
  ]
}
