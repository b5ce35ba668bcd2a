import Glibc

/// A bearer secret in memory: a key of ours or of an upstream.
///
/// Whoever prints, dumps or interpolates it gets `<secret>`; its bytes come out by `withBytes`
/// only. They are not erased when it is released: an array may have been copied before.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let bytes: [UInt8]

  /// Bytes that a bearer credential can be made of: visible ASCII, 1 byte to 4 KiB (RFC 6750,
  /// section 2.1 allows fewer characters, providers do not keep to it). One line end (LF or CR LF)
  /// at the end is taken off, as editors put one there.
  ///
  /// - Throws: What is wrong, as phrases, without any of the bytes.
  init(_ text: [UInt8]) throws(SecretRefusal) {
    var bytes = text[...]
    if bytes.last == 10 { bytes.removeLast() }
    if bytes.count < text.count, bytes.last == 13 { bytes.removeLast() }
    guard let first = bytes.first else { throw SecretRefusal(found: "found an empty secret") }
    guard bytes.count <= Settings.Bounds.secret.upperBound else {
      throw SecretRefusal(found: "found a secret over 4KiB")
    }
    guard bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      let isBlank = first == 32 || bytes.last == 32
      throw SecretRefusal(
        found: isBlank
          ? "found a blank at an end of the secret"
          : "found a control character, blank or non-ASCII byte in the secret")
    }
    self.bytes = Array(bytes)
  }

  public var description: String { "<secret>" }
  public var debugDescription: String { "<secret>" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  public var count: Int { bytes.count }

  /// Lends the bytes: visible ASCII, 1 to 4096. Keep no copy that outlives the use.
  public func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes.span)
  }
}

/// Why bytes are no secret.
struct SecretRefusal: Error, Equatable {
  var found: String
  var expected: String { "expected 1 to 4096 visible ASCII characters on one line" }
}

extension Secret {
  /// A secret, and what its owner should know about how it is kept.
  public struct Reading: Sendable {
    public let secret: Secret
    /// A file that everybody on the machine may read or write; the secret can be used.
    public let warning: ConfigurationProblem?
  }

  /// Reads a secret from where it is. Blocks on the disk.
  ///
  /// - Parameters:
  ///   - source: A regular file of at most 4 KiB and a line end, a credential of the service
  ///     manager, or an environment variable.
  ///   - place: The key path of the source without its last key: `keys[0]`, `upstreams[1].key`.
  ///   - file: The configuration file, for the problem.
  ///   - environment: A variable's value or nil, the process's own by default.
  public static func read(
    _ source: Settings.SecretSource, place: String, file: String,
    environment: (String) -> String? = Secret.environment
  ) throws(ConfigurationProblem) -> Reading {
    func problem(_ key: String, _ found: String, _ expected: String) -> ConfigurationProblem {
      ConfigurationProblem(file: file, place: "\(place).\(key)", found: found, expected: expected)
    }
    func secret(in path: String, _ key: String) throws(ConfigurationProblem) -> Reading {
      let contents: FileContents
      let bound = Settings.Bounds.secret.upperBound
      do {
        contents = try FileContents.read(path, atMost: bound + 2)
      } catch {
        var refusal = error
        if case .tooLarge = error { refusal = .tooLarge(bound: bound) }
        throw problem(key, "\(quoted(path)): \(refusal.found)", "expected \(refusal.expected)")
      }
      do {
        let warning = problem(
          key, "\(quoted(path)) is open to every user of the machine", "expected mode 0600")
        return Reading(
          secret: try Secret(contents.bytes), warning: contents.isOpenToOthers ? warning : nil)
      } catch {
        throw problem(key, "\(quoted(path)): \(error.found)", error.expected)
      }
    }
    switch source {
    case .credential(let name):
      guard let folder = environment("CREDENTIALS_DIRECTORY") else {
        throw problem(
          "credential", "there are no credentials: CREDENTIALS_DIRECTORY is not set",
          "expected LoadCredential=\(name) in the unit")
      }
      // Readable for the service alone, whatever its mode says.
      return Reading(secret: try secret(in: folder + "/" + name, "credential").secret, warning: nil)
    case .file(let path): return try secret(in: path, "file")
    case .environment(let variable):
      guard let value = environment(variable) else {
        throw problem(
          "environment", "the variable \(quoted(variable)) is not set",
          "expected it in the daemon's environment")
      }
      do {
        return Reading(secret: try Secret(Array(value.utf8)), warning: nil)
      } catch {
        throw problem("environment", "\(quoted(variable)): \(error.found)", error.expected)
      }
    }
  }

  /// The process's environment. For the start: not while another thread changes it.
  public static func environment(_ variable: String) -> String? {
    unsafe getenv(variable).map { unsafe String(cString: $0) }
  }
}
