/// What a path and a method ask for.
public enum Endpoint: Equatable, Sendable {
  case completions
  case models
  case model(String)
  case createStream
  case readStream(String)
  case cancelStream(String)
  case createChat
  case respondChat
  case listChats
  case readChat(String)
  case updateChat(String)
  case endChat(String)
  /// By the agent's slug.
  case askAgent(String)
  case widgetMessage
  case widgetStream
  case widgetHealth
  case adminConversations
  case adminConversation(String)
  case health
  case readiness
  case metrics
  case dashboardEvents
  /// By path, without its slash.
  case file(String)
  /// OPTIONS: what may be done here.
  case options(allow: String)

  /// The requests that may ask a model.
  public var generates: Bool {
    switch self {
    case .completions, .createStream, .createChat, .respondChat, .askAgent, .widgetMessage,
      .widgetStream:
      true
    case .models, .model, .readStream, .cancelStream, .listChats, .readChat, .updateChat, .endChat,
      .widgetHealth, .adminConversations, .adminConversation, .health, .readiness, .metrics,
      .dashboardEvents, .file, .options:
      false
    }
  }
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

  /// The same for those who only watch: there is nothing but figures, their page, and health.
  public var outcomeForMonitors: Outcome {
    switch outcome {
    case .found(.metrics), .found(.dashboardEvents), .found(.health), .found(.readiness),
      .methodNotAllowed:
      outcome
    case .found(.file(let path)) where Self.isOfDashboard(path): outcome
    case .found, .notFound: .notFound
    }
  }

  private static func isOfDashboard(_ file: String) -> Bool {
    file.hasPrefix("dashboard")
      || ["connections.js", "event-stream.js", "tab-storage.js"].contains(file)
  }

  /// - Parameters:
  ///   - method: As in the request, upper case.
  ///   - segments: The decoded path between its slashes, without the first, empty one; `*` alone
  ///     is the server as a whole (RFC 9110, section 9.3.7).
  ///   - isDecoded: False for a path that cannot be decoded, whose segments are as they were sent:
  ///     there is nothing at it, but the API is known all the same.
  ///   - files: The paths of one segment at which there are files.
  public init(method: String, segments: [String], isDecoded: Bool = true, files: Set<String> = []) {
    api = Self.api(segments)
    guard isDecoded else {
      outcome = .notFound
      return
    }
    if segments == ["*"] && method == "OPTIONS" {
      outcome = .found(.options(allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
      return
    }
    let methods = Self.methods(segments, files)
    if methods.isEmpty {
      outcome = .notFound
      return
    }
    if let found = methods.first(where: { $0.0 == method }) {
      outcome = .found(found.1)
      return
    }
    let allow = (methods.map { $0.0 } + ["OPTIONS"]).joined(separator: ", ")
    outcome = method == "OPTIONS" ? .found(.options(allow: allow)) : .methodNotAllowed(allow: allow)
  }

  private static func api(_ segments: [String]) -> API {
    switch segments.first {
    case "chat": return segments.count == 1 ? .widget : .agents
    case "health": return segments.count == 1 ? .widget : .operations
    case "v1": break
    default: return .operations
    }
    switch segments.count > 1 ? segments[1] : "" {
    case "streams": return .streams
    case "chats": return .chats
    case "api": return .agents
    case "admin": return .widget
    case "chat": return segments.count == 2 || segments[2] == "stream" ? .widget : .completions
    default: return .completions
    }
  }

  private static func readable(_ endpoint: Endpoint) -> [(String, Endpoint)] {
    [("GET", endpoint), ("HEAD", endpoint)]
  }

  private static func methods(
    _ segments: [String], _ files: Set<String>
  ) -> [(String, Endpoint)] {
    if segments.first == "v1" { return versioned(Array(segments.dropFirst())) }
    switch segments.count {
    case 1 where segments[0] == "healthz": return readable(.health)
    case 1 where segments[0] == "readyz": return readable(.readiness)
    case 1 where segments[0] == "metrics": return readable(.metrics)
    case 1 where segments[0] == "health": return readable(.widgetHealth)
    case 1 where segments[0] == "chat": return [("POST", .widgetStream)]
    case 1 where files.contains(segments[0]): return readable(.file(segments[0]))
    case 2 where segments == ["dashboard", "events"]: return readable(.dashboardEvents)
    case 2 where segments[0] == "chat" && segments[1] != "":
      return [("POST", .askAgent(segments[1]))]
    default: return []
    }
  }

  /// Behind `/v1`.
  private static func versioned(_ segments: [String]) -> [(String, Endpoint)] {
    switch segments.first {
    case "chats": return chats(segments.dropFirst())
    case "models" where segments.count > 1 && segments[1] != "":
      // Model names may hold slashes: `vendor/model`.
      return readable(.model(segments[1...].joined(separator: "/")))
    default: break
    }
    switch segments.count {
    case 1 where segments[0] == "models": return readable(.models)
    case 1 where segments[0] == "streams": return [("POST", .createStream)]
    case 1 where segments[0] == "chat": return [("POST", .widgetMessage)]
    case 2 where segments == ["chat", "completions"]: return [("POST", .completions)]
    case 2 where segments == ["chat", "stream"]: return [("POST", .widgetStream)]
    case 2 where segments[0] == "streams" && segments[1] != "":
      return readable(.readStream(segments[1])) + [("DELETE", .cancelStream(segments[1]))]
    case 2 where segments == ["admin", "conversations"]: return readable(.adminConversations)
    case 3 where segments.starts(with: ["admin", "conversations"]) && segments[2] != "":
      return readable(.adminConversation(segments[2]))
    case 3 where segments.starts(with: ["api", "chat"]) && segments[2] != "":
      return [("POST", .askAgent(segments[2]))]
    default: return []
    }
  }

  /// Behind `/v1/chats`. The original does not say what ending a chat is called.
  private static func chats(_ rest: ArraySlice<String>) -> [(String, Endpoint)] {
    let segments = Array(rest)
    switch segments.count {
    case 0: return [("GET", .listChats), ("HEAD", .listChats), ("POST", .createChat)]
    case 1 where segments[0] == "response": return [("POST", .respondChat)]
    case 1 where segments[0] != "":
      let id = segments[0]
      return readable(.readChat(id)) + [("PATCH", .updateChat(id)), ("DELETE", .endChat(id))]
    case 2
    where segments[0] != "" && ["end", "end-session", "end-chat"].contains(segments[1]):
      return ["PATCH", "POST", "PUT"].map { ($0, .endChat(segments[0])) }
    default: return []
    }
  }
}
