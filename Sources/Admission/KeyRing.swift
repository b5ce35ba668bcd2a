/// The keys that open an API, by name.
///
/// Comparing takes the same time whichever byte differs, and all keys are compared every time:
/// nothing about a key can be learned by timing.
public struct KeyRing: Sendable {
  private var keys: [(name: String, bytes: [UInt8])]

  public init(_ keys: [(name: String, bytes: [UInt8])]) {
    self.keys = keys
  }

  /// No keys: everybody is let in.
  public var isEmpty: Bool { keys.isEmpty }

  /// The name of the key that `presented` is, or nil.
  public func name(of presented: Span<UInt8>) -> String? {
    var found: String?
    for key in keys where Self.areEqual(key.bytes.span, presented) { found = key.name }
    return found
  }

  /// Time depends on the lengths only.
  static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    var difference = UInt8(left.count == right.count ? 0 : 1)
    for index in 0..<min(left.count, right.count) { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
