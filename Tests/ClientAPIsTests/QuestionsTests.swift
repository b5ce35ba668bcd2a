import ClientAPIs
import Testing

/// The bodies of the Agents, Streams and Widget APIs.
@Suite struct QuestionsTests {
  private func agent(_ body: String) throws(Failure) -> AgentQuestion {
    let bytes = Array(body.utf8)
    return try AgentQuestion(bytes.span)
  }

  @Test(arguments: [
    (#"{"message":"Hi"}"#, false, nil), (#"{"message":"Hi","stream":true}"#, true, nil),
    (#"{"message":"Hi","stream":null,"conversationId":null,"async":1}"#, false, nil),
    (#"{"conversationId":"conv_1","stream":false,"message":"Hi"}"#, false, "conv_1"),
    (#"{"conversationId":"","message":"no","message":"Hi"}"#, false, ""),
  ])
  func `an agent's question`(body: String, streams: Bool, conversation: String?) throws {
    let question = try agent(body)
    #expect(question.message == "Hi")
    #expect(question.streams == streams)
    #expect(question.conversationID == conversation)
  }

  @Test(arguments: [
    (#"{}"#, "Message field is required"), (#"{"message":null}"#, "Message field is required"),
    (#"{"message":1}"#, "Message field is required"),
    (#"{"message":""}"#, "Message field is required"),
    (#"{"message":" \t\n\u00a0\u2003"}"#, "Message field is required"),
    (#"{"message":"x","stream":"true"}"#, "Stream field must be true or false"),
    (#"{"message":"x","stream":1}"#, "Stream field must be true or false"),
    (
      #"{"message":"x","conversationId":5}"#, "ConversationId field must be a string or null"
    ),
  ])
  func `a question that is none is told why`(body: String, message: String) {
    do {
      _ = try agent(body)
      Issue.record("accepted")
    } catch {
      #expect(error.reason == .invalidRequest && error.message == message)
    }
  }

  @Test func `a body that names an agent asks it, any other asks a model`() throws {
    let none = Array(#"{"model":"m","messages":[],"agent":null}"#.utf8)
    #expect(try StreamQuestion(none.span) == nil)
    let some = Array(#"{"agent":"help","message":"Hi","conversationId":"conv_1"}"#.utf8)
    let question = try #require(try StreamQuestion(some.span))
    #expect(question.agent == "help" && question.message == "Hi")
    #expect(question.conversationID == "conv_1")
    for body in [#"{"agent":1,"message":"x"}"#, #"{"agent":"help"}"#, "[]", ""] {
      let bytes = Array(body.utf8)
      #expect(throws: Failure.self) { try StreamQuestion(bytes.span) }
    }
  }

  private func isFit(session: String, message: String) -> Bool {
    let bytes = Array(#"{"sessionId":"\#(session)","message":"\#(message)"}"#.utf8)
    return (try? WidgetQuestion(bytes.span)) != nil
  }

  @Test(arguments: [
    ("a", true), ("user-123", true), ("A.b_c:d-9", true), ("", false), ("a b", false),
    (#"a\n"#, false), (#"a\r"#, false), ("a/b", false), ("é", false), (#"\u0061"#, true),
    (#"a\u0000"#, false), ("a;b", false), ("😀", false),
  ])
  func `a session is named by a few characters`(session: String, isFit: Bool) {
    #expect(self.isFit(session: session, message: "x") == isFit)
  }

  @Test func `lengths are in UTF-16 code units`() {
    let session = String(repeating: "s", count: 128)
    #expect(isFit(session: session, message: "x"))
    #expect(!isFit(session: session + "s", message: "x"))
    let emoji = String(repeating: "😀", count: 2000)
    #expect(isFit(session: "s", message: emoji))
    #expect(!isFit(session: "s", message: emoji + "x"))
    let escaped = String(repeating: #"\ud83d\ude00"#, count: 2000)
    #expect(isFit(session: "s", message: escaped))
    #expect(!isFit(session: "s", message: escaped + "x"))
    #expect(isFit(session: "s", message: String(repeating: "é", count: 4000)))
    #expect(isFit(session: "s", message: " "))
    #expect(isFit(session: "s", message: #"\n"#))
    #expect(!isFit(session: "s", message: ""))
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"sessionId":"s"}"#, #"{"message":"x"}"#, #"{"sessionId":1,"message":"x"}"#,
    #"{"sessionId":"s","message":null}"#, #"{"sessionId":"s","message":"x"} "x""#,
  ])
  func `a widget's question needs both fields`(body: String) {
    let bytes = Array(body.utf8)
    #expect(throws: Failure.self) { try WidgetQuestion(bytes.span) }
  }

  @Test func `a widget's message is as it was sent`() throws {
    let bytes = Array(#"{"sessionId":"s","message":"  a \n","more":{}}"#.utf8)
    let question = try WidgetQuestion(bytes.span)
    #expect(question.message == "  a \n" && question.sessionID == "s")
  }

  @Test(arguments: [
    ("a", true), ("!~", true), ("", false), ("a b", false), ("é", false), ("a\u{7F}", false),
    (String(repeating: "k", count: 255), true), (String(repeating: "k", count: 256), false),
  ])
  func `a key of idempotency is visible ASCII`(key: String, isFit: Bool) {
    #expect(IdempotencyKey.isFit(key) == isFit)
  }

  @Test func `a fingerprint is the same in every process, and another for another body`() {
    func fingerprint(_ text: String) -> String { RequestFingerprint.of(text.utf8.span) }
    #expect(fingerprint("") == "cbf29ce4842223256c62272e07bb0142")
    #expect(fingerprint("a").hasPrefix("af63dc4c8601ec8c"))
    let bodies = (0..<1000).map { "{\"message\":\"\($0)\"}" } + ["", " ", "{}", "{ }"]
    #expect(Set(bodies.map(fingerprint)).count == bodies.count)
  }
}
