extension Script {
  enum Piece { case word, character }

  /// The text word by word, each with the white space before it (a tokenizer's habit), or
  /// character by character. The pieces concatenate to the text.
  static func pieces(of text: String, each piece: Piece) -> [String] {
    switch piece {
    case .character: return text.map(String.init)
    case .word:
      var pieces: [String] = []
      var current = ""
      var inWord = false
      for character in text {
        if character.isWhitespace, inWord {
          pieces.append(current)
          current = ""
        }
        inWord = !character.isWhitespace
        current.append(character)
      }
      if !current.isEmpty { pieces.append(current) }
      return pieces
    }
  }

  /// The text in `count` pieces whose lengths in characters differ by at most one; fewer if the
  /// text has fewer characters.
  static func pieces(of text: String, count: Int) -> [String] {
    let characters = Array(text)
    let count = min(count, characters.count)
    return (0..<count).map { index in
      let start = index * characters.count / count
      let end = (index + 1) * characters.count / count
      return String(characters[start..<end])
    }
  }
}
