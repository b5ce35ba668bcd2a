internal import Glibc

/// What the system calls an error.
enum SystemText {
  static func of(_ code: CInt) -> String { unsafe String(cString: strerror(code)) }
}
