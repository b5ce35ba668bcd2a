internal import Glibc

/// Sole owner of an open file descriptor: closed when its owner goes, never twice.
public struct Descriptor: ~Copyable {
  /// Valid as long as this value lives.
  public let number: CInt

  public init(owning number: CInt) {
    self.number = number
  }

  deinit {
    Glibc.close(number)
  }
}
