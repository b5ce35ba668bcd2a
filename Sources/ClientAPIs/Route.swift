/// What a path and a method ask for.
public enum Endpoint: Equatable, Sendable {
  case completions
  case models
  case model(String)
  case createStream
  case readStream(String)
  case cancelStream(String)
  case health
  case index
  /// OPTIONS: what may be done here.
  case options(allow: String)
}

/// The table of paths. The API, and with it the shape of errors, follows from the path alone.
public struct Route: Equatable, Sendable {
  public enum Outcome: Equatable, Sendable {
    case found(Endpoint)
    /// The path exists, the method does not: the methods that do.
    case methodNotAllowed(allow: String)
    case notFound
  }

  public let api: API
  public let outcome: Outcome

  /// - Parameters:
  ///   - method: As in the request, upper case.
  ///   - segments: The decoded path between its slashes, without the first, empty one; `*` alone
  ///     is the server as a whole (RFC 9110, section 9.3.7).
  public init(method: String, segments: [String]) {
    api = Self.api(segments)
    if segments == ["*"] && method == "OPTIONS" {
      outcome = .found(.options(allow: "GET, HEAD, POST, DELETE, OPTIONS"))
      return
    }
    let methods = Self.methods(segments)
    if methods.isEmpty {
      outcome = .notFound
      return
    }
    let allow = (methods.map { $0.0 } + ["OPTIONS"]).joined(separator: ", ")
    if method == "OPTIONS" {
      outcome = .found(.options(allow: allow))
    } else if let found = methods.first(where: { $0.0 == method }) {
      outcome = .found(found.1)
    } else {
      outcome = .methodNotAllowed(allow: allow)
    }
  }

  private static func api(_ segments: [String]) -> API {
    guard segments.first == "v1" else { return .operations }
    return segments.count > 1 && segments[1] == "streams" ? .streams : .completions
  }

  private static func readable(_ endpoint: Endpoint) -> [(String, Endpoint)] {
    [("GET", endpoint), ("HEAD", endpoint)]
  }

  private static func methods(_ segments: [String]) -> [(String, Endpoint)] {
    switch segments.count {
    case 1 where segments[0] == "": readable(.index)
    case 1 where segments[0] == "healthz": readable(.health)
    case 2 where segments == ["v1", "models"]: readable(.models)
    case 2 where segments == ["v1", "streams"]: [("POST", .createStream)]
    case 3 where segments == ["v1", "chat", "completions"]: [("POST", .completions)]
    case 3... where segments[0] == "v1" && segments[1] == "models" && segments[2] != "":
      // Model names may hold slashes: `vendor/model`.
      readable(.model(segments[2...].joined(separator: "/")))
    case 3 where segments[0] == "v1" && segments[1] == "streams" && segments[2] != "":
      readable(.readStream(segments[2])) + [("DELETE", .cancelStream(segments[2]))]
    default: []
    }
  }
}
