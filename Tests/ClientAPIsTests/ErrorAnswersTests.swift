import ClientAPIs
import Testing

/// What the Chats, Agents and Widget APIs say of each failure, to the byte.
@Suite struct ErrorAnswersTests {
  private static let time = "2026-05-05T10:06:43.615Z"

  private func answer(_ api: API, _ failure: Failure) -> ErrorAnswer {
    api.answer(to: failure, path: "/v1/\"x\"", time: Self.time)
  }

  private struct Row: Sendable {
    var reason: Failure.Reason
    var status: Int
    var phrase: String
    var chats: String
    var agents: String
    var widget: String
  }

  private static let table: [Row] = [
    Row(
      reason: .invalidRequest, status: 400, phrase: "Bad Request",
      chats: "Invalid request parameters", agents: "ValidationError: its own words",
      widget: "Invalid request payload"),
    Row(
      reason: .invalidKey, status: 401, phrase: "Unauthorized",
      chats: "X-API-Key is missing or invalid",
      agents: "UnauthorizedError: Invalid or missing API token", widget: "Unauthorized"),
    Row(
      reason: .forbidden, status: 403, phrase: "Forbidden",
      chats: "Access denied for this resource", agents: "ForbiddenError: its own words",
      widget: "Forbidden"),
    Row(
      reason: .blockedOrigin, status: 403, phrase: "Forbidden",
      chats: "Access denied for this resource", agents: "ForbiddenError: its own words",
      widget: "Blocked by CORS policy"),
    Row(
      reason: .notFound, status: 404, phrase: "Not Found",
      chats: "The requested resource was not found", agents: "NotFoundError: its own words",
      widget: "Not found"),
    Row(
      reason: .methodNotAllowed, status: 405, phrase: "Method Not Allowed",
      chats: "The method is not allowed for this resource",
      agents: "MethodNotAllowedError: its own words", widget: "Method not allowed"),
    Row(
      reason: .payloadTooLarge, status: 413, phrase: "Payload Too Large",
      chats: "The request body is too large", agents: "PayloadTooLargeError: its own words",
      widget: "Payload too large"),
    Row(
      reason: .unsupportedMediaType, status: 415, phrase: "Unsupported Media Type",
      chats: "The request body must be application/json",
      agents: "UnsupportedMediaTypeError: its own words", widget: "Unsupported media type"),
    Row(
      reason: .unprocessable, status: 422, phrase: "Unprocessable Entity",
      chats: "The Idempotency-Key was used with another request body",
      agents: "IdempotencyError: its own words", widget: "Idempotency key reused"),
    Row(
      reason: .rateLimited, status: 429, phrase: "Too Many Requests", chats: "Too Many Requests",
      agents: "RateLimitError: its own words", widget: "Too many requests"),
    Row(
      reason: .conversationBusy, status: 429, phrase: "Too Many Requests",
      chats: "Too Many Requests", agents: "RateLimitError: its own words",
      widget: "Too many requests"),
    Row(
      reason: .storageUnavailable, status: 503, phrase: "Service Unavailable",
      chats: "The service is unavailable at the moment",
      agents: "ServiceUnavailableError: its own words", widget: "Service unavailable"),
  ]

  private static let behindUs: [Failure.Reason] = [
    .internalError, .upstreamUnreachable, .upstreamTimeout, .upstreamFailed, .cancelled,
    .interrupted,
  ]

  private static let rows =
    table
    + behindUs.map {
      Row(
        reason: $0, status: 500, phrase: "Internal Server Error",
        chats: "Unexpected server error", agents: "InternalServerError: The agent could not answer",
        widget: "Internal server error")
    }

  @Test(arguments: rows.indices)
  func `a failure in the words of each API`(index: Int) {
    let row = Self.rows[index]
    let failure = Failure(row.reason, "its own words")
    let chats = answer(.chats, failure)
    #expect(chats.status == row.status)
    #expect(
      text(chats.body)
        == #"{"timestamp":"\#(Self.time)","status":\#(row.status),"error":"\#(row.phrase)","#
        + #""message":"\#(row.chats)","path":"/v1/\"x\""}"#)
    let agents = answer(.agents, failure)
    let (name, message) = (
      row.agents.prefix { $0 != ":" }, row.agents.drop { $0 != ":" }.dropFirst(2)
    )
    #expect(agents.status == row.status)
    #expect(
      text(agents.body)
        == #"{"data":null,"error":{"name":"\#(name)","message":"\#(message)","details":{}}}"#)
    let widget = answer(.widget, failure)
    #expect(widget.status == row.status)
    #expect("\(widget.contentType)" == "application/json; charset=utf-8")
    #expect(text(widget.body) == #"{"error":"\#(row.widget)"}"#)
  }

  @Test func `every reason has an answer in each API, of a status that the API knows`() {
    for reason in Failure.Reason.allCases {
      for api in API.allCases {
        let answer = answer(api, Failure(reason, "x"))
        #expect(isJSON(answer.body))
        let status = Failure(reason, "x").status
        #expect(answer.status == status || answer.status == 500)
      }
    }
  }

  @Test func `fields that are wrong are in the error of the Chats API, in their order`() {
    var failure = Failure(.invalidRequest, "x")
    failure.fields = [FieldError("b", "b is \"bad\""), FieldError("a", "so is a")]
    #expect(
      text(answer(.chats, failure).body).hasSuffix(
        #","path":"/v1/\"x\"","validationErrors":{"b":"b is \"bad\"","a":"so is a"}}"#))
  }

  @Test(arguments: [
    (Failure.Reason.invalidRequest, "Invalid query parameters"),
    (.invalidRequest, "Invalid conversationId"), (.notFound, "Conversation not found"),
    (.notConfigured, "ADMIN_API_KEY is not configured on this deployment"),
  ])
  func `administrators are told in their own words`(reason: Failure.Reason, message: String) {
    let answer = answer(.widget, Failure(reason, message))
    #expect(text(answer.body) == #"{"error":"\#(message)"}"#)
  }
}
