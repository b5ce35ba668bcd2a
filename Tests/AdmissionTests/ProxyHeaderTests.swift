import Admission
import TestSupport
import Testing

private let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

private func binary(
  _ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil
) -> [UInt8] {
  let length = length ?? rest.count
  return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + rest
}

private func line(_ text: String) -> [UInt8] { Array(text.utf8) }

private let ipv4: [UInt8] = [203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 1, 187]
private let ipv6Client: [UInt8] = [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [9]
private let ipv6 = ipv6Client + Array(repeating: 1, count: 16) + [0, 80, 1, 187]

/// Headers, and what they say.
private let taken: [([UInt8], ProxyHeader)] = [
  (
    line("PROXY TCP4 203.0.113.7 10.0.0.1 8080 443\r\n"),
    .client(address: [203, 0, 113, 7], port: 8080)
  ),
  (line("PROXY TCP6 2001:db8::9 ::1 80 443\r\n"), .client(address: ipv6Client, port: 80)),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 0 65535\r\n"), .client(address: [1, 2, 3, 4], port: 0)),
  (
    line(
      "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
        + "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
    .client(address: Array(repeating: 255, count: 16), port: 65535)
  ),
  (line("PROXY UNKNOWN\r\n"), .none),
  (line("PROXY UNKNOWN whatever it may be\r\n"), .none),
  (binary(0x21, 0x11, ipv4), .client(address: [203, 0, 113, 7], port: 8080)),
  (binary(0x21, 0x21, ipv6), .client(address: ipv6Client, port: 80)),
  // Extensions behind the addresses.
  (
    binary(0x21, 0x11, ipv4 + [3, 0, 4, 1, 2, 3, 4]),
    .client(address: [203, 0, 113, 7], port: 8080)
  ),
  (
    binary(0x21, 0x11, ipv4 + Array(repeating: 0, count: 4084)),
    .client(address: [203, 0, 113, 7], port: 8080)
  ),
  // The proxy's own connection, whatever else it says.
  (binary(0x20, 0x00, []), .none),
  (binary(0x20, 0x11, ipv4), .none),
  (binary(0x20, 0xFF, [1, 2]), .none),
  // Not specified, datagrams, sockets of the file system.
  (binary(0x21, 0x00, []), .none),
  (binary(0x21, 0x12, ipv4), .none),
  (binary(0x21, 0x31, Array(repeating: 0, count: 216)), .none),
]

private let refused: [([UInt8], ProxyHeaderError)] = [
  (line("GET / HTTP/1.1\r\n"), .notThere), (line("PROXX "), .notThere), ([0x16, 3, 1], .notThere),
  (line("\r\n\r\nGET"), .notThere),
  ([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 13], .notThere),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), .badLine), (line("PROXY \r\n"), .unknownFamily),
  (line("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), .unknownFamily),
  (line("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"), .unknownFamily),
  (line("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), .unknownFamily),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 1 02\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"), .badLine),
  (line("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n"), .badLine),
  (line("PROXY TCP4 ::1 1.2.3.4 1 2\r\n"), .badAddress),
  (line("PROXY TCP4 1.2.3.4:5 1.2.3.4 1 2\r\n"), .badAddress),
  (line("PROXY TCP4 1.2.3.4 01.2.3.4 1 2\r\n"), .badAddress),
  (line("PROXY TCP6 1.2.3.4 ::1 1 2\r\n"), .badAddress),
  (line("PROXY TCP6 [::1] ::1 1 2\r\n"), .badAddress),
  (line("PROXY UNKNOWN " + String(repeating: "x", count: 93)), .tooLong),
  (binary(0x11, 0x11, ipv4), .unknownVersion), (binary(0x22, 0x11, ipv4), .unknownCommand),
  (binary(0x21, 0x41, ipv4), .unknownFamily),
  (binary(0x21, 0x01, ipv4), .unknownFamily), (binary(0x21, 0x10, ipv4), .unknownFamily),
  (binary(0x21, 0x30, ipv4), .unknownFamily), (binary(0x21, 0x13, ipv4), .unknownFamily),
  (binary(0x21, 0x11, Array(ipv4.dropLast())), .badAddress),
  (binary(0x21, 0x21, ipv4), .badAddress), (binary(0x21, 0x11, [], length: 4097), .tooLong),
  (binary(0x20, 0x00, [], length: 65535), .tooLong),
]

private func parse(
  _ bytes: [UInt8]
) throws(ProxyHeaderError) -> (header: ProxyHeader, consumed: Int)? {
  try ProxyHeader.parse(bytes.span)
}

@Suite struct ProxyHeaderTests {
  @Test(arguments: taken)
  func `a header is read when it is all there, and what follows is left`(
    _ bytes: [UInt8], _ expected: ProxyHeader
  ) throws {
    for count in 0..<bytes.count { #expect(try parse(Array(bytes[..<count])) == nil) }
    for trailing in [[], line("GET / HTTP/1.1\r\n\r\n"), bytes] {
      let parsed = try #require(try parse(bytes + trailing))
      #expect(parsed.header == expected && parsed.consumed == bytes.count)
    }
  }

  @Test(arguments: refused)
  func `what is no header is refused, and never waited for beyond its bound`(
    _ bytes: [UInt8], _ expected: ProxyHeaderError
  ) {
    #expect(throws: expected) { try parse(bytes) }
    #expect(throws: expected) { try parse(bytes + line("\r\n")) }
  }

  @Test(arguments: 1...50)
  func `whatever the bytes, it ends within its bounds`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    for _ in 0..<200 {
      var bytes = taken.randomElement(using: &random).map(\.0) ?? []
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes += Array(repeating: 0, count: 5000)
      let parsed = try? parse(bytes)
      #expect(parsed == nil || parsed.map { 1...4112 ~= $0.consumed } == true)
      #expect((try? parse(bytes)) == nil || parsed != nil)
    }
  }
}
