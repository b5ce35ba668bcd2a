import FoundationEssentials
import Testing

/// A folder that is gone when its test is.
final class TemporaryFolder {
  let path: String

  init() throws {
    let name = "deltad-\(UUID().uuidString)"
    path = FileManager.default.temporaryDirectory.path + "/" + name
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
    let file = path + "/" + name
    #expect(FileManager.default.createFile(atPath: file, contents: Data(text.utf8)))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    return file
  }
}
