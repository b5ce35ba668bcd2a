internal import Foundation

/// Where the files of this repository are.
public enum Repository {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  public static func path(_ relative: String) -> String {
    root.appending(path: relative).path
  }

  /// The whole of a file.
  public static func text(_ relative: String) throws -> String {
    try String(contentsOfFile: path(relative), encoding: .utf8)
  }

  /// The daemon under test: named by `DELTAD`, else the debug build.
  public static let deltad = program("DELTAD", "deltad")
  /// The upstream of tests: named by `SCRIPTED_MODEL`, else the debug build.
  public static let scriptedModel = program("SCRIPTED_MODEL", "scripted-model")

  private static func program(_ variable: String, _ name: String) -> String {
    ProcessInfo.processInfo.environment[variable] ?? path(".build/debug/\(name)")
  }
}
