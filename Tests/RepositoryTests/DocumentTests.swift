import Foundation
import TestSupport
import Testing

/// Links between the documents lead somewhere.
@Suite struct DocumentTests {
  private static let documents = [
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
  ]

  /// The relative targets of a document's links, and the paths below `docs/` that it names.
  private static func targets(of text: String) -> [String] {
    let links = text.matches(of: /\]\(([^)\s#]+)[^)]*\)/).map { String($0.1) }
    let named = text.matches(of: /`(docs\/[A-Za-z0-9._\/-]+\.[a-z]+)`/).map { String($0.1) }
    return (links + named).filter { !$0.contains(":") }
  }

  @Test func `links are found in text`() {
    let text = "[a](docs/x.md) [b](https://x/y) [c](y.md#part) `docs/z.md` [d](#here) `docs`"
    #expect(Self.targets(of: text) == ["docs/x.md", "y.md", "docs/z.md"])
  }

  @Test(arguments: documents)
  func `every file that a document links to exists`(document: String) throws {
    guard FileManager.default.fileExists(atPath: Repository.path(document)) else { return }
    let missing = Self.targets(of: try Repository.text(document)).filter {
      !FileManager.default.fileExists(atPath: Repository.path($0))
    }
    #expect(missing == [])
  }

  @Test func `links between the pages in docs lead somewhere`() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Repository.path("docs"))
      .filter { $0.hasSuffix(".md") }
    for page in pages {
      let text = try Repository.text("docs/\(page)")
      let links = text.matches(of: /\]\(([^)\s#]+)[^)]*\)/).map { String($0.1) }
      let missing = links.filter { !$0.contains(":") }.filter {
        !FileManager.default.fileExists(atPath: Repository.path("docs/\($0)"))
      }
      #expect(missing == [], "docs/\(page)")
    }
  }
}
