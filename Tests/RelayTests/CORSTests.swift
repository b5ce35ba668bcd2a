import ClientAPIs
import Configuration
import Downstream
import Testing

@testable import Relay

@Suite struct CORSTests {
  private static func fields(
    _ origins: [String], origin: String?, host: String? = "relay.test:8080"
  ) -> String {
    var cors = Settings.CORS()
    cors.origins = origins
    var response = Response(status: 200)
    let answer = cors.answer(origin: origin, host: host)
    if case .blocked = answer { return "blocked" }
    answer.add(to: &response)
    return String(decoding: response.fields, as: UTF8.self)
      .split(separator: "\r\n").filter { !$0.contains("Expose") }.joined(separator: "|")
  }

  @Test(
    arguments: [
      ([], "https://a.test", ""),
      ([], nil, ""),
      (["https://a.test"], nil, "Vary: Origin"),
      (
        ["https://a.test"], "https://a.test",
        "Vary: Origin|Access-Control-Allow-Origin: https://a.test"
      ),
      (["https://a.test"], "https://b.test", "blocked"),
      (["https://a.test"], "https://a.test:443", "blocked"),
      (["https://a.test"], "http://a.test", "blocked"),
      (["https://a.test"], "https://A.test", "blocked"),
      (["https://a.test"], "null", "blocked"),
      (["https://a.test"], "", "blocked"),
      (["https://a.test"], "http://relay.test:8080", "Vary: Origin"),
      (["https://a.test"], "https://relay.test:8080", "Vary: Origin"),
      (["https://a.test"], "https://relay.test", "blocked"),
      (
        ["*"], "https://any.test", "Vary: Origin|Access-Control-Allow-Origin: https://any.test"
      ),
    ] as [([String], String?, String)])
  func `an origin is reflected when it is listed, ours passes, others are blocked`(
    origins: [String], origin: String?, expected: String
  ) {
    #expect(Self.fields(origins, origin: origin) == expected)
  }
}
