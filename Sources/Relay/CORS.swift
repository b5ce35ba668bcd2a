internal import ClientAPIs
internal import Configuration
internal import Downstream

/// What an answer says to browsers about pages of other origins (Fetch Standard, "CORS protocol").
enum CORSAnswer {
  /// Nothing is configured.
  case none
  /// The answer depends on the origin, and this request had none, or our own.
  case sameOrigin
  /// A page of this origin may read the answer.
  case allowed(origin: String)
  case blocked

  func add(to response: inout Response) {
    switch self {
    case .none: break
    case .sameOrigin, .blocked: response.add("Vary", "Origin")
    case .allowed(let origin):
      response.add("Vary", "Origin")
      response.add("Access-Control-Allow-Origin", origin)
      response.add("Access-Control-Expose-Headers", Self.exposed)
    }
  }

  private static let exposed =
    "X-Request-Id, X-Stream-Id, X-Conversation-Id, X-Upstream, X-Upstream-Attempts, Location, "
    + "Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, "
    + "X-RateLimit-Reset"
}

extension Settings.CORS {
  /// - Parameters:
  ///   - origin: As the browser sent it; nil without.
  ///   - host: The `Host` of the request: a page that came from here is of no other origin.
  func answer(origin: String?, host: String?) -> CORSAnswer {
    guard !origins.isEmpty else { return .none }
    guard let origin else { return .sameOrigin }
    if origins.contains("*") || origins.contains(origin) { return .allowed(origin: origin) }
    if let host, origin == "http://" + host || origin == "https://" + host { return .sameOrigin }
    return .blocked
  }
}

extension API {
  /// The fields of a preflight's answer: methods, and header fields that pages may send.
  var preflight: (methods: String, headers: String) {
    switch self {
    case .widget:
      ("GET,POST,OPTIONS", "Content-Type,x-api-key,x-widget-api-key,x-admin-api-key")
    case .chats:
      ("GET,POST,PATCH,PUT,DELETE,OPTIONS", "Content-Type,X-API-Key,Idempotency-Key")
    case .agents: ("POST,OPTIONS", "Content-Type,Authorization,Idempotency-Key")
    case .completions: ("GET,POST,OPTIONS", Self.openAIHeaders)
    case .streams, .operations:
      ("GET,POST,DELETE,OPTIONS", "Content-Type,Authorization,Idempotency-Key,Last-Event-ID")
    }
  }

  /// What OpenAI's library for browsers sends.
  private static let openAIHeaders =
    "Content-Type,Authorization,Idempotency-Key,OpenAI-Organization,OpenAI-Project,"
    + "X-Stainless-Arch,X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-OS,"
    + "X-Stainless-Package-Version,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    + "X-Stainless-Runtime-Version,X-Stainless-Timeout"
}
