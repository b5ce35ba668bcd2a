import Testing

@testable import Configuration

private let page =
  #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
  + "/man/deltad.json5.5"

/// deltad.json5(5) says of every key what the program does.
@Suite struct ManualPageTests {
  /// What is said of each key, in one line.
  private static func entries() throws -> [String: String] {
    let bytes = try FileContents.read(page, atMost: 1 << 20).bytes
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    var entries: [String: String] = [:]
    var key: String?
    for line in lines {
      if line.hasPrefix(".It Ic ") {
        key = String(line.dropFirst(".It Ic ".count))
        entries[key ?? ""] = ""
      } else if line == ".El" {
        key = nil
      } else if let key {
        entries[key, default: ""] += " " + line
      }
    }
    return entries
  }

  @Test func `every key of the schema is in the page with its default and its bounds`() throws {
    let entries = try Self.entries()
    let documented = Schema(folder: "").settings.flatMap { $0.documented(Settings()) }
    for key in documented {
      let text = try #require(entries[key.path], "\(key.path) is not in the page")
      #expect(!text.isEmpty, "nothing is said of \(key.path)")
      if let value = key.value {
        // Arrays have no blanks as the schema writes them.
        let said = text.replacing("\", \"", with: "\",\"")
        #expect(said.hasSuffix(" Default: \(value)."), "\(key.path) is \(value) by default")
      }
      if let bounds = key.bounds {
        #expect(text.contains(bounds), "\(key.path) is \(bounds)")
      }
    }
    #expect(Set(entries.keys) == Set(documented.map(\.path)))
  }
}
