/// How far an incremental parser has come. A third outcome, bad input, is a thrown error.
public enum ParseStatus: Equatable, Sendable {
  /// All bytes given are good so far; more are needed.
  case partial
  /// The element ends after `consumed` bytes of those given to this call; what follows them has
  /// not been looked at.
  case complete(consumed: Int)
}
