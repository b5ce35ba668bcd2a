import Admission
import Testing

@Suite struct ClientAddressTests {
  private static func ipv6(_ words: [UInt16]) -> [UInt8] {
    words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
  }

  private static let mapped = ipv6([0, 0, 0, 0, 0, 0xFFFF, 0xC0A8, 0x0102])

  @Test func `an IPv4 address is itself, mapped or not`() {
    let address = ClientAddress([192, 168, 1, 2])
    #expect(address == ClientAddress(Self.mapped))
    #expect(address == ClientAddress(Self.mapped, prefix: 48))
    #expect(address != ClientAddress([192, 168, 1, 3]))
    #expect(address != ClientAddress([193, 168, 1, 2]))
  }

  @Test(arguments: [64, 48, 56, 63, 65, 128, 1])
  func `of an IPv6 address the prefix counts`(prefix: Int) {
    let base = Self.ipv6([0x2001, 0xDB8, 1, 2, 3, 4, 5, 6])
    for bit in 0..<128 {
      var changed = base
      changed[bit / 8] ^= 0x80 >> UInt8(bit % 8)
      let isSame = ClientAddress(base, prefix: prefix) == ClientAddress(changed, prefix: prefix)
      #expect(isSame == (bit >= prefix), "bit \(bit)")
    }
  }

  @Test func `peers without an address are one`() {
    #expect(ClientAddress([]) == ClientAddress([1]))
    #expect(ClientAddress([]) != ClientAddress([0, 0, 0, 0]))
  }
}
