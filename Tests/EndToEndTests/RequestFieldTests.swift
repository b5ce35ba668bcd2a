import TestSupport
import Testing

@Suite(.showsLog)
struct RequestFieldTests {
  @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
  func `a body of another type is 415, in the shape of the API`(type: String) throws {
    try withDaemon { daemon in
      let body = HTTPRequest.chat("demo", stream: false)
      func ask(_ target: String) throws -> HTTPResponse {
        let connection = try daemon.connect()
        try connection.send(
          "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let response = try connection.response()
        // The body was there: the connection goes on.
        #expect(try connection.ask("GET", "/healthz").status == 200)
        return response
      }
      let completions = try ask("/v1/chat/completions")
      #expect(completions.statusLine == "HTTP/1.1 415 Unsupported Media Type")
      #expect(
        completions.text
          == #"{"error":{"message":"the body must be application/json","#
          + #""type":"invalid_request_error","param":null,"code":"unsupported_media_type"}}"#)
      let streams = try ask("/v1/streams")
      #expect(streams.status == 415)
      #expect(
        streams.text
          == #"{"error":{"code":"unsupported_media_type","#
          + #""message":"the body must be application/json","retryable":false}}"#)
    }
  }

  @Test(arguments: [
    "Content-Type: application/json; charset=utf-8\r\n", "content-type: Application/JSON\r\n", "",
    "Content-Type: application/json;charset=utf-8\r\n",
  ])
  func `JSON is taken with parameters, in any case, and when no type is given`(type: String) throws
  {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat("demo", stream: false)
      try connection.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\(type)"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      #expect(try connection.response().status == 200)
    }
  }

  @Test(arguments: [
    "", "{", "[1,", #"{"model":"demo","messages":[]"#, #"{"model":"demo",}"#, "{}{}", "nul",
    #"{"model":"\x"}"#, "{'model':1}", "{\"a\":\"\u{1}\"}", #"{"a":01}"#,
  ])
  func `malformed JSON is 400 in the shape of the API, in words`(body: String) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let completions = try connection.ask("POST", "/v1/chat/completions", body: body)
      #expect(completions.status == 400)
      #expect(completions.text.hasPrefix(#"{"error":{"message":"the body is not valid JSON: "#))
      #expect(
        completions.text.hasSuffix(#","type":"invalid_request_error","param":null,"code":null}}"#))
      #expect(!completions.text.contains("(at:"))
      let streams = try connection.ask("POST", "/v1/streams", body: body)
      #expect(streams.status == 400)
      #expect(
        streams.text.hasPrefix(
          #"{"error":{"code":"invalid_request","message":"the body is not valid JSON: "#))
      #expect(streams.text.hasSuffix(#","retryable":false}}"#))
    }
  }

  @Test(arguments: [
    (#"{"messages":[{"role":"user","content":"x"}]}"#, "model"),
    (#"{"model":null,"messages":[{}]}"#, "model"), (#"{"model":7,"messages":[{}]}"#, "model"),
    (#"{"model":"","messages":[{}]}"#, "model"),
    (#"{"model":"demo"}"#, "messages"), (#"{"model":"demo","messages":[]}"#, "messages"),
    (#"{"model":"demo","messages":"Hello"}"#, "messages"),
    (#"{"model":"demo","messages":[{}],"stream":"yes"}"#, "stream"),
    (#"{"model":"demo","messages":[{}],"stream":1}"#, "stream"),
    (#"{"model":"demo","messages":[{}],"stream_options":[]}"#, "stream_options"),
    (#"{"model":"demo","messages":[{"content":"a"}],"messages":[]}"#, "messages"),
  ])
  func `a field that is missing or wrong is 400 and named`(body: String, field: String) throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let response = try connection.ask("POST", "/v1/chat/completions", body: body)
      #expect(response.status == 400)
      #expect(
        response.text.hasSuffix(
          #","type":"invalid_request_error","param":"\#(field)","code":null}}"#))
      let streams = try connection.ask("POST", "/v1/streams", body: body)
      #expect(streams.status == 400)
      #expect(streams.text.hasPrefix(#"{"error":{"code":"invalid_request","message":""#))
    }
  }

  @Test(arguments: ["[]", "null", "7", #""text""#])
  func `a body that is JSON but no object is 400`(body: String) throws {
    try withDaemon { daemon in
      let response = try daemon.ask("POST", "/v1/chat/completions", body: body)
      #expect(response.status == 400)
      #expect(
        response.text
          == #"{"error":{"message":"the body must be a JSON object","#
          + #""type":"invalid_request_error","param":null,"code":null}}"#)
    }
  }

  @Test func `a model that does not exist is 404, by name`() throws {
    try withDaemon { daemon in
      let connection = try daemon.connect()
      let body = HTTPRequest.chat(#"no\"pe"#, stream: true)
      let completions = try connection.ask("POST", "/v1/chat/completions", body: body)
      #expect(completions.status == 404)
      #expect(
        completions.text
          == #"{"error":{"message":"The model `no\"pe` does not exist","#
          + #""type":"invalid_request_error","param":"model","code":"model_not_found"}}"#)
      let streams = try connection.ask("POST", "/v1/streams", body: body)
      #expect(streams.status == 404)
      #expect(
        streams.text
          == #"{"error":{"code":"model_not_found","#
          + #""message":"The model `no\"pe` does not exist","retryable":false}}"#)
      let listed = try connection.ask("GET", "/v1/models/vendor/nope")
      #expect(listed.status == 404)
      #expect(listed.text.contains("The model `vendor/nope` does not exist"))
    }
  }
}
