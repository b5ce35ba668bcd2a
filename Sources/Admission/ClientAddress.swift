/// Where a client is, as limits see it: one IPv4 address, or one IPv6 network, since whoever has
/// one address of a /64 has them all. An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) is
/// the IPv4 address that it stands for.
public struct ClientAddress: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// - Parameters:
  ///   - bytes: In network byte order: 4 for IPv4, 16 for IPv6; any other number is a peer without
  ///     an address, such as one on a Unix-domain socket, and all of those are one.
  ///   - prefix: The bits of an IPv6 address that count, 1 to 128.
  public init(_ bytes: [UInt8], prefix: Int = 64) {
    switch bytes.count {
    case 4: self.init(ipv4: bytes[...])
    case 16 where bytes[..<12] == Self.mapped: self.init(ipv4: bytes[12...])
    case 16:
      self.init(
        high: Self.word(bytes[..<8]) & Self.mask(prefix),
        low: Self.word(bytes[8...]) & Self.mask(prefix - 64))
    default: self.init(high: 0, low: 0)
    }
  }

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// As the mapped address, of which all bits count.
  private init(ipv4 bytes: ArraySlice<UInt8>) {
    self.init(high: 0, low: 0xFFFF_0000_0000 | Self.word(bytes))
  }

  private static let mapped: ArraySlice<UInt8> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func mask(_ bits: Int) -> UInt64 {
    bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max >> UInt64(bits))
  }
}
