import Testing

@testable import Configuration

private typealias Address = Settings.ListenAddress

private let accepted: [(String, Address)] = [
  ("127.0.0.1:8080", .tcp(host: "127.0.0.1", port: 8080)),
  ("0.0.0.0:65535", .tcp(host: "0.0.0.0", port: 65535)),
  ("[::1]:8080", .tcp(host: "::1", port: 8080)), ("[::]:0", .tcp(host: "::", port: 0)),
  ("[2001:DB8:0:0::1]:1", .tcp(host: "2001:db8::1", port: 1)),
  ("[fe80::1%eth0]:1", .tcp(host: "fe80::1%eth0", port: 1)),
  ("[::ffff:1.2.3.4]:1", .tcp(host: "::ffff:1.2.3.4", port: 1)),
  ("localhost:0", .tcp(host: "localhost", port: 0)),
  ("Relay.Example.com:80", .tcp(host: "relay.example.com", port: 80)),
  ("unix:/run/deltad/deltad.sock", .unix(path: "/run/deltad/deltad.sock")),
  ("unix:/a b", .unix(path: "/a b")),
]

private let refused = [
  "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
  "127.0.0.1: 80", "127.0.0.1:000080", "127.0.0.1:8o", "256.0.0.1:80", "1.2.3:80", "127.1:80",
  "1:80", "::1:80", "[::1]", "[::1]80", "[::1:80", "[]:80", "[1.2.3.4]:80", "[::g]:80",
  "[::1%]:80", "[::1%a b]:80", "*:80", "a..b:80", "a b:80", ".a:80", "a.:80", "http://a:80",
  "unix:", "unix:/", "unix:run/a.sock", "unix:@deltad", "unix:/a/", "unix:/a\\u0000", "é:80",
]

private let urls: [(String, String)] = [
  ("https://api.example.com/v1", "https://api.example.com/v1"),
  ("https://api.example.com/v1/", "https://api.example.com/v1"),
  ("https://api.example.com/v1///", "https://api.example.com/v1"),
  ("http://localhost:8000", "http://localhost:8000"), ("http://a/", "http://a"),
  ("HTTP://A.Example:80/V1", "http://a.example:80/V1"),
  ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
  ("http://[::1]:8000/v1", "http://[::1]:8000/v1"), ("http://[0:0::1]", "http://[::1]"),
  ("https://a/b%20c/~d", "https://a/b%20c/~d"),
]

private let badURLs: [(String, String)] = [
  ("", "\"\""), ("api.example.com", "\"api.example.com\""), ("ftp://a", "\"ftp://a\""),
  ("https:/a", "\"https:/a\""), ("https://", "\"https://\""), ("https:///v1", "\"https:///v1\""),
  ("https://a b", "\"https://a b\""), ("https://a/ b", "\"https://a/ b\""),
  ("https://a:0", "\"https://a:0\""), ("https://a:65536", "\"https://a:65536\""),
  ("https://a:", "\"https://a:\""), ("https://[::1", "\"https://[::1\""),
  ("https://[fe80::1%25eth0]", "\"https://[fe80::1%25eth0]\""),
  ("https://é", "\"https://é\""), ("https://a/é", "\"https://a/é\""),
  ("https://1.2.3", "\"https://1.2.3\""),
]

@Suite struct AddressTests {
  @Test(arguments: accepted)
  private func `an address is taken in its canonical form`(_ text: String, _ address: Address)
    throws
  {
    #expect(try settings(demo("listen: [\"\(text)\"], allowAnonymous: true,")).listen == [address])
  }

  @Test(arguments: accepted)
  private func `an address is written so that it is read as the same`(
    _ text: String, _ address: Address
  ) throws {
    #expect(
      try settings(demo("listen: [\"\(address)\"], allowAnonymous: true,")).listen == [address])
  }

  @Test(arguments: refused)
  func `what is not an address is one problem`(_ text: String) {
    #expect(problems(demo("listen: [\"\(text)\"], allowAnonymous: true,")).count == 1)
  }

  @Test func `a socket path over 107 bytes is refused by its length`() {
    let path = "/" + String(repeating: "é", count: 53)
    #expect(problems(demo("listen: [\"unix:\(path)\"],")).isEmpty)
    #expect(
      problems(demo("listen: [\"unix:\(path)x\"],"))
        == ["listen[0]: found a socket path of 108 bytes; expected at most 107 bytes"])
  }

  @Test(arguments: urls)
  func `a base URL is taken without the slashes at its end`(_ text: String, _ expected: String)
    throws
  {
    let text = upstream("kind: \"openai\", baseURL: \"\(text)\"")
    #expect(try settings(text).upstreams.map(\.baseURL) == [expected])
  }

  @Test(arguments: badURLs)
  func `what is not a base URL is one problem`(_ text: String, _ shown: String) {
    #expect(
      problems(upstream("kind: \"openai\", baseURL: \"\(text)\"")) == [
        "upstreams[0].baseURL: found \(shown); expected an http or https URL with a host, such as "
          + "\"https://api.example.com/v1\""
      ])
  }

  @Test(arguments: [
    ("https://user:pw@a/v1", "user information or \"@\" (not shown)"),
    ("ftp://user@a", "user information or \"@\" (not shown)"),
    ("https://a/v1?key=pw", "a query or fragment (not shown)"),
    ("https://a/v1#pw", "a query or fragment (not shown)"),
    ("?", "a query or fragment (not shown)"),
  ])
  func `the parts of a base URL where secrets are, are refused and not shown`(
    _ text: String, _ found: String
  ) {
    #expect(
      problems(upstream("kind: \"openai\", baseURL: \"\(text)\"")) == [
        "upstreams[0].baseURL: found \(found); expected an http or https URL with a host, such as "
          + "\"https://api.example.com/v1\""
      ])
  }
}
