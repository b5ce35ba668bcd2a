import Testing

@testable import LoadGeneration

@Suite struct TargetTests {
  @Test func `a URL is taken apart`() throws {
    let target = try Target("http://127.0.0.1:8080/v1/x?y=z")
    #expect(target.port == 8080 && target.path == "/v1/x?y=z" && target.host == "127.0.0.1:8080")
    #expect(target.address == Target.numeric("127.0.0.1"))
    #expect(try Target("http://localhost").path == "/")
    #expect(try Target("http://127.0.0.1?a").path == "/?a")
    #expect(try Target("http://127.0.0.1").port == 80)
  }

  @Test(arguments: [
    ("https://127.0.0.1/", "https is not spoken"), ("ftp://x/", "not an http:// URL"),
    ("http://:80/", "host and port"), ("http://127.0.0.1:0/", "not a port"),
    ("http://127.0.0.1:70000/", "not a port"), ("http://[::1]:80/", "host and port"),
    ("http://127.0.0.1/a b", "blanks"), ("http://no-such-host.invalid/", "no such host"),
  ])
  func `what cannot be asked is told`(url: String, reason: String) {
    let error = #expect(throws: UsageError.self) { try Target(url) }
    #expect(error?.description.contains(reason) == true)
  }

  @Test func `only requests that must differ do`() throws {
    let target = try Target("http://127.0.0.1:1/x")
    let same = RequestTemplate("POST", target, body: #"{"a":1}"#)
    #expect(same.bytes(session: "1") == same.bytes(session: "2"))
    let other = RequestTemplate("POST", target, body: #"{"s":"{session}"}"#)
    let text = String(decoding: other.bytes(session: "word"), as: UTF8.self)
    #expect(text.hasSuffix("Content-Length: 12\r\n\r\n{\"s\":\"word\"}"))
    #expect(text.hasPrefix("POST /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"))
  }
}
