import TestSupport
import Testing

@Suite(.showsLog)
struct KeyTests {
  private static let chat = "/v1/chat/completions"
  private static let right = "Authorization: Bearer key-of-alice"

  /// Alice's key is in a file, Bob's in the environment.
  private static func withKeys(
    requireKeyToRead: Bool = false, _ body: (Daemon) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    try folder.write("key-of-alice\n", to: "alice")
    var configuration = Configuration()
    configuration.more = """
      keys: [{ name: "alice", file: "alice" }, { name: "bob", environment: "E2E_KEY_BOB" }],
      streams: { requireKeyToRead: \(requireKeyToRead) },
      """
    let environment = ["E2E_KEY_BOB": "key-of-bob"]
    try withDaemon(configuration, in: folder, environment: environment, body)
  }

  @Test(arguments: [
    ([], "no API key: send it as Authorization: Bearer KEY"),
    (["Authorization: Bearer key-of-carol"], "the API key is not valid"),
    (["Authorization: Bearer key-of-alic"], "the API key is not valid"),
    (["Authorization: Bearer key-of-alicee"], "the API key is not valid"),
    (["Authorization: Bearer Key-of-alice"], "the API key is not valid"),
    (["Authorization: Bearer "], "the API key is not valid"),
    (["Authorization: Bearer"], "the API key is not valid"),
    (["Authorization:"], "the API key is not valid"),
    (["Authorization: key-of-alice"], "the API key is not valid"),
    (["Authorization: Basic key-of-alice"], "the API key is not valid"),
    (["Authorization: Bearer key-of-alice key-of-bob"], "the API key is not valid"),
    ([right, right], "more than one Authorization field"),
    ([right, "authorization: Bearer key-of-carol"], "more than one Authorization field"),
    (["X-API-Key: key-of-alice"], "no API key: send it as Authorization: Bearer KEY"),
  ])
  func `anything but one right key is 401, in the shape of the API`(
    fields: [String], message: String
  ) throws {
    try Self.withKeys { daemon in
      let body = HTTPRequest.chat("demo", stream: false)
      let completions =
        #"{"error":{"message":"\#(message)","type":"authentication_error","param":null,"#
        + #""code":"invalid_api_key"}}"#
      let streams =
        #"{"error":{"code":"invalid_api_key","message":"\#(message)","retryable":false}}"#
      for (method, target, body, text) in [
        ("POST", Self.chat, body, completions), ("GET", "/v1/models", nil, completions),
        ("GET", "/v1/models/demo", nil, completions), ("POST", "/v1/streams", body, streams),
        ("DELETE", "/v1/streams/strm_00000000000000000000000", nil, streams),
      ] {
        let response = try daemon.ask(method, target, body: body, fields)
        #expect(response.statusLine == "HTTP/1.1 401 Unauthorized", "\(method) \(target)")
        #expect(response["WWW-Authenticate"] == "Bearer")
        #expect(response.text == text)
      }
    }
  }

  @Test(arguments: [
    right, "authorization: bearer key-of-alice", "AUTHORIZATION: BEARER key-of-bob",
    "Authorization:Bearer key-of-bob  ",
  ])
  func `each of the right keys opens both APIs`(field: String) throws {
    try Self.withKeys { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: true)
      #expect(try connection.ask("POST", Self.chat, body: body, [field]).status == 200)
      #expect(try connection.ask("GET", "/v1/models", [field]).status == 200)
      let created = try connection.ask("POST", "/v1/streams", body: body, [field])
      #expect(created.status == 202)
      let location = try #require(created["Location"])
      #expect(try connection.ask("DELETE", location, [field]).status == 200)
    }
  }

  @Test func `what says nothing of models needs no key`() throws {
    try Self.withKeys { daemon in
      let connection = try daemon.connect()
      for (method, target, status) in [
        ("GET", "/healthz", 200), ("GET", "/", 200), ("OPTIONS", Self.chat, 204),
        ("GET", "/nope", 404), ("GET", "/v1/nope", 404), ("GET", Self.chat, 405),
      ] {
        #expect(try connection.ask(method, target).status == status, "\(method) \(target)")
      }
    }
  }

  @Test func `an id is the permission to read, but not to stop`() throws {
    try Self.withKeys { daemon in
      let body = HTTPRequest.chat("demo", stream: true)
      let created = try daemon.ask("POST", "/v1/streams", body: body, [Self.right])
      let location = try #require(created["Location"])
      #expect(try daemon.ask("GET", location).text.contains("event: done\n"))
      #expect(try daemon.ask("GET", "\(location)?format=json").status == 200)
      #expect(try daemon.ask("DELETE", location).status == 401)
    }
  }

  @Test func `with requireKeyToRead reading takes a key too`() throws {
    try Self.withKeys(requireKeyToRead: true) { daemon in
      let body = HTTPRequest.chat("demo", stream: true)
      let created = try daemon.ask("POST", "/v1/streams", body: body, [Self.right])
      let location = try #require(created["Location"])
      for method in ["GET", "HEAD"] { #expect(try daemon.ask(method, location).status == 401) }
      #expect(
        try daemon.ask("GET", location).text
          == #"{"error":{"code":"invalid_api_key","#
          + #""message":"no API key: send it as Authorization: Bearer KEY","retryable":false}}"#)
      let bob = "Authorization: Bearer key-of-bob"
      #expect(try daemon.ask("GET", location, [bob]).text.contains("event: done\n"))
    }
  }
}
