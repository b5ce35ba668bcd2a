internal import JSONWire

/// `{"error":{"message","type","param","code"}}`, as the SDKs of OpenAI read it.
enum CompletionsErrors {
  static func body(for failure: Failure) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("error")
    json.beginObject()
    json.key("message")
    json.string(failure.message)
    json.key("type")
    json.string(type(of: failure.reason))
    json.key("param")
    if let parameter = failure.parameter { json.string(parameter) } else { json.null() }
    json.key("code")
    if failure.reason == .invalidRequest { json.null() } else { json.string("\(failure.code)") }
    json.endObject()
    json.endObject()
    return json.bytes
  }

  private static func type(of reason: Failure.Reason) -> String {
    switch reason {
    case .invalidKey: "authentication_error"
    case .rateLimited, .conversationBusy: "rate_limit_error"
    case .forbidden, .blockedOrigin: "permission_error"
    case .invalidRequest, .notFound, .modelNotFound, .methodNotAllowed, .requestTimeout,
      .payloadTooLarge, .uriTooLong, .unsupportedMediaType, .expectationFailed, .headTooLarge,
      .notImplemented, .versionNotSupported, .unprocessable:
      "invalid_request_error"
    case .internalError, .cancelled, .interrupted: "server_error"
    case .upstreamUnreachable, .upstreamTimeout, .upstreamFailed, .upstreamUnavailable:
      "upstream_error"
    case .overloaded, .shuttingDown, .storageUnavailable, .notConfigured: "overloaded_error"
    }
  }
}
