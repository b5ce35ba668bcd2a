import ClientAPIs
import HTTPWire
import JSONWire
import Testing

@Suite struct FailureTests {
  private struct Row: Sendable {
    var reason: Failure.Reason
    var status: Int
    var code: String
    var type: String
    var isRetryable: Bool
  }

  private static func row(
    _ reason: Failure.Reason, _ status: Int, _ code: String, _ type: String, _ retry: Bool = false
  ) -> Row { Row(reason: reason, status: status, code: code, type: type, isRetryable: retry) }

  private static let invalid = "invalid_request_error"

  private static let table: [Row] = [
    row(.invalidRequest, 400, "invalid_request", invalid),
    row(.invalidKey, 401, "invalid_api_key", "authentication_error"),
    row(.notFound, 404, "not_found", invalid),
    row(.modelNotFound, 404, "model_not_found", invalid),
    row(.methodNotAllowed, 405, "method_not_allowed", invalid),
    row(.requestTimeout, 408, "request_timeout", invalid, true),
    row(.payloadTooLarge, 413, "payload_too_large", invalid),
    row(.uriTooLong, 414, "uri_too_long", invalid),
    row(.unsupportedMediaType, 415, "unsupported_media_type", invalid),
    row(.expectationFailed, 417, "expectation_failed", invalid),
    row(.headTooLarge, 431, "head_too_large", invalid),
    row(.rateLimited, 429, "rate_limit_exceeded", "rate_limit_error", true),
    row(.internalError, 500, "internal_error", "server_error", true),
    row(.notImplemented, 501, "not_implemented", invalid),
    row(.versionNotSupported, 505, "version_not_supported", invalid),
    row(.upstreamUnreachable, 502, "upstream_unreachable", "upstream_error", true),
    row(.upstreamTimeout, 504, "upstream_timeout", "upstream_error", true),
    row(.upstreamFailed, 502, "upstream_error", "upstream_error", true),
    row(.overloaded, 503, "overloaded", "overloaded_error", true),
    row(.shuttingDown, 503, "shutting_down", "overloaded_error", true),
    row(.cancelled, 502, "cancelled", "server_error"),
    row(.interrupted, 502, "interrupted", "server_error", true),
    row(.forbidden, 403, "forbidden", "permission_error"),
    row(.blockedOrigin, 403, "origin_not_allowed", "permission_error"),
    row(.unprocessable, 422, "idempotency_key_reused", invalid),
    row(.conversationBusy, 429, "conversation_busy", "rate_limit_error", true),
    row(.storageUnavailable, 503, "storage_unavailable", "overloaded_error", true),
    row(.upstreamUnavailable, 503, "upstream_unavailable", "upstream_error", true),
    row(.notConfigured, 503, "not_configured", "overloaded_error"),
  ]

  private func answer(_ api: API, _ failure: Failure) -> ErrorAnswer {
    api.answer(to: failure, path: "/p", time: "2026-05-05T10:06:43.615Z")
  }

  @Test func `the table has every reason once`() {
    #expect(
      Self.table.map(\.reason.rawValue).sorted() == Failure.Reason.allCases.map(\.rawValue).sorted()
    )
  }

  @Test(arguments: table.indices)
  func `a reason has its status, its code, and one body in each shape`(index: Int) {
    let row = Self.table[index]
    let failure = Failure(row.reason, "it \"said\"\n so: é🌊", parameter: "field")
    #expect(failure.status == row.status)
    #expect("\(failure.code)" == row.code)
    #expect(failure.isRetryable == row.isRetryable)
    let code = row.reason == .invalidRequest ? "null" : "\"\(row.code)\""
    #expect(
      text(answer(.completions, failure).body)
        == #"{"error":{"message":"it \"said\"\n so: é🌊","type":"\#(row.type)","#
        + #""param":"field","code":\#(code)}}"#)
    for api in [API.streams, .operations] {
      #expect(
        text(answer(api, failure).body)
          == #"{"error":{"code":"\#(row.code)","message":"it \"said\"\n so: é🌊","#
          + #""retryable":\#(row.isRetryable)}}"#)
    }
  }

  @Test func `a failure without a field says null`() {
    let failure = Failure(.modelNotFound, "x")
    #expect(
      text(answer(.completions, failure).body)
        == #"{"error":{"message":"x","type":"invalid_request_error","param":null,"#
        + #""code":"model_not_found"}}"#)
  }

  @Test func `the methods that are allowed are for the field, not for the body`() {
    let failure = Failure(.methodNotAllowed, "x", allow: "GET, HEAD")
    for api in API.allCases { #expect(!text(answer(api, failure).body).contains("HEAD")) }
  }

  @Test func `every status with which the wire refuses a request has its reason`() {
    for error in RequestHeadError.allCases {
      #expect(Failure(status: error.status, "x").status == error.status, "\(error)")
    }
    for error in ChunkedBodyError.allCases {
      #expect(Failure(status: error.status, "x").status == error.status, "\(error)")
    }
    for status in [400, 408, 413, 414, 417, 431, 501, 505] {
      #expect(Failure(status: status, "x").status == status)
    }
    #expect(Failure(status: 999, "x").reason == .internalError)
  }
}
