/// Names a stream, and is itself the permission to read it: 131 bits from the system's random
/// source, behind a letter that says which loop owns the stream.
struct StreamID: Hashable, Sendable {
  let text: String

  static let prefix = "strm_"
  private static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  /// 62^22 > 2^130.
  private static let randomLetters = 22
  /// One letter names the owner.
  static let maximumLoops = alphabet.count

  init(owner: Int) {
    let loop = String(decoding: [Self.alphabet[owner]], as: UTF8.self)
    text = Self.prefix + loop + Identifiers.letters(Self.randomLetters, of: Self.alphabet)
  }

  /// Nil for what no stream can be called.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    let start = Self.prefix.utf8.count
    guard text.hasPrefix(Self.prefix), bytes.count == start + 1 + Self.randomLetters,
      bytes[start...].allSatisfy({ Self.alphabet.contains($0) })
    else { return nil }
    self.text = text
  }

  /// Position of the loop that owns the stream; it may not exist any more.
  var owner: Int {
    Self.alphabet.firstIndex(of: Array(text.utf8)[Self.prefix.utf8.count]) ?? 0
  }
}
