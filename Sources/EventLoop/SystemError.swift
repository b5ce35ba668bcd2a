internal import Glibc

/// A system call that failed: which, and the kernel's reason.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  public let operation: String
  /// An `errno` value, positive.
  public let code: CInt

  public init(_ operation: String, _ code: CInt) {
    self.operation = operation
    self.code = code
  }

  public var description: String {
    unsafe "\(operation): \(String(cString: strerror(code)))"
  }

  /// Turns a shim's answer (`-errno` or a value) into the value or an error.
  @discardableResult
  static func check(_ answer: CInt, _ operation: String) throws(SystemError) -> CInt {
    guard answer >= 0 else { throw SystemError(operation, -answer) }
    return answer
  }

  /// The same for calls that answer -1 and set `errno`.
  @discardableResult
  static func checkErrno(_ answer: CInt, _ operation: String) throws(SystemError) -> CInt {
    guard answer >= 0 else { throw SystemError(operation, errno) }
    return answer
  }
}
