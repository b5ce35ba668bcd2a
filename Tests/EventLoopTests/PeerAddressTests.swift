import CLinux
import Testing

@testable import EventLoop

@Suite struct PeerAddressTests {
  private func address(_ family: UInt8, _ bytes: [UInt8], port: UInt16 = 0) -> PeerAddress {
    var peer = clinux_peer()
    peer.family = family
    peer.port = port
    unsafe withUnsafeMutableBytes(of: &peer.address) { unsafe $0.copyBytes(from: bytes) }
    return PeerAddress(peer)
  }

  @Test(arguments: [
    (4, [127, 0, 0, 1], "127.0.0.1"), (4, [255, 255, 255, 255], "255.255.255.255"),
    (6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1"),
    (6, [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xAB], "2001:db8::ab"),
    (6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1], "::ffff:10.0.0.1"),
    (1, [], "unix"), (0, [], "unix"), (9, [1, 2, 3, 4], "unix"),
  ])
  func `an address reads as the log shows it`(family: UInt8, bytes: [UInt8], text: String) {
    #expect(address(family, bytes).description == text)
  }

  @Test func `as many bytes as the family has, and the port`() {
    let four = address(4, [10, 0, 0, 1], port: 443)
    #expect(four.bytes == [10, 0, 0, 1])
    #expect(four.port == 443)
    #expect(address(6, [1]).bytes == [1] + Array(repeating: 0, count: 15))
    #expect(address(1, []).bytes == [])
  }
}
