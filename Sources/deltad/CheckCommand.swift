import Configuration
import Glibc

/// `deltad check --config FILE`: says whether the daemon would start with a configuration.
///
/// It reads what the daemon reads at start, key files and environment included, and binds or asks
/// nothing: it can run beside a daemon. On a unit's variables: run it with the same environment.
struct CheckCommand {
  static let usage = """
    usage: deltad check --config FILE

    Reads the configuration FILE, and the key and certificate files and environment variables that
    it names. Prints what it would serve, or every problem.

    Exit status: 0 the daemon can start with it, 1 it cannot, 2 wrong usage.

    """

  /// - Parameter arguments: What follows `check`.
  /// - Returns: The exit status.
  static func run(arguments: [String]) -> Int32 {
    do throws(Arguments.Problem) {
      let arguments = try Arguments(arguments)
      if arguments.wantsHelp {
        write(usage, to: STDOUT_FILENO)
        return 0
      }
      guard let file = arguments.configuration else {
        throw Arguments.Problem(message: "--config FILE is missing")
      }
      return check(file)
    } catch {
      write("deltad check: \(error.message)\n\n" + usage, to: STDERR_FILENO)
      return 2
    }
  }

  private static func check(_ file: String) -> Int32 {
    do throws(ConfigurationProblems) {
      let settings = try ConfigurationFile.load(path: file).get()
      let secrets = try Secrets.read(for: withoutHiddenCredentials(settings), file: file).get()
      for warning in secrets.warnings { write("warning: \(warning)\n", to: STDERR_FILENO) }
      write("\(file): ok\n" + summary(of: settings), to: STDOUT_FILENO)
      return 0
    } catch {
      write("\(error)\n", to: STDERR_FILENO)
      return 1
    }
  }

  /// Without the credentials that this process cannot see, though the daemon can: at a reload
  /// systemd 252 shows a unit's credentials to none of the commands of `ExecReload=`.
  private static func withoutHiddenCredentials(_ settings: Settings) -> Settings {
    guard let folder = Secret.environment("CREDENTIALS_DIRECTORY"),
      unsafe access(folder, X_OK) != 0, errno == EACCES
    else { return settings }
    var visible = settings
    visible.keys.removeAll { $0.source.isCredential }
    for index in visible.upstreams.indices
    where visible.upstreams[index].key?.isCredential == true {
      visible.upstreams[index].key = nil
    }
    if visible != settings {
      write("warning: credentials are hidden here: they are not checked\n", to: STDERR_FILENO)
    }
    return visible
  }

  private static func summary(of settings: Settings) -> String {
    let upstreams = settings.upstreams.map { upstream in
      "\(upstream.name) (\(upstream.baseURL.isEmpty ? "built in" : upstream.baseURL))"
    }
    let models = settings.models.map { model in
      let name = model.upstreamModel.map { " as \($0)" } ?? ""
      return "\(model.id) from \(model.upstream)\(name)"
    }
    let keys = settings.keys.map { key in
      key.apis == Settings.NamedKey(name: "", source: key.source).apis
        ? key.name : "\(key.name) (\(key.apis.map(\.rawValue).joined(separator: ", ")))"
    }
    let agents = settings.agents.map { "\($0.slug) (\($0.model), \($0.status.rawValue))" }
    let proxied = settings.proxyProtocol.map { "\($0) (PROXY protocol)" }
    return line("listen", settings.listen.map(\.description) + proxied)
      + line("upstreams", upstreams)
      + line("models", models) + (agents.isEmpty ? "" : line("agents", agents))
      + (settings.archive.file.map { line("archive", [$0]) } ?? "")
      + line("keys", keys.isEmpty ? ["none: everybody may ask"] : keys)
  }

  private static func line(_ title: String, _ items: [String]) -> String {
    let blank = String(repeating: " ", count: 11 - title.count)
    return "  \(title)\(blank)\(items.joined(separator: ", "))\n"
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      // Nobody reads: the exit status still says it.
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}

extension Settings.SecretSource {
  fileprivate var isCredential: Bool {
    if case .credential = self { true } else { false }
  }
}
