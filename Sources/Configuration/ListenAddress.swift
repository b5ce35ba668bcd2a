internal import Admission
import Glibc

extension Settings.ListenAddress: CustomStringConvertible {
  /// As the configuration file writes it.
  public var description: String {
    switch self {
    case .tcp(let host, let port) where host.contains(":"): "[\(host)]:\(port)"
    case .tcp(let host, let port): "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

extension Settings.ListenAddress {
  /// Nobody beyond this machine reaches it.
  var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp("localhost", _), .tcp("::1", _): true
    case .tcp(let host, _): AddressBlock("127.0.0.0/8").map { $0.contains(host) } ?? false
    }
  }
}

extension Settings {
  /// Listeners where everybody could ask whom nobody let in: beyond the loopback, without keys.
  /// - Parameter inherited: Those that clients can reach, and the file does not name.
  public func openListeners(beside inherited: [ListenAddress] = []) -> [ListenAddress] {
    guard keys.isEmpty, !allowAnonymous else { return [] }
    return (listen + proxyProtocol + inherited).filter { !$0.isLocal }
  }
}

extension Settings.ListenAddress {
  /// The kernel chooses no part of it.
  var isFixed: Bool {
    if case .tcp(_, 0) = self { return false }
    return true
  }
}

extension AddressBlock {
  /// False for a name.
  fileprivate func contains(_ host: String) -> Bool {
    IPAddress.parse(host).map { contains($0) } ?? false
  }
}

extension Kind<Settings.ListenAddress> {
  /// Equal addresses come out equal however they were written: an IPv6 address in the form of
  /// RFC 5952, a name in lower case.
  static var listenAddress: Kind {
    Kind(
      parse: { value throws(Refusal) in
        guard case .string(let text) = value.content else { throw Refusal() }
        return text.hasPrefix("unix:") ? try unix(text.dropFirst(5)) : try tcp(text)
      },
      expected: { _ in
        "an address such as \"127.0.0.1:8080\", \"[::1]:8080\", \"localhost:0\""
          + " or \"unix:/run/deltad/deltad.sock\""
      },
      write: { "\"\($0)\"" })
  }

  private static func unix(_ path: Substring) throws(Refusal) -> Settings.ListenAddress {
    guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
      throw Refusal(expected: "an absolute path after \"unix:\"")
    }
    let bound = Settings.Bounds.socketPath.upperBound
    guard path.utf8.count <= bound else {
      throw Refusal(
        found: "found a socket path of \(path.utf8.count) bytes",
        expected: "at most \(bound) bytes")
    }
    return .unix(path: String(path))
  }

  private static func tcp(_ text: String) throws(Refusal) -> Settings.ListenAddress {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw Refusal() }
    let portText = text[colon...].dropFirst()
    guard let port = portNumber(portText) else {
      throw Refusal(expected: "a port from 0 to 65535 after the last \":\"")
    }
    guard let host = hostName(text[..<colon]) else { throw Refusal() }
    return .tcp(host: host, port: port)
  }
}

/// Decimal digits without a sign; nil over 65535.
func portNumber(_ text: Substring) -> UInt16? {
  guard 1...5 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
  return UInt16(text)
}

/// A name, an IPv4 address, or an IPv6 address in brackets (which are taken off, a zone kept), in
/// canonical form; nil for anything else.
func hostName(_ text: Substring) -> String? {
  if text.hasPrefix("["), text.hasSuffix("]") {
    let inner = text.dropFirst().dropLast()
    let parts = inner.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = canonicalIPv6(String(parts[0])) else { return nil }
    if parts.count == 1 { return address }
    guard 1...15 ~= parts[1].utf8.count, parts[1].utf8.allSatisfy(isLabelByte) else { return nil }
    return "\(address)%\(parts[1])"
  }
  let labels = text.split(separator: ".", omittingEmptySubsequences: false)
  guard text.utf8.count <= 253,
    labels.allSatisfy({ 1...63 ~= $0.utf8.count && $0.utf8.allSatisfy(isLabelByte) })
  else { return nil }
  let isNumeric = labels.last?.utf8.allSatisfy { 0x30...0x39 ~= $0 } ?? false
  guard !isNumeric || isIPv4(String(text)) else { return nil }
  return text.lowercased()
}

private func isLabelByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}

private func isIPv4(_ text: String) -> Bool {
  var address = in_addr()
  return unsafe inet_pton(AF_INET, text, &address) == 1
}

private func canonicalIPv6(_ text: String) -> String? {
  var address = in6_addr()
  guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
  var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
  guard unsafe inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count)) != nil else {
    return nil
  }
  return String(
    decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
