internal import Foundation

/// A folder that is gone when its owner is. Its path is short enough for a Unix-domain socket.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = "/tmp/deltad-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func path(_ name: String) -> String { path + "/" + name }

  /// Writes a file that only its owner may read, and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = path(name)
    let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    guard
      FileManager.default.createFile(atPath: file, contents: Data(bytes), attributes: mode)
    else { throw Disappointment("cannot write \(file)") }
    return file
  }

  /// The whole of a file; empty when there is none.
  public func read(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path(name)) ?? Data(), as: UTF8.self)
  }
}

/// A file that may still grow.
public struct TextFile: Sendable {
  let folder: TemporaryFolder
  let name: String

  /// All of it, as it is now.
  public var text: String { folder.read(name) }
}
