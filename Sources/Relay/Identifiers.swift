internal import EventLoop

/// Opaque names, unguessable, from the system's random source.
enum Identifiers {
  private static let alphanumerics = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  private static let lowerCase = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

  static func chat() -> String { "chat_" + letters(16, of: alphanumerics) }
  static func message() -> String { "item_" + letters(16, of: alphanumerics) }
  static func conversation() -> String { "conv_" + letters(24, of: alphanumerics) }
  static func widgetConversation() -> String { letters(32, of: lowerCase) }

  /// A number as eleven letters, no two numbers as the same.
  static func letters(of number: UInt64) -> String {
    var (rest, letters) = (number, [UInt8]())
    letters.reserveCapacity(11)
    for _ in 0..<11 {
      letters.append(alphanumerics[Int(rest % UInt64(alphanumerics.count))])
      rest /= UInt64(alphanumerics.count)
    }
    return String(decoding: letters, as: UTF8.self)
  }

  /// So many letters, at most 40, each as likely as the others but for one part in 2^50.
  static func letters(_ count: Int, of alphabet: [UInt8]) -> String {
    precondition(count <= 40)
    let base = UInt64(alphabet.count)
    // Ten letters use 60 of a word's 64 bits at most: a system call for each would be dear.
    var words = SystemRandom.words()
    var letters: [UInt8] = []
    letters.reserveCapacity(count)
    for position in 0..<count {
      letters.append(alphabet[Int(words[position / 10] % base)])
      words[position / 10] /= base
    }
    return String(decoding: letters, as: UTF8.self)
  }
}
