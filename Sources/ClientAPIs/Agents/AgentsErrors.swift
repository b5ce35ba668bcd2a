internal import JSONWire

/// `{"data":null,"error":{"name","message","details"}}`: the envelope of the Agents API.
enum AgentsErrors {
  /// Said of every failure behind us: an upstream's own words are not for its clients.
  static let answerFailed = "The agent could not answer"

  static func answer(to failure: Failure) -> ErrorAnswer {
    let status = API.frontStatus(of: failure)
    var json = JSONWriter()
    json.beginObject()
    json.key("data")
    json.null()
    json.key("error")
    append(name(of: status), message(of: failure), to: &json)
    json.endObject()
    return ErrorAnswer(status: status, body: json.bytes)
  }

  static func append(_ name: String, _ message: String, to json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.string(name)
    json.key("message")
    json.string(message)
    json.key("details")
    json.beginObject()
    json.endObject()
    json.endObject()
  }

  static func message(of failure: Failure) -> String {
    switch API.frontStatus(of: failure) {
    case 401: "Invalid or missing API token"
    case 500: answerFailed
    default: failure.message
    }
  }

  private static func name(of status: Int) -> String {
    switch status {
    case 400: "ValidationError"
    case 401: "UnauthorizedError"
    case 403: "ForbiddenError"
    case 404: "NotFoundError"
    case 405: "MethodNotAllowedError"
    case 408: "RequestTimeoutError"
    case 413: "PayloadTooLargeError"
    case 414: "UriTooLongError"
    case 415: "UnsupportedMediaTypeError"
    case 417: "ExpectationFailedError"
    case 422: "IdempotencyError"
    case 429: "RateLimitError"
    case 431: "HeaderFieldsTooLargeError"
    case 501: "NotImplementedError"
    case 503: "ServiceUnavailableError"
    case 505: "HttpVersionNotSupportedError"
    default: "InternalServerError"
    }
  }
}
