/// Suggestions for misspelt words.
public enum Spelling {
  /// The candidate nearest to `word`, or nil when none is near enough to be meant.
  ///
  /// Near enough is one slip for every three letters (at least one): a letter too many, too few,
  /// wrong, or swapped with its neighbour (the optimal string alignment distance). Case does not
  /// count. Of equally near candidates the first is taken. Words over 64 characters have no
  /// suggestion.
  public static func nearest(to word: String, in candidates: [String]) -> String? {
    let letters = Array(word.lowercased())
    guard letters.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in candidates {
      let other = Array(candidate.lowercased())
      guard other.count <= 64 else { continue }
      let distance = distance(letters, other)
      guard distance <= max(1, min(letters.count, other.count) / 3) else { continue }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
