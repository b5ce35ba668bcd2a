/// How many lines of each kind have been written in this second.
struct LineSampling {
  /// 0 for no limit.
  var limit: Int

  private struct Window {
    var second: UInt64
    var written = 0
    /// Since the last line that was written.
    var skipped = 0
  }

  /// By kind: there are as many as the sources name.
  private var windows: [String: Window] = [:]

  init(limit: Int = 0) {
    self.limit = limit
  }

  /// Takes the place of one more line.
  ///
  /// - Returns: How many lines of the kind were left out since the last one; nil when this one is
  ///   left out too.
  mutating func take(_ kind: String, second: UInt64) -> Int? {
    guard limit > 0 else { return 0 }
    var window = windows[kind] ?? Window(second: second)
    defer { windows[kind] = window }
    if window.second != second {
      window.second = second
      window.written = 0
    }
    guard window.written < limit else {
      window.skipped += 1
      return nil
    }
    window.written += 1
    defer { window.skipped = 0 }
    return window.skipped
  }
}
