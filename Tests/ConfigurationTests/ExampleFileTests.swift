import Testing

@testable import Configuration

private let file =
  #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
  + "/etc/deltad.json5"

/// The file as shipped, line by line.
private func lines() throws -> [String] {
  let bytes = try FileContents.read(file, atMost: 1 << 20).bytes
  return String(decoding: bytes, as: UTF8.self).split(
    separator: "\n", omittingEmptySubsequences: false
  ).map(String.init)
}

/// The line with the slashes taken off when it is a setting: `//head: "10s",`.
private func uncommented(_ line: String) -> String {
  let indent = line.prefix { $0 == " " }
  let rest = line[indent.endIndex...]
  guard rest.hasPrefix("//"), let first = rest.dropFirst(2).first, first != " " else {
    return line
  }
  return String(indent + rest.dropFirst(2))
}

/// A key of the file: its path, with `[]` for any index, its value and the comment above it.
private struct Mention {
  var path: String
  var value: String
  var comment: String
}

private func mentions(
  _ value: JSON5Value, _ path: String, _ comment: (Int) -> String
) -> [Mention] {
  switch value.content {
  case .array(let elements): elements.flatMap { mentions($0, path + "[]", comment) }
  case .object(let members):
    members.flatMap { member in
      let key = path.isEmpty ? member.key : path + "." + member.key
      return [Mention(path: key, value: json(member.value), comment: comment(member.start))]
        + mentions(member.value, key, comment)
    }
  default: []
  }
}

@Suite struct ExampleFileTests {
  @Test func `as shipped the file serves the demo model on the loopback`() throws {
    #expect(try ConfigurationFile.load(path: file).get() == Settings.demo)
  }

  @Test func `with every setting taken in the file is valid and has the defaults`() throws {
    let text = try lines().map(uncommented).joined(separator: "\n")
    var settings = try ConfigurationFile.decode(Array(text.utf8), file: file).get()
    #expect(settings.keys.map(\.name) == ["alice", "bob", "carol"])
    #expect(settings.upstreams.map(\.name) == ["demo", "example", "local", "guarded"])
    #expect(settings.models.map(\.id) == ["demo", "large", "*"])
    var example = Settings.Upstream(name: "example", kind: .openai)
    example.baseURL = settings.upstreams[1].baseURL
    example.key = settings.upstreams[1].key
    example.caFile = settings.upstreams[1].caFile
    #expect(settings.upstreams[1] == example)
    #expect(settings.keys[0].apis == settings.keys[1].apis)
    #expect(
      settings.agents[0].parameters.map { "\($0.name)=\($0.json)" }
        == ["temperature=0.2", "max_tokens=500"])
    settings.keys = []
    settings.agents[0].parameters = []
    settings.widget.agent = nil
    settings.archive.file = nil
    settings.upstreams.removeLast(3)
    settings.models.removeLast(2)
    #expect(settings == Settings.demo)
  }

  @Test func `every key of the schema is in the file with its default, bounds and a comment`()
    throws
  {
    let lines = try lines().map(uncommented)
    let bytes = Array(lines.joined(separator: "\n").utf8)
    let root = try #require(try JSON5Parser.parse(bytes))
    let comment = { (offset: Int) in
      let line = JSON5SyntaxError.place(of: offset, in: bytes).line - 1
      return lines[..<line].reversed().map { $0.drop { $0 == " " } }
        .prefix { $0.hasPrefix("//") }.reversed().map { $0.drop { "/ ".contains($0) } }
        .joined(separator: " ")
    }
    // What an upstream knows is not for us to say.
    let all = mentions(root, "", comment).filter { !$0.path.hasPrefix("agents[].parameters.") }
    let documented = Schema(folder: "").settings.flatMap { $0.documented(Settings()) }
    for key in documented {
      let found = all.filter { $0.path == key.path }
      #expect(!found.isEmpty, "\(key.path) is not in the file")
      if let value = key.value {
        #expect(
          found.allSatisfy { $0.value == value },
          "\(key.path) is \(value) by default, not \(found.map(\.value))")
      }
      // `whenUnread` and the time-outs of an upstream are said by what is around them.
      let comments = found.map(\.comment).filter { !$0.isEmpty }
      #expect(!comments.isEmpty || key.path == "upstreams[].timeouts", "\(key.path) is not said")
      if let bounds = key.bounds {
        #expect(comments.contains { $0.contains(bounds) }, "\(key.path) is \(bounds)")
      }
    }
    #expect(Set(all.map(\.path)) == Set(documented.map(\.path)))
    #expect(documented.count == 132)
  }

  @Test func `a line of the file is at most 100 characters`() throws {
    #expect(try lines().allSatisfy { $0.count <= 100 })
  }
}
