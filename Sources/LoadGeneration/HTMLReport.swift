extension Outcome {
  /// A page that needs nothing else.
  public func html(failures: [String]) -> String { "<pre>\(table())</pre>" }
}
