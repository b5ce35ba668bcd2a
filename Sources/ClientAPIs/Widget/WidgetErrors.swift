internal import JSONWire

/// `{"error": …}`, a few fixed words a status: the errors of the Widget API.
enum WidgetErrors {
  static func answer(to failure: Failure) -> ErrorAnswer {
    let status = API.frontStatus(of: failure)
    var json = JSONWriter()
    json.beginObject()
    json.key("error")
    json.string(words(for: failure, status))
    json.endObject()
    return ErrorAnswer(
      status: status, contentType: "application/json; charset=utf-8", body: json.bytes)
  }

  /// What administrators are told of their own requests.
  private static let ownWords: Set<String> = [
    "Invalid query parameters", "Invalid conversationId", "Conversation not found",
  ]

  private static func words(for failure: Failure, _ status: Int) -> String {
    if ownWords.contains(failure.message) || failure.reason == .notConfigured {
      return failure.message
    }
    return switch status {
    case 400: "Invalid request payload"
    case 401: "Unauthorized"
    case 403: failure.reason == .blockedOrigin ? "Blocked by CORS policy" : "Forbidden"
    case 404: "Not found"
    case 405: "Method not allowed"
    case 408: "Request timeout"
    case 413: "Payload too large"
    case 414: "URI too long"
    case 415: "Unsupported media type"
    case 417: "Expectation failed"
    case 422: "Idempotency key reused"
    case 429: "Too many requests"
    case 431: "Request header fields too large"
    case 501: "Not implemented"
    case 503: "Service unavailable"
    case 505: "HTTP version not supported"
    default: "Internal server error"
    }
  }
}
