/// Everything that the settings name outside the file: our keys, the upstreams' keys, and that the
/// files of trusted authorities can be read. Read once at start, and by `deltad check`.
public struct Secrets: Sendable {
  /// In the order of `Settings.keys`, with what each opens.
  public private(set) var keys: [(name: String, secret: Secret, apis: [Settings.KeyedAPI])] = []
  /// By the name of the upstream; an upstream without a key has none.
  public private(set) var upstreamKeys: [String: Secret] = [:]
  /// What works and should be better, in the order of the file.
  public private(set) var warnings: [ConfigurationProblem] = []

  /// None at all.
  public init() {}

  /// Reads all of it, and returns every problem, not only the first: our keys, then the upstreams'.
  /// Blocks on the disk.
  ///
  /// - Parameters:
  ///   - settings: From `ConfigurationFile.load(path:)`, whose key paths the problems name.
  ///   - file: The configuration file, for the problems.
  ///   - environment: A variable's value or nil, the process's own by default.
  public static func read(
    for settings: Settings, file: String,
    environment: (String) -> String? = Secret.environment
  ) -> Result<Secrets, ConfigurationProblems> {
    var secrets = Secrets()
    var problems: [ConfigurationProblem] = []
    func secret(_ source: Settings.SecretSource, _ place: String) -> Secret? {
      do throws(ConfigurationProblem) {
        let reading = try Secret.read(source, place: place, file: file, environment: environment)
        if let warning = reading.warning { secrets.warnings.append(warning) }
        return reading.secret
      } catch {
        problems.append(error)
        return nil
      }
    }
    for (index, key) in settings.keys.enumerated() {
      if let secret = secret(key.source, "keys[\(index)]") {
        secrets.keys.append((key.name, secret, key.apis))
        if key.apis.contains(.widget), secret.count < Settings.Bounds.widgetKeyBytes {
          problems.append(
            ConfigurationProblem(
              file: file, place: "keys[\(index)]", found: "found a key of \(secret.count) bytes",
              expected: "expected at least \(Settings.Bounds.widgetKeyBytes) for the widget"))
        }
      }
    }
    for (index, upstream) in settings.upstreams.enumerated() {
      let place = "upstreams[\(index)]"
      if let source = upstream.key, let secret = secret(source, place + ".key") {
        secrets.upstreamKeys[upstream.name] = secret
      }
      if let path = upstream.caFile, let (found, expected) = refusal(ofAuthorities: path) {
        problems.append(
          ConfigurationProblem(
            file: file, place: place + ".caFile", found: "\(quoted(path)): \(found)",
            expected: "expected \(expected)"))
      }
    }
    return problems.isEmpty ? .success(secrets) : .failure(ConfigurationProblems(problems))
  }

  private static func refusal(ofAuthorities path: String) -> (found: String, expected: String)? {
    do throws(FileContents.Refusal) {
      let bound = Settings.Bounds.caFileBytes.upperBound
      let bytes = try FileContents.read(path, atMost: bound).bytes
      // RFC 7468, section 5.1. Whether the certificates are good is libcurl's to say.
      let hasCertificate = bytes.split(separator: 10).contains {
        $0.starts(with: "-----BEGIN CERTIFICATE-----".utf8)
      }
      return hasCertificate ? nil : ("found no certificate", "a PEM file of certificates")
    } catch {
      return (error.found, error.expected)
    }
  }
}
