/// What a key opens.
public struct KeyScope: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let completions = KeyScope(rawValue: 1)
  public static let streams = KeyScope(rawValue: 2)
  public static let chats = KeyScope(rawValue: 4)
  public static let agents = KeyScope(rawValue: 8)
  public static let widget = KeyScope(rawValue: 16)
  public static let admin = KeyScope(rawValue: 32)
}

/// The keys that open the APIs, by name.
///
/// Comparing takes the same time whichever byte differs, and all keys are compared every time:
/// nothing about a key can be learned by timing.
public struct KeyRing: Sendable {
  public struct Key: Sendable {
    public var name: String
    public var bytes: [UInt8]
    public var scope: KeyScope

    public init(name: String, bytes: [UInt8], scope: KeyScope) {
      self.name = name
      self.bytes = bytes
      self.scope = scope
    }
  }

  private var keys: [Key]

  public init(_ keys: [Key]) {
    self.keys = keys
  }

  /// No keys: everybody is let in.
  public var isEmpty: Bool { keys.isEmpty }

  /// Whether there is a key that opens it.
  public func opens(_ scope: KeyScope) -> Bool {
    keys.contains { $0.scope.isSuperset(of: scope) }
  }

  /// Whether the key of this name opens it.
  public func opens(_ scope: KeyScope, name: String) -> Bool {
    keys.contains { $0.name == name && $0.scope.isSuperset(of: scope) }
  }

  /// The name of the key that `presented` is, or nil when it is none that opens `scope`; any key
  /// opens the empty one.
  public func name(of presented: Span<UInt8>, for scope: KeyScope) -> String? {
    var found: String?
    for key in keys where Self.areEqual(key.bytes.span, presented) {
      if key.scope.isSuperset(of: scope) { found = key.name }
    }
    return found
  }

  /// Time depends on the lengths only.
  static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    var difference = UInt8(left.count == right.count ? 0 : 1)
    for index in 0..<min(left.count, right.count) { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
