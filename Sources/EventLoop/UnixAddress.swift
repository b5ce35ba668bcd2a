internal import Glibc

/// The address of a Unix-domain socket (unix(7)): a path, or `@` and a name in the abstract name
/// space.
struct UnixAddress {
  private var address = sockaddr_un()
  private let length: socklen_t

  /// - Throws: ENAMETOOLONG for more than 107 bytes.
  init(_ text: String) throws(SystemError) {
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(text.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemError("socket address \(text)", ENAMETOOLONG)
    }
    let isAbstract = bytes.first == UInt8(ascii: "@")
    if isAbstract { bytes[0] = 0 }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // The length ends an abstract name, and a zero byte ends a path.
    let family = MemoryLayout<sa_family_t>.size
    length = socklen_t(isAbstract ? family + bytes.count : MemoryLayout<sockaddr_un>.size)
  }

  /// For bind(2), connect(2) and their like.
  func use(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    unsafe withUnsafePointer(to: address) { pointer in
      let generic = unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      return unsafe body(generic, length)
    }
  }
}
