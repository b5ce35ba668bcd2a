internal import Glibc

/// Something in the arguments that cannot be: one sentence, for exit status 2.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Where requests go: an `http://host:port/path`, its host resolved once.
public struct Target: Equatable, Sendable {
  /// IPv4, in network byte order.
  var address: UInt32
  var port: UInt16
  /// As in the URL, for the Host field.
  public let host: String
  /// With its query; begins with a slash.
  public var path: String

  public init(_ url: String) throws(UsageError) {
    if url.hasPrefix("https://") {
      throw UsageError("\(url): https is not spoken here; measure the plain listener")
    }
    guard url.hasPrefix("http://") else { throw UsageError("\(url): not an http:// URL") }
    let rest = url.dropFirst("http://".count)
    host = String(rest.prefix { $0 != "/" && $0 != "?" })
    let tail = String(rest.dropFirst(host.count))
    path = tail.hasPrefix("/") ? tail : "/" + tail
    guard !path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
      throw UsageError("\(url): a path with blanks")
    }
    let parts = host.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.first, !name.isEmpty else {
      throw UsageError("\(url): a host and port are needed (IPv4 or a name)")
    }
    port = 80
    if parts.count == 2 {
      guard let number = UInt16(parts[1]), number > 0 else {
        throw UsageError("\(url): not a port: \(parts[1])")
      }
      port = number
    }
    address = try Self.resolve(String(name))
  }

  /// `127.0.0.1` or a name; its first IPv4 address is taken.
  static func resolve(_ name: String) throws(UsageError) -> UInt32 {
    if let address = numeric(name) { return address }
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_INET
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(name, nil, &hints, &found) == 0, let info = unsafe found else {
      throw UsageError("\(name): no such host")
    }
    defer { unsafe freeaddrinfo(info) }
    // SAFETY: the family asked for is AF_INET, so the address is a sockaddr_in.
    return unsafe UnsafeRawPointer(info.pointee.ai_addr).load(as: sockaddr_in.self).sin_addr.s_addr
  }

  /// A dotted IPv4 address in network byte order.
  public static func numeric(_ text: String) -> UInt32? {
    var address = in_addr()
    return unsafe inet_pton(AF_INET, text, &address) == 1 ? address.s_addr : nil
  }
}
