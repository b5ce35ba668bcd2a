// What a load balancer says before anything else on a connection: who its client is (the PROXY
// protocol of HAProxy, versions 1 and 2, revision of 2020).
//
// It must be there on listeners that expect it, and is never guessed at: a client could otherwise
// say it. Version 1 is a line, version 2 begins with twelve bytes that begin no HTTP request.

/// Who the client is, as a proxy's header says it.
public enum ProxyHeader: Equatable, Sendable {
  /// The proxy's own connection, such as its health check, or one of which it knows nothing.
  case none
  /// An IPv4 or IPv6 address in network byte order (4 or 16 bytes), and a port.
  case client(address: [UInt8], port: UInt16)

  /// Bytes of a line of version 1, with its CRLF.
  static let lineBytes = 107
  /// Bytes behind the fixed part of version 2: addresses, and extensions, which are passed over.
  static let extensionBytes = 4096

  /// Reads a header from the beginning of `bytes`, which may hold part of it, or more.
  /// - Returns: Nil while more must come; then the header, and the number of its bytes.
  public static func parse(
    _ bytes: Span<UInt8>
  ) throws(ProxyHeaderError) -> (header: ProxyHeader, consumed: Int)? {
    guard !bytes.isEmpty else { return nil }
    return bytes[0] == signature[0] ? try parseBinary(bytes) : try parseLine(bytes)
  }

  // MARK: Version 2 (section 2.2)

  private static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]
  private static let fixedBytes = 16

  private static func parseBinary(
    _ bytes: Span<UInt8>
  ) throws(ProxyHeaderError) -> (header: ProxyHeader, consumed: Int)? {
    for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] {
      throw .notThere
    }
    if bytes.count > 12, bytes[12] >> 4 != 2 { throw .unknownVersion }
    guard bytes.count >= fixedBytes else { return nil }
    let length = Int(bytes[14]) << 8 | Int(bytes[15])
    guard length <= extensionBytes else { throw .tooLong }
    let end = fixedBytes + length
    switch bytes[12] & 0x0F {
    case 0: return bytes.count < end ? nil : (.none, end)
    case 1: break
    default: throw .unknownCommand
    }
    let size: Int
    switch (bytes[13] >> 4, bytes[13] & 0x0F) {
    case (1, 1): size = 4
    case (2, 1): size = 16
    // Datagrams, sockets of the file system, and what is not specified: no address to go by.
    case (0, 0), (1, 2), (2, 2), (3, 1), (3, 2): return bytes.count < end ? nil : (.none, end)
    default: throw .unknownFamily
    }
    guard length >= 2 * size + 4 else { throw .badAddress }
    guard bytes.count >= end else { return nil }
    let address = (fixedBytes..<fixedBytes + size).map { bytes[$0] }
    let place = fixedBytes + 2 * size
    return (
      .client(address: address, port: UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])), end
    )
  }

  // MARK: Version 1 (section 2.1)

  private static let prefix = Array("PROXY ".utf8)

  private static func parseLine(
    _ bytes: Span<UInt8>
  ) throws(ProxyHeaderError) -> (header: ProxyHeader, consumed: Int)? {
    for index in 0..<min(bytes.count, prefix.count) where bytes[index] != prefix[index] {
      throw .notThere
    }
    guard let end = (0..<min(bytes.count, lineBytes)).first(where: { bytes[$0] == 10 }) else {
      guard bytes.count < lineBytes else { throw .tooLong }
      return nil
    }
    guard end > prefix.count, bytes[end - 1] == 13 else { throw .badLine }
    let line = (prefix.count..<end - 1).map { bytes[$0] }
    return (try header(line), end + 1)
  }

  /// What stands behind `PROXY `: family, addresses and ports, with single blanks between them.
  private static func header(_ line: [UInt8]) throws(ProxyHeaderError) -> ProxyHeader {
    let words = line.split(separator: 32, omittingEmptySubsequences: false)
    // What follows UNKNOWN is to be ignored.
    if words[0].elementsEqual("UNKNOWN".utf8) { return .none }
    let isIPv4 = words[0].elementsEqual("TCP4".utf8)
    guard isIPv4 || words[0].elementsEqual("TCP6".utf8) else { throw .unknownFamily }
    guard words.count == 5, let port = number(words[3]), number(words[4]) != nil else {
      throw .badLine
    }
    let size = isIPv4 ? 4 : 16
    guard let client = address(words[1], size), address(words[2], size) != nil else {
      throw .badAddress
    }
    return .client(address: client, port: port)
  }

  private static func address(_ word: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
    let text = String(decoding: word, as: UTF8.self)
    // With brackets or a port it would be an address elsewhere.
    guard !text.contains("["), size == 16 || !text.contains(":"),
      let bytes = IPAddress.parse(text), bytes.count == size
    else { return nil }
    return bytes
  }

  /// 0 to 65535, without a leading zero.
  private static func number(_ digits: ArraySlice<UInt8>) -> UInt16? {
    guard let first = digits.first, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
      first != 0x30 || digits.count == 1
    else { return nil }
    return UInt16(String(decoding: digits, as: UTF8.self))
  }
}

/// Why a connection does not begin with a header of the PROXY protocol.
public enum ProxyHeaderError: Error, Equatable, Sendable {
  /// It begins with something else.
  case notThere
  case unknownVersion, unknownCommand, unknownFamily
  case badLine, badAddress
  case tooLong
}
