/// Collects what is wrong while a schema is walked.
///
/// Invariant: every problem has the offset of the place it is about, so that `problems` can be in
/// the order of the file, whatever order the checks ran in. What is missing counts as standing at
/// the closing bracket of the object that lacks it.
struct SchemaReader {
  let file: String
  private var starts: [DocumentPath: Int] = [:]
  private var ends: [DocumentPath: Int] = [:]
  private var unsound: Set<DocumentPath> = []
  private var reported: [(offset: Int, problem: ConfigurationProblem)] = []

  init(file: String) { self.file = file }

  /// In the order of the file; problems of one place in the order of their report.
  var problems: [ConfigurationProblem] {
    reported.enumerated()
      .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }
      .map(\.element.problem)
  }

  mutating func visit(_ path: DocumentPath, start: Int, end: Int) {
    starts[path] = start
    ends[path] = end
  }

  /// Whether the file has a value at `path`.
  func has(_ path: DocumentPath) -> Bool { starts[path] != nil }

  /// Whether the value at `path` is as the file says, or the default: nothing has been reported
  /// about it or about what it is part of. Checks that compare values ask first, lest one mistake
  /// be reported as two.
  func isSound(_ path: DocumentPath) -> Bool {
    var next: DocumentPath? = path
    while let current = next {
      if unsound.contains(current) { return false }
      next = current.parent
    }
    return true
  }

  /// `offset` is for a place other than that of `path`: the second of two equal keys.
  mutating func report(
    _ path: DocumentPath, at offset: Int? = nil, found: String, expected: String
  ) {
    unsound.insert(path)
    let place = offset ?? starts[path] ?? path.parent.flatMap { ends[$0] } ?? 0
    reported.append(
      (
        place,
        ConfigurationProblem(
          file: file, place: path.description, found: found, expected: expected)
      ))
  }

  // MARK: Objects

  /// Reads the members of an object by `fields`: each key once, no other key, none missing.
  ///
  /// In an object that `holdsSecret`, neither a value nor an unknown key is repeated in a message.
  mutating func read<Root>(
    _ value: JSON5Value, at path: DocumentPath, by fields: [Field<Root>], into root: inout Root,
    holdsSecret: Bool = false
  ) {
    guard case .object(let members) = value.content else {
      return report(
        path, found: "found \(value.type)",
        expected: holdsSecret
          ? secretAdvice : "expected an object with \(keyList(fields.map(\.key)))")
    }
    var seen: Set<String> = []
    for member in members {
      let place = path[member.key]
      guard let field = fields.first(where: { $0.key == member.key }) else {
        reportUnknown(member, at: path, among: fields.map(\.key), holdsSecret: holdsSecret)
        continue
      }
      guard seen.insert(member.key).inserted else {
        report(place, at: member.start, found: "found a second time", expected: "expected once")
        continue
      }
      visit(place, start: member.start, end: member.value.end)
      field.read(member.value, place, &self, &root)
    }
    for field in fields {
      if let missing = field.required, !seen.contains(field.key) {
        report(path[field.key], found: "missing", expected: "expected \(missing)")
      }
    }
  }

  private mutating func reportUnknown(
    _ member: JSON5Member, at path: DocumentPath, among keys: [String], holdsSecret: Bool
  ) {
    let suggestion = Spelling.nearest(to: member.key, in: keys).map { "did you mean \"\($0)\"?" }
    let isInline = holdsSecret && inlineKeys.contains(member.key.lowercased())
    if isInline { unsound.insert(path[SchemaReader.inlineMark]) }
    let expected =
      isInline ? secretAdvice : suggestion ?? "expected \(keyList(keys))"
    if holdsSecret, !isInline, suggestion == nil {
      report(
        path, at: member.start, found: "unknown key (not shown)", expected: expected)
    } else {
      report(path[member.key], at: member.start, found: "unknown key", expected: expected)
    }
  }

  /// Whether a secret was written into the object at `path`, which has been reported.
  func hasInlineSecret(_ path: DocumentPath) -> Bool {
    unsound.contains(path[SchemaReader.inlineMark])
  }

  private static let inlineMark = ""
}

/// Keys under which people write the secret itself.
private let inlineKeys: Set<String> = [
  "key", "apikey", "api_key", "secret", "value", "token", "bearer", "password",
]

/// What to do in place of writing a secret into the file.
let secretAdvice =
  "a secret is never written here: expected {file: \"PATH\"}, {credential: \"NAME\"} "
  + "or {environment: \"VARIABLE\"}"

func keyList(_ keys: [String]) -> String {
  keys.count == 1 ? "the key \(keys[0])" : "the keys \(keys.joined(separator: ", "))"
}
