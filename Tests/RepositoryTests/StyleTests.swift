import Foundation
import TestSupport
import Testing

/// The house rules that a machine can hold: see CONTRIBUTING.md.
@Suite struct StyleTests {
  private static func swiftFiles(below folder: String) throws -> [SwiftSource] {
    let paths = FileManager.default.enumerator(atPath: Repository.path(folder))
    let names = (paths?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
    return try names.sorted().map { name in
      let path = "\(folder)/\(name)"
      return SwiftSource(path: path, text: try Repository.text(path))
    }
  }

  /// Read once, for all tests.
  private static let read = Result {
    (
      sources: try swiftFiles(below: "Sources"), tests: try swiftFiles(below: "Tests"),
      benchmarks: try swiftFiles(below: "Benchmarks")
    )
  }

  private let sources: [SwiftSource]
  private let all: [SwiftSource]

  init() throws {
    let read = try Self.read.get()
    sources = read.sources
    all = read.sources + read.tests + read.benchmarks
    try #require(read.sources.count > 50 && read.tests.count > 20, "the files must be found")
    try #require(read.benchmarks.count > 5, "the files must be found")
  }

  private func module(of source: SwiftSource) -> String {
    String(source.path.split(separator: "/").dropFirst().first ?? "")
  }

  // MARK: Sizes

  @Test func `no line is longer than 100 columns`() {
    let long = all.flatMap { source in
      source.lines.enumerated()
        .filter { $0.element.utf8.count > 100 && $0.element.count > 100 }
        .map { "\(source.path):\($0.offset + 1)" }
    }
    #expect(long == [])
  }

  @Test func `no file is longer than 600 lines`() {
    #expect(all.filter { $0.lines.count > 601 }.map(\.path) == [])
  }

  @Test func `no function is longer than 70 lines`() {
    let long = all.flatMap { source in
      source.functions.filter { $0.lineCount > 70 }
        .map { "\(source.path):\($0.line) has \($0.lineCount)" }
    }
    #expect(long == [])
  }

  // MARK: The arrows between modules

  private static let pure: Set<String> = [
    "EventStream", "HTTPWire", "JSONWire", "StreamLog", "Admission", "Metrics",
  ]

  private func imports(of module: String) -> [(path: String, name: String)] {
    sources.filter { self.module(of: $0) == module }.flatMap { source in
      source.imports.map { (source.path, $0) }
    }
  }

  @Test(arguments: pure.sorted())
  func `a pure module imports nothing`(module: String) {
    #expect(sources.contains { self.module(of: $0) == module })
    let others = imports(of: module).filter { $0.name != "Synchronization" }
    #expect(others.map { "\($0.path): \($0.name)" } == [])
  }

  @Test(arguments: ["ModelFormats", "ClientAPIs"])
  func `what reads and writes formats imports only pure modules`(module: String) {
    let allowed = Self.pure.union(["ModelFormats"])
    let others = imports(of: module).filter { !allowed.contains($0.name) }
    #expect(others.map { "\($0.path): \($0.name)" } == [])
    #expect(!imports(of: module).isEmpty)
  }

  @Test(arguments: [
    ("Upstream", ["Downstream", "StreamLog", "Relay", "ClientAPIs", "HTTPWire", "Configuration"]),
    ("Downstream", ["Upstream", "Relay", "ModelFormats", "ClientAPIs", "Configuration"]),
    ("EventLoop", ["Upstream", "Downstream", "Relay", "StreamLog", "HTTPWire", "Configuration"]),
    (
      "Archive",
      ["Upstream", "Downstream", "Relay", "EventLoop", "StreamLog", "ClientAPIs", "Configuration"]
    ),
    ("Configuration", ["Upstream", "Downstream", "Relay", "EventLoop", "StreamLog"]),
  ])
  func `the two sides meet only in the log`(module: String, strangers: [String]) {
    let found = imports(of: module).filter { strangers.contains($0.name) }
    #expect(found.map { "\($0.path): \($0.name)" } == [])
    #expect(!imports(of: module).isEmpty)
  }

  @Test func `the load generator knows nothing of the daemon's inside`() {
    let allowed: Set<String> = ["EventLoop", "EventStream", "HTTPWire", "JSONWire", "Glibc"]
    let others = imports(of: "LoadGeneration").filter {
      !allowed.contains($0.name) && $0.name != "Synchronization"
    }
    #expect(others.map { "\($0.path): \($0.name)" } == [])
    let program = imports(of: "deltaload").filter {
      !["Glibc", "LoadGeneration"].contains($0.name)
    }
    #expect(program.map { "\($0.path): \($0.name)" } == [])
    #expect(!imports(of: "deltaload").isEmpty)
  }

  @Test func `Foundation is imported nowhere`() {
    let importing = sources.filter { $0.imports.contains { $0.hasPrefix("Foundation") } }
    #expect(importing.map(\.path) == [])
  }

  @Test func `the package depends on no other`() throws {
    #expect(!(try Repository.text("Package.swift").contains(".package(")))
  }

  // MARK: Words

  @Test func `names say what a thing is`() {
    let empty = ["Manager", "Helper", "Util", "Common"]
    let names = all.flatMap { source in
      let file = source.path.split(separator: "/").last.map(String.init) ?? ""
      return (source.types + [file]).map { (source.path, $0) }
    }
    let found = names.filter { name in empty.contains { name.1.contains($0) } }
    #expect(found.map { "\($0.0): \($0.1)" } == [])
  }

  @Test func `nothing is forced, and nothing is left for later`() {
    let found = sources.flatMap { source in
      let forced = source.codeLines.enumerated().filter { line in
        ["try!", "as!"].contains { line.element.contains($0) }
      }
      let later = source.lines.enumerated().filter { line in
        ["TODO", "FIXME", "XXX"].contains { line.element.contains($0) }
      }
      return (forced.map(\.offset) + later.map(\.offset)).map { "\(source.path):\($0 + 1)" }
    }
    #expect(found == [])
  }
}
