/// Something that a client must be told went wrong, before it is put into the words of an API.
public struct Failure: Error, Equatable, Sendable {
  /// What happened; each has one status and one code, in the table below.
  public enum Reason: String, Sendable, CaseIterable {
    case invalidRequest, invalidKey, notFound, modelNotFound, methodNotAllowed, requestTimeout
    case payloadTooLarge, uriTooLong, unsupportedMediaType, expectationFailed, headTooLarge
    case rateLimited, internalError, notImplemented, versionNotSupported
    case upstreamUnreachable, upstreamTimeout, upstreamFailed, overloaded, shuttingDown
    case cancelled, interrupted
    case forbidden, blockedOrigin, unprocessable, conversationBusy, storageUnavailable
    case notConfigured, upstreamUnavailable
  }

  public var reason: Reason
  public var message: String
  /// The field that is wrong, for APIs that name one.
  public var parameter: String?
  /// The fields that are wrong, for APIs that name all.
  public var fields: [FieldError] = []
  /// With `methodNotAllowed`: the methods that are.
  public var allow: String?
  /// Seconds to wait before it is worth trying again.
  public var retryAfter: Int?
  /// What a provider said, as it said it, for readers of the same wire format.
  public var payload: [UInt8]?

  public init(
    _ reason: Reason, _ message: String, parameter: String? = nil, allow: String? = nil,
    retryAfter: Int? = nil, payload: [UInt8]? = nil
  ) {
    self.reason = reason
    self.message = message
    self.parameter = parameter
    self.allow = allow
    self.retryAfter = retryAfter
    self.payload = payload
  }

  public var status: Int {
    switch reason {
    case .invalidRequest: 400
    case .invalidKey: 401
    case .forbidden, .blockedOrigin: 403
    case .notFound, .modelNotFound: 404
    case .methodNotAllowed: 405
    case .requestTimeout: 408
    case .payloadTooLarge: 413
    case .uriTooLong: 414
    case .unsupportedMediaType: 415
    case .expectationFailed: 417
    case .unprocessable: 422
    case .rateLimited, .conversationBusy: 429
    case .headTooLarge: 431
    case .internalError: 500
    case .notImplemented: 501
    case .upstreamUnreachable, .upstreamFailed, .interrupted, .cancelled: 502
    case .overloaded, .shuttingDown, .storageUnavailable, .notConfigured, .upstreamUnavailable: 503
    case .upstreamTimeout: 504
    case .versionNotSupported: 505
    }
  }

  /// A short constant that programs can compare.
  public var code: StaticString {
    switch reason {
    case .invalidRequest: "invalid_request"
    case .invalidKey: "invalid_api_key"
    case .notFound: "not_found"
    case .modelNotFound: "model_not_found"
    case .methodNotAllowed: "method_not_allowed"
    case .requestTimeout: "request_timeout"
    case .payloadTooLarge: "payload_too_large"
    case .uriTooLong: "uri_too_long"
    case .unsupportedMediaType: "unsupported_media_type"
    case .expectationFailed: "expectation_failed"
    case .headTooLarge: "head_too_large"
    case .rateLimited: "rate_limit_exceeded"
    case .internalError: "internal_error"
    case .notImplemented: "not_implemented"
    case .versionNotSupported: "version_not_supported"
    case .upstreamUnreachable: "upstream_unreachable"
    case .upstreamTimeout: "upstream_timeout"
    case .upstreamFailed: "upstream_error"
    case .overloaded: "overloaded"
    case .shuttingDown: "shutting_down"
    case .cancelled: "cancelled"
    case .interrupted: "interrupted"
    case .forbidden: "forbidden"
    case .blockedOrigin: "origin_not_allowed"
    case .unprocessable: "idempotency_key_reused"
    case .conversationBusy: "conversation_busy"
    case .storageUnavailable: "storage_unavailable"
    case .notConfigured: "not_configured"
    case .upstreamUnavailable: "upstream_unavailable"
    }
  }

  /// The same request may well succeed later.
  public var isRetryable: Bool {
    switch reason {
    case .requestTimeout, .rateLimited, .internalError, .upstreamUnreachable, .upstreamTimeout,
      .upstreamFailed, .overloaded, .shuttingDown, .interrupted, .conversationBusy,
      .storageUnavailable, .upstreamUnavailable:
      true
    case .invalidRequest, .invalidKey, .notFound, .modelNotFound, .methodNotAllowed,
      .payloadTooLarge, .uriTooLong, .unsupportedMediaType, .expectationFailed, .headTooLarge,
      .notImplemented, .versionNotSupported, .cancelled, .forbidden, .blockedOrigin,
      .unprocessable, .notConfigured:
      false
    }
  }

  /// For a fault that the HTTP server found before any API was asked.
  public init(status: Int, _ message: String) {
    let reason: Reason =
      switch status {
      case 400: .invalidRequest
      case 408: .requestTimeout
      case 413: .payloadTooLarge
      case 414: .uriTooLong
      case 417: .expectationFailed
      case 431: .headTooLarge
      case 501: .notImplemented
      case 505: .versionNotSupported
      default: .internalError
      }
    self.init(reason, message)
  }
}

/// A field of a request that is wrong, and why, as a sentence for people.
public struct FieldError: Equatable, Sendable {
  public var name: String
  public var sentence: String

  public init(_ name: String, _ sentence: String) {
    self.name = name
    self.sentence = sentence
  }
}
