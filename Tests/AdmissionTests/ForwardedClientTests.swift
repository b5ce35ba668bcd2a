import Admission
import Testing

@Suite struct ForwardedClientTests {
  @Test(
    arguments: [
      ("1.2.3.4", [1, 2, 3, 4]), ("1.2.3.4:80", [1, 2, 3, 4]),
      ("255.255.255.255", [255, 255, 255, 255]),
      ("::", Array(repeating: 0, count: 16)), ("::1", Array(repeating: 0, count: 15) + [1]),
      ("[::1]", Array(repeating: 0, count: 15) + [1]),
      ("[::1]:443", Array(repeating: 0, count: 15) + [1]),
      ("2001:db8::5:6", [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 8) + [0, 5, 0, 6]),
      ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
      ("::ffff:1.2.3.4", Array(repeating: 0, count: 10) + [255, 255, 1, 2, 3, 4]),
      ("", nil), ("1.2.3", nil), ("1.2.3.4.5", nil), ("1.2.3.256", nil), ("01.2.3.4", nil),
      ("1.2.3.4:", nil), ("1.2.3.4:x", nil), ("1.2.3.4:123456", nil), ("::1::", nil), (":::", nil),
      ("1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7:8:9", nil), ("12345::", nil), ("[::1", nil),
      ("[::1]x", nil), ("g::", nil), ("unknown", nil), ("_hidden", nil), ("fe80::1%eth0", nil),
      ("1:2:3:4:5:6:7::8", nil), ("+1::", nil), (" 1.2.3.4", nil),
    ] as [(String, [UInt8]?)])
  func `an address is what the standards say`(text: String, bytes: [UInt8]?) {
    #expect(IPAddress.parse(text) == bytes)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false),
    ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("1.2.3.4", "1.2.3.4", true),
    ("1.2.3.4", "1.2.3.5", false), ("0.0.0.0/0", "9.9.9.9", true), ("0.0.0.0/0", "::1", false),
    ("::1", "::1", true), ("2001:db8::/33", "2001:db8:7fff::1", true),
    ("2001:db8::/33", "2001:db8:8000::1", false), ("::/0", "::5", true),
  ])
  func `a block holds the addresses that begin as it does`(
    block: String, address: String, isInside: Bool
  ) throws {
    let block = try #require(AddressBlock(block))
    let bytes = try #require(IPAddress.parse(address))
    #expect(block.contains(bytes) == isInside)
  }

  @Test(arguments: ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "[::1]/128", "x/8"])
  func `what is no block is none`(text: String) {
    #expect(AddressBlock(text) == nil)
  }

  private static func client(
    _ peer: String, forwarded: [String]? = nil, for list: [String] = []
  ) -> String {
    let address = ForwardedClient.address(
      peer: IPAddress.parse(peer) ?? [], forwarded == nil ? .forwardedFor : .forwarded,
      values: forwarded ?? list,
      proxies: ["127.0.0.0/8", "::1/128", "10.0.0.0/8"].compactMap { AddressBlock($0) })
    return address.isEmpty ? "unix" : address.map(String.init).joined(separator: ".")
  }

  @Test(arguments: [
    ("9.9.9.9", [], "9.9.9.9"), ("9.9.9.9", ["1.1.1.1"], "9.9.9.9"),
    ("127.0.0.1", [], "127.0.0.1"), ("127.0.0.1", ["1.1.1.1"], "1.1.1.1"),
    ("127.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
    ("127.0.0.1", ["6.6.6.6,1.1.1.1 , 10.0.0.7"], "1.1.1.1"),
    ("127.0.0.1", ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
    ("127.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
    ("127.0.0.1", ["6.6.6.6, unknown"], "127.0.0.1"),
    ("127.0.0.1", ["6.6.6.6, unknown, 10.0.0.7"], "10.0.0.7"),
    ("127.0.0.1", ["", ","], "127.0.0.1"), ("127.0.0.1", ["1.1.1.1:1234"], "1.1.1.1"),
    ("unix", ["1.1.1.1"], "1.1.1.1"), ("unix", [], "unix"),
  ])
  func `the list is read from its end, and only a proxy is believed`(
    peer: String, list: [String], client: String
  ) {
    #expect(Self.client(peer, for: list) == client)
  }

  @Test(arguments: [
    (["for=1.1.1.1"], "1.1.1.1"), (["For=\"1.1.1.1:80\";proto=https;by=10.0.0.1"], "1.1.1.1"),
    (["for=6.6.6.6, for=1.1.1.1;by=x"], "1.1.1.1"), (["for=_hidden"], "127.0.0.1"),
    (["proto=https"], "127.0.0.1"), (["for=6.6.6.6", "for=1.1.1.1, for=10.0.0.1"], "1.1.1.1"),
  ])
  func `Forwarded names the client by a parameter`(values: [String], client: String) {
    #expect(Self.client("127.0.0.1", forwarded: values) == client)
  }
}
