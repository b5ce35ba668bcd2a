/// Addresses as proxies and configurations write them (RFC 3986, section 3.2.2; RFC 4291, sections
/// 2.2 and 2.3).
public enum IPAddress {
  /// 4 or 16 bytes in network byte order; nil for what is no address. A port behind it, and the
  /// brackets that an IPv6 address then has, are passed over.
  public static func parse(_ text: String) -> [UInt8]? {
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || isPort(rest) else { return nil }
      return ipv6(text[text.index(after: text.startIndex)..<end])
    }
    let colons = text.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: ":") ? 1 : 0) }
    if colons > 1 { return ipv6(text[...]) }
    if colons == 1, let colon = text.firstIndex(of: ":") {
      guard isPort(text[colon...]) else { return nil }
      return ipv4(text[..<colon])
    }
    return ipv4(text[...])
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.hasPrefix(":") && 2...6 ~= text.utf8.count
      && text.utf8.dropFirst().allSatisfy { 0x30...0x39 ~= $0 }
  }

  private static func ipv4(_ text: Substring) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      // A leading zero would be octal to some readers.
      guard 1...3 ~= part.utf8.count, part.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
        part.utf8.count == 1 || part.utf8.first != 0x30, let byte = UInt8(part)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static func ipv6(_ text: Substring) -> [UInt8]? {
    guard let gap = text.firstRange(of: "::") else {
      guard let bytes = groups(text), bytes.count == 16 else { return nil }
      return bytes
    }
    guard let head = groups(text[..<gap.lowerBound]), let tail = groups(text[gap.upperBound...]),
      head.count + tail.count <= 14
    else { return nil }
    return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  /// Groups of 16 bits, the last two perhaps as an IPv4 address.
  private static func groups(_ text: Substring) -> [UInt8]? {
    if text.isEmpty { return [] }
    var bytes: [UInt8] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (position, part) in parts.enumerated() {
      if position == parts.count - 1, part.contains(".") {
        guard let last = ipv4(part) else { return nil }
        bytes += last
      } else {
        guard 1...4 ~= part.utf8.count, part.first != "+", let group = UInt16(part, radix: 16)
        else { return nil }
        bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
      }
    }
    return bytes
  }
}

/// A block of addresses (RFC 4632, section 3.1): `10.0.0.0/8`, `::1`.
public struct AddressBlock: Sendable, Equatable {
  private let bytes: [UInt8]
  private let bits: Int

  /// Nil for what is none. Without a length it is one address.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let bytes = IPAddress.parse(String(first)),
      !first.contains("[")
    else { return nil }
    self.bytes = bytes
    guard parts.count == 2 else {
      bits = bytes.count * 8
      return
    }
    guard parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let bits = Int(parts[1]),
      0...(bytes.count * 8) ~= bits
    else { return nil }
    self.bits = bits
  }

  /// An IPv4-mapped IPv6 address is the IPv4 address that it stands for.
  public func contains(_ address: [UInt8]) -> Bool {
    var address = address
    if address.count == 16, bytes.count == 4, address.starts(with: AddressBlock.mapped) {
      address.removeFirst(12)
    }
    guard address.count == bytes.count else { return false }
    for bit in 0..<bits where (address[bit / 8] ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) != 0 {
      return false
    }
    return true
  }

  private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
}

/// Who asks, when proxies stand between.
///
/// What a peer says of others counts only if the peer is one of our proxies; each of them appends
/// the address that it saw, so that the list is read from its end, and the first address that is
/// not a proxy's is the client's. What stands before it anybody may have written.
public enum ForwardedClient {
  public enum Field: Sendable {
    /// `X-Forwarded-For`.
    case forwardedFor
    /// `Forwarded` (RFC 7239).
    case forwarded
  }

  /// - Parameters:
  ///   - peer: Of the connection; empty for one on a Unix-domain socket, who is a proxy.
  ///   - field: What the proxies write.
  ///   - values: Of that field, in their order.
  /// - Returns: The peer when nobody else is named.
  public static func address(
    peer: [UInt8], _ field: Field, values: [String], proxies: [AddressBlock]
  ) -> [UInt8] {
    func isProxy(_ address: [UInt8]) -> Bool {
      address.isEmpty || proxies.contains { $0.contains(address) }
    }
    guard isProxy(peer) else { return peer }
    let elements = values.flatMap { $0.split(separator: ",") }
    let named = elements.map { field == .forwarded ? forParameter($0) : trimmed($0) }
    var client = peer
    for name in named.reversed() {
      // Hidden or unknown: all that is known is who said so.
      guard let address = IPAddress.parse(name) else { return client }
      client = address
      if !isProxy(address) { return client }
    }
    return client
  }

  private static func trimmed(_ text: Substring) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    let start = text.drop(while: isBlank)
    guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(start[...last])
  }

  /// The value of `for=` in one element, without its quotes; empty when there is none.
  private static func forParameter(_ element: Substring) -> String {
    for pair in element.split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, trimmed(parts[0]).lowercased() == "for" else { continue }
      let value = trimmed(parts[1])
      guard value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count >= 2 else {
        return value
      }
      return String(value.dropFirst().dropLast())
    }
    return ""
  }
}
