import Foundation
import TestSupport
import Testing

@Suite
struct CheckTests {
  private static func check(
    _ text: String, in folder: TemporaryFolder, environment: [String: String?] = [:]
  ) throws -> (ChildProcess.Ended, file: String) {
    let file = try folder.write(text, to: "file.json5")
    return (try ChildProcess.deltad(["check", "--config", file], environment: environment), file)
  }

  @Test func `the documented configuration is right as it is shipped`() throws {
    let file = Repository.path("etc/deltad.json5")
    for arguments in [["check", "--config", file], ["check", "--config=\(file)"]] {
      let ended = try ChildProcess.deltad(arguments)
      #expect(ended.status == 0)
      #expect(ended.errors.isEmpty)
      #expect(
        ended.output == """
          \(file): ok
            listen     127.0.0.1:8080
            upstreams  demo (built in)
            models     demo from demo
            agents     demo (demo, Live)
            keys       none: everybody may ask

          """)
    }
  }

  @Test func `a file that is right is summed up, without its secrets`() throws {
    let folder = try TemporaryFolder()
    try folder.write("sekret-of-alice\n", to: "alice")
    let (ended, file) = try Self.check(
      """
      {
        // Comments, and a comma at the end.
        listen: ["[::1]:8080", "unix:/run/d.sock"],
        keys: [{ name: "alice", file: "alice" }, { name: "bob", environment: "E2E_BOB" }],
        upstreams: [
          { name: "a", kind: "openai", baseURL: "HTTPS://Api.Example.com/v1/",
            key: { environment: "E2E_UPSTREAM" } },
          { name: "demo", kind: "demo" },
        ],
        models: [
          { id: "large", upstream: "a", upstreamModel: "large-2" }, { id: "*", upstream: "demo" },
        ],
      }
      """, in: folder,
      environment: ["E2E_BOB": "sekret-of-bob", "E2E_UPSTREAM": "sekret-of-upstream"])
    #expect(ended.status == 0)
    #expect(ended.errors.isEmpty)
    #expect(
      ended.output == """
        \(file): ok
          listen     [::1]:8080, unix:/run/d.sock
          upstreams  a (https://api.example.com/v1), demo (built in)
          models     large from a as large-2, * from demo
          keys       alice, bob

        """)
  }

  @Test func `every problem has its line: file, place, what is there, what would be right`() throws
  {
    let folder = try TemporaryFolder()
    let (ended, file) = try Self.check(
      """
      {
        listen: ["127.0.0.1:80800"],
        limts: {},
        limits: { head: 16, body: "1GiB", conections: 5 },
        timeouts: { head: "10 parsecs", keepAlive: "5ms" },
        upstreams: [{ name: "u", kind: "openai" }],
        models: [{ id: "m", upstream: "nobody" }],
      }
      """, in: folder)
    #expect(ended.status == 1)
    #expect(ended.output.isEmpty)
    let lines = [
      #"listen[0]: found "127.0.0.1:80800"; expected a port from 0 to 65535 after the last ":""#,
      #"limts: unknown key; did you mean "limits"?"#,
      #"limits.head: found 16 without a unit; expected a size in B, KiB, MiB or GiB such as "#
        + #""16KiB", from "1KiB" to "1MiB""#,
      #"limits.body: found "1GiB"; expected a size in B, KiB, MiB or GiB such as "2MiB", "#
        + #"from "1KiB" to "256MiB""#,
      #"limits.conections: unknown key; did you mean "connections"?"#,
      #"timeouts.head: found "10 parsecs"; expected a duration such as "10s", "#
        + #"from "100ms" to "10m""#,
      #"timeouts.keepAlive: found "5ms"; expected a duration such as "75s", from "1s" to "1h""#,
      #"upstreams[0].baseURL: missing; expected an http or https URL with a host, such as "#
        + #""https://api.example.com/v1""#,
      #"models[0].upstream: found "nobody", which is no upstream; expected one of "u""#,
    ]
    let found = ended.errors.split(separator: "\n").map(String.init)
    #expect(found == lines.map { "\(file): \($0)" })
  }

  @Test(arguments: [
    ("{\n  listen: [1 2]\n}", #"line 2, column 14: found "2"; expected "," or "]""#),
    ("{ listen: [], }", #"listen: found an empty array; "#),
    ("", "upstreams: missing; "),
    ("[]", "found an empty array; expected an object with the keys listen, "),
  ])
  func `a file that is no configuration says where`(text: String, problem: String) throws {
    let folder = try TemporaryFolder()
    let (ended, file) = try Self.check(text, in: folder)
    #expect(ended.status == 1)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.hasPrefix("\(file): "))
    #expect(ended.errors.contains(": \(problem)"))
  }

  @Test func `serve refuses a file with the same words`() throws {
    let folder = try TemporaryFolder()
    let (checked, file) = try Self.check("{ limts: 1 }", in: folder)
    let served = try ChildProcess.deltad(["serve", "--config", file])
    #expect(served == checked)
    #expect(served.status == 1)
  }

  @Test func `a file that is not there is one line`() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("none.json5")
    for command in ["check", "serve"] {
      let ended = try ChildProcess.deltad([command, "--config", file])
      let errors = "\(file): no such file; expected the path of a file\n"
      #expect(ended == ChildProcess.Ended(status: 1, output: "", errors: errors))
    }
    let ended = try ChildProcess.deltad(["check", "--config", folder.path])
    #expect(ended.errors == "\(folder.path): not a regular file; expected a regular file\n")
  }

  @Test func `keys that cannot be read are problems, and one open to all is a warning`() throws {
    let folder = try TemporaryFolder()
    let open = try folder.write("sekret", to: "open")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
    try folder.write("two words", to: "blank")
    let rest = """
      upstreams: [{ name: "d", kind: "demo" }], models: [{ id: "*", upstream: "d" }]
      """
    let (bad, file) = try Self.check(
      """
      { keys: [{ name: "a", file: "none" }, { name: "b", environment: "E2E_UNSET" },
               { name: "c", file: "blank" }], \(rest) }
      """, in: folder)
    #expect(bad.status == 1)
    #expect(bad.output.isEmpty)
    #expect(
      bad.errors == """
        \(file): keys[0].file: "\(folder.path)/none": no such file; expected the path of a file
        \(file): keys[1].environment: the variable "E2E_UNSET" is not set; \
        expected it in the daemon's environment
        \(file): keys[2].file: "\(folder.path)/blank": found a control character, blank or \
        non-ASCII byte in the secret; expected 1 to 4096 visible ASCII characters on one line

        """)
    let (warned, _) = try Self.check(
      #"{ keys: [{ name: "a", file: "open" }], \#(rest) }"#, in: folder)
    #expect(warned.status == 0)
    #expect(
      warned.errors
        == "warning: \(file): keys[0].file: \"\(open)\" is open to every user of the machine; "
        + "expected mode 0600\n")
    #expect(warned.output.hasSuffix("  keys       a\n"))
  }
}
