import FoundationEssentials
import Testing

@testable import Configuration

private let taken: [(String, String)] = [
  ("k", "k"), ("sk-abc\n", "sk-abc"), ("sk-abc\r\n", "sk-abc"), ("!~", "!~"),
  (String(repeating: "k", count: 4096) + "\r\n", String(repeating: "k", count: 4096)),
]

private let refused: [(String, String)] = [
  ("", "found an empty secret"), ("\n", "found an empty secret"), ("\r\n", "found an empty secret"),
  (String(repeating: "k", count: 4097), "found a secret over 4KiB"),
  (" k", "found a blank at an end of the secret"),
  ("k \n", "found a blank at an end of the secret"),
  ("k\n\n", control), ("k\r", control), ("a\u{0}b", control), ("a\tb", control), ("a b", control),
  ("k\u{7F}", control), ("é", control),
]

private let control = "found a control character, blank or non-ASCII byte in the secret"

@Suite struct SecretTests {
  @Test(arguments: taken)
  func `a secret is its bytes without the line end`(_ text: String, _ expected: String) throws {
    let secret = try Secret(Array(text.utf8))
    let bytes = secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    #expect(bytes == Array(expected.utf8))
    #expect(secret.count == expected.utf8.count)
  }

  @Test(arguments: refused)
  func `what no request could carry is refused`(_ text: String, _ found: String) {
    #expect(throws: SecretRefusal(found: found)) { try Secret(Array(text.utf8)) }
  }

  @Test func `a secret does not show itself`() throws {
    let secret = try Secret(Array("sk-abc".utf8))
    var dumped = ""
    dump([secret], to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), "\([secret])", dumped] {
      #expect(text.contains("<secret>") && !text.contains("sk-abc") && !text.contains("115"))
    }
  }

  @Test func `a secret is read from a variable`() throws {
    let source = Settings.SecretSource.environment(variable: "KEY")
    let reading = try Secret.read(source, place: "keys[0]", file: "c") { variable in
      variable == "KEY" ? "sk-abc\n" : nil
    }
    #expect(reading.secret.count == 6)
    #expect(reading.warning == nil)
  }

  @Test(arguments: [
    (nil, "the variable \"KEY\" is not set; expected it in the daemon's environment"),
    (
      "",
      "\"KEY\": found an empty secret; "
        + "expected 1 to 4096 visible ASCII characters on one line"
    ),
  ])
  func `a variable without a secret is a problem`(_ value: String?, _ expected: String) {
    let source = Settings.SecretSource.environment(variable: "KEY")
    #expect {
      try Secret.read(source, place: "keys[0]", file: "c") { _ in value }
    } throws: { error in
      "\(error)" == "c: keys[0].environment: \(expected)"
    }
  }

  @Test func `a credential is a file in the folder of the service manager, whatever its mode`()
    throws
  {
    let folder = try TemporaryFolder()
    let path = try folder.write("sk-abc\n", to: "alice")
    let source = Settings.SecretSource.credential(name: "alice")
    let reading = try Secret.read(source, place: "keys[0]", file: "c") { variable in
      variable == "CREDENTIALS_DIRECTORY" ? String(path.dropLast(6)) : nil
    }
    #expect(reading.secret.count == 6 && reading.warning == nil)
    #expect {
      try Secret.read(source, place: "keys[0]", file: "c") { _ in "/nowhere" }
    } throws: { error in
      "\(error)".hasPrefix("c: keys[0].credential: \"/nowhere/alice\": no such file;")
    }
    #expect {
      try Secret.read(source, place: "keys[0]", file: "c") { _ in nil }
    } throws: { error in
      "\(error)"
        == "c: keys[0].credential: there are no credentials: CREDENTIALS_DIRECTORY is not set; "
        + "expected LoadCredential=alice in the unit"
    }
  }

  @Test func `the environment is the process's own by default`() {
    #expect(Secret.environment("PATH")?.isEmpty == false)
    #expect(Secret.environment("DELTAD_TEST_VARIABLE_THAT_IS_NOT_SET") == nil)
  }
}
