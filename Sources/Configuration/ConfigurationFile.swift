/// Reads the one configuration file, JSON5, into `Settings`.
///
/// The theory: this stands between a person who edits a file and a daemon that must not start on a
/// mistake. Bytes become a tree that knows where everything stood (`JSON5Parser`), the tree is held
/// against a table of keys (`Schema`), then values are held against each other. Nothing stops at
/// the first mistake, the syntax apart; all problems are returned together, in the order of the
/// file, each with its key path, what was found and what would be right.
///
/// The rules: a key that is unknown or written twice is a problem, for a misspelt limit must not
/// silently be the default. Numbers have no implied unit. Secrets are never in the file, and what
/// may be one is never in a message.
///
/// It deliberately does not look outside the file: whether key files exist and what they hold is
/// for `Secrets`, whether an address can be bound for the listener.
public enum ConfigurationFile {
  /// - Parameters:
  ///   - bytes: The file, UTF-8, with or without a byte order mark.
  ///   - file: Its path: problems name it, and relative paths inside are from its folder.
  public static func decode(
    _ bytes: [UInt8], file: String
  ) -> Result<Settings, ConfigurationProblems> {
    let root: JSON5Value
    do {
      root =
        try JSON5Parser.parse(bytes)
        ?? JSON5Value(content: .object([]), start: bytes.count, end: bytes.count)
    } catch {
      return .failure(
        ConfigurationProblems([
          ConfigurationProblem(
            file: file, place: "line \(error.line), column \(error.column)",
            found: "found \(error.found)", expected: "expected \(error.expected)")
        ]))
    }
    var settings = Settings()
    var reader = SchemaReader(file: file)
    reader.visit(DocumentPath(), start: root.start, end: root.end)
    let schema = Schema(folder: folder(of: file))
    reader.read(root, at: DocumentPath(), by: schema.settings, into: &settings)
    reader.crossCheck(settings)
    let problems = reader.problems
    return problems.isEmpty ? .success(settings) : .failure(ConfigurationProblems(problems))
  }

  /// Reads and decodes. A file that is missing, a folder, not ours to read or over 1 MiB is one
  /// problem without a place. Blocks on the disk: for the start and for a reload's own thread.
  public static func load(path: String) -> Result<Settings, ConfigurationProblems> {
    do {
      let bound = Settings.Bounds.fileBytes.upperBound
      let decoded = decode(try FileContents.read(path, atMost: bound).bytes, file: path)
      guard case .success(let settings) = decoded, let archive = settings.archive.file,
        FileContents.areSame(archive, path)
      else { return decoded }
      return .failure(
        ConfigurationProblems([
          ConfigurationProblem(
            file: path, place: "archive.file", found: "found this file",
            expected: "expected a file of its own for the database")
        ]))
    } catch {
      return .failure(
        ConfigurationProblems([
          ConfigurationProblem(
            file: path, place: "", found: error.found, expected: "expected \(error.expected)")
        ]))
    }
  }

  /// With its slash at the end; empty for the working directory.
  private static func folder(of file: String) -> String {
    file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }
}
