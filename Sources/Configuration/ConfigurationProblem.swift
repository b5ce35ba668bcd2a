/// One thing that is wrong with a configuration, so that its reader can put it right.
public struct ConfigurationProblem: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file as it was named to us.
  public let file: String
  /// A key path such as `upstreams[0].timeouts.connect`, or `line 3, column 7` for a syntax error.
  /// Empty when the file as a whole is meant.
  public let place: String
  /// What is there, as a phrase: `found "10 parsecs"`, `missing`, `unknown key`. Never a secret.
  public let found: String
  /// What would be right, as a phrase: `expected true or false`, `did you mean "timeouts"?`.
  public let expected: String

  public init(file: String, place: String, found: String, expected: String) {
    self.file = file
    self.place = place
    self.found = found
    self.expected = expected
  }

  /// One line: `FILE: PLACE: FOUND; EXPECTED`.
  public var description: String {
    "\(file): \(place.isEmpty ? "" : place + ": ")\(found); \(expected)"
  }
}

/// Everything that is wrong with a configuration, at least one problem, in the order of the file.
public struct ConfigurationProblems: Error, Equatable, Sendable, CustomStringConvertible {
  public let problems: [ConfigurationProblem]

  init(_ problems: [ConfigurationProblem]) {
    precondition(!problems.isEmpty, "a refusal needs a reason")
    self.problems = problems
  }

  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
