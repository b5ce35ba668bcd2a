internal import JSONWire

/// `{timestamp,status,error,message,path,validationErrors?}`: the error object of the Chats API.
enum ChatsErrors {
  static func answer(to failure: Failure, path: String, time: String) -> ErrorAnswer {
    let status = API.frontStatus(of: failure)
    let (phrase, message) = words(for: status)
    var json = JSONWriter()
    json.beginObject()
    json.key("timestamp")
    json.string(time)
    json.key("status")
    json.integer(status)
    json.key("error")
    json.string(phrase)
    json.key("message")
    json.string(message)
    json.key("path")
    json.string(path)
    if !failure.fields.isEmpty {
      json.key("validationErrors")
      json.beginObject()
      for field in failure.fields {
        json.key(text: field.name)
        json.string(field.sentence)
      }
      json.endObject()
    }
    json.endObject()
    return ErrorAnswer(status: status, body: json.bytes)
  }

  /// The status's own phrase (RFC 9110, section 15), and a sentence that tells nothing of what
  /// stands behind us.
  private static func words(for status: Int) -> (phrase: String, message: String) {
    switch status {
    case 400: ("Bad Request", "Invalid request parameters")
    case 401: ("Unauthorized", "X-API-Key is missing or invalid")
    case 403: ("Forbidden", "Access denied for this resource")
    case 404: ("Not Found", "The requested resource was not found")
    case 405: ("Method Not Allowed", "The method is not allowed for this resource")
    case 408: ("Request Timeout", "The request took too long to arrive")
    case 413: ("Payload Too Large", "The request body is too large")
    case 414: ("URI Too Long", "The request target is too long")
    case 415: ("Unsupported Media Type", "The request body must be application/json")
    case 417: ("Expectation Failed", "The expectation cannot be met")
    case 422: ("Unprocessable Entity", "The Idempotency-Key was used with another request body")
    case 429: ("Too Many Requests", "Too Many Requests")
    case 431: ("Request Header Fields Too Large", "The request header fields are too large")
    case 501: ("Not Implemented", "The request uses what is not implemented")
    case 503: ("Service Unavailable", "The service is unavailable at the moment")
    case 505: ("HTTP Version Not Supported", "The HTTP version is not supported")
    default: ("Internal Server Error", "Unexpected server error")
    }
  }
}
