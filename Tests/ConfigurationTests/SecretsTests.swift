import FoundationEssentials
import Testing

@testable import Configuration

private let certificate = """
  a comment
  -----BEGIN CERTIFICATE-----
  MAA=
  -----END CERTIFICATE-----

  """

@Suite struct SecretsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The settings of a file in the folder, and its path.
  private func load(_ text: String) throws -> (Settings, file: String) {
    let file = try folder.write(text, to: "c.json5")
    return (try ConfigurationFile.load(path: file).get(), file)
  }

  @Test func `keys are read from files beside the configuration and from variables`() throws {
    _ = try folder.write("sk-alice\n", to: "alice")
    _ = try folder.write("sk-up\n", to: "up")
    _ = try folder.write(certificate, to: "ca.pem", mode: 0o644)
    let (settings, file) = try load(
      """
      {keys: [{name: "alice", file: "alice"}, {name: "bob", environment: "BOB"}],
       upstreams: [{name: "a", kind: "openai", baseURL: "http://a", key: {file: "./up"},
         caFile: "ca.pem"}, {name: "d", kind: "demo"}],
       models: [{id: "m", upstream: "a"}]}
      """)
    let secrets = try Secrets.read(for: settings, file: file) { "sk-of-\($0)" }.get()
    #expect(secrets.keys.map(\.name) == ["alice", "bob"])
    #expect(secrets.keys.map(\.secret.count) == [8, 9])
    #expect(secrets.upstreamKeys.mapValues(\.count) == ["a": 5])
    #expect(secrets.warnings.isEmpty)
  }

  @Test func `every key, variable and certificate that cannot be read is a problem`() throws {
    _ = try folder.write("", to: "empty")
    _ = try folder.write(String(repeating: "k", count: 5000), to: "long")
    _ = try folder.write("not a certificate\n", to: "ca.pem")
    let (settings, file) = try load(
      """
      {keys: [{name: "a", file: "none"}, {name: "b", file: "."}, {name: "c", file: "empty"},
         {name: "d", environment: "NONE"}, {name: "e", file: "long"}],
       upstreams: [{name: "a", kind: "openai", baseURL: "http://a", key: {file: "none"},
         caFile: "ca.pem"}, {name: "b", kind: "openai", baseURL: "http://b", caFile: "none"}],
       models: [{id: "m", upstream: "a"}]}
      """)
    guard
      case .failure(let refusal) = Secrets.read(
        for: settings, file: file,
        environment: { _ in
          nil
        })
    else {
      Issue.record("accepted")
      return
    }
    let size = "expected 1 to 4096 visible ASCII characters on one line"
    let expected = [
      "keys[0].file: \"@none\": no such file; expected the path of a file",
      "keys[1].file: \"@.\": not a regular file; expected a regular file",
      "keys[2].file: \"@empty\": found an empty secret; \(size)",
      "keys[3].environment: the variable \"NONE\" is not set; "
        + "expected it in the daemon's environment",
      "keys[4].file: \"@long\": more than 4KiB; expected at most 4KiB",
      "upstreams[0].key.file: \"@none\": no such file; expected the path of a file",
      "upstreams[0].caFile: \"@ca.pem\": found no certificate; "
        + "expected a PEM file of certificates",
      "upstreams[1].caFile: \"@none\": no such file; expected the path of a file",
    ]
    #expect(
      refusal.problems.map { $0.description.replacing(folder.path + "/", with: "@") }
        == expected.map { "@c.json5: " + $0 })
  }

  @Test(arguments: [
    (0o600, false), (0o400, false), (0o640, false), (0o604, true), (0o602, true), (0o644, true),
  ])
  func `a key file that everybody may read or write is a warning`(_ mode: Int, _ warns: Bool)
    throws
  {
    _ = try folder.write("sk-alice", to: "alice", mode: mode)
    let (settings, file) = try load(demo("keys: [{name: \"alice\", file: \"alice\"}],"))
    let secrets = try Secrets.read(for: settings, file: file).get()
    #expect(secrets.keys.map(\.secret.count) == [8])
    let warning =
      "@c.json5: keys[0].file: \"@alice\" is open to every user of the machine; expected mode 0600"
    #expect(
      secrets.warnings.map { $0.description.replacing(folder.path + "/", with: "@") }
        == (warns ? [warning] : []))
  }
}
