import ClientAPIs
import Testing

/// The bodies that the Chats, Agents and Widget APIs answer with, to the byte.
@Suite struct AnswersTests {
  private static func chat(_ messages: [MessageView]) -> ChatView {
    ChatView(
      chatID: "chat_1", createdAt: "2026-05-05T10:06:43.615Z", status: .inProgress,
      agent: AgentView(name: "Grace", agentID: "agent_1", status: "Live"),
      variables: #"{"a":1}"#, messages: messages)
  }

  private static let messages = [
    MessageView(id: "item_1", isAssistant: false, text: "Hi\nthere"),
    MessageView(id: "item_2", isAssistant: true, text: "Hello \"you\""),
  ]

  private static let shown = [
    #"{"id":"item_1","role":"user","type":"message","content":["Hi\nthere"]}"#,
    #"{"id":"item_2","role":"assistant","type":"message","content":["Hello \"you\""]}"#,
  ]

  private static let agent = #"{"name":"Grace","agentId":"agent_1","status":"Live"}"#

  private static func record(_ response: String, _ messages: String, _ transcript: String)
    -> String
  {
    #"{"chatId":"chat_1","agent":\#(agent),"createdAt":"2026-05-05T10:06:43.615Z","#
      + #""status":"in_progress","transcript":"\#(transcript)","response":[\#(response)],"#
      + #""messages":[\#(messages)],"dynamicVariables":{"a":1}}"#
  }

  @Test func `the answer to a chat's message is the reply alone`() {
    #expect(
      text(ChatAnswers.completion(Self.chat([]), reply: Self.messages[1]))
        == #"{"chatId":"chat_1","createdAt":"2026-05-05T10:06:43.615Z","#
        + #""status":"in_progress","response":[\#(Self.shown[1])],"agent":\#(Self.agent)}"#)
  }

  @Test func `a record has everything, and a line for each message`() {
    #expect(text(ChatAnswers.record(Self.chat([]))) == Self.record("", "", ""))
    #expect(
      text(ChatAnswers.record(Self.chat(Self.messages)))
        == Self.record(
          Self.shown[1], Self.shown.joined(separator: ","),
          #"User: Hi there\nAgent: Hello \"you\""#))
    let waiting = Self.messages + [MessageView(id: "item_3", isAssistant: false, text: "\r\n")]
    #expect(text(ChatAnswers.record(Self.chat(waiting))).contains(#""response":[{"id":"item_2""#))
    #expect(text(ChatAnswers.record(Self.chat(waiting))).contains(#"\nUser:  ","response""#))
  }

  @Test(arguments: [
    (0, 10, 0, 0, false, false), (0, 10, 10, 1, false, false), (0, 10, 11, 2, true, false),
    (1, 10, 11, 2, false, true), (2, 10, 11, 2, false, true), (0, 1, 3, 3, true, false),
    (1, 1, 3, 3, true, true),
  ])
  func `a page says where it stands`(
    page: Int, size: Int, total: Int, pages: Int, hasNext: Bool, hasPrevious: Bool
  ) {
    #expect(
      text(ChatAnswers.page([], page: page, size: size, total: total))
        == #"{"data":[],"page":\#(page),"size":\#(size),"totalCount":\#(total),"#
        + #""totalCounts":\#(total),"totalPages":\#(pages),"hasNext":\#(hasNext),"#
        + #""hasPrevious":\#(hasPrevious)}"#)
  }

  @Test func `an agent answers in its envelope`() {
    #expect(
      text(
        AgentAnswers.answer(
          text: Array("Hi \u{2028}🌊".utf8), conversationID: "conv_1", model: "m", tokens: 7))
        == #"{"data":{"response":"Hi \u2028🌊","conversationId":"conv_1","#
        + #""metadata":{"model":"m","tokens":7}},"error":null}"#)
  }

  @Test(arguments: [
    ("  a b \n", "a b"), ("", "I could not generate a response right now."),
    (" \t\n\u{FEFF}\u{2028}", "I could not generate a response right now."), ("a", "a"),
    ("\u{200B}", "\u{200B}"),
  ])
  func `a widget's reply is trimmed, and never empty`(said: String, reply: String) {
    #expect(WidgetAnswers.replyText(Array(said.utf8)) == reply)
  }

  @Test func `a widget's answers`() {
    #expect(
      text(WidgetAnswers.message(conversationID: "c", text: "x\"y"))
        == #"{"conversationId":"c","message":"x\"y"}"#)
    let view = WidgetConversationView(
      id: "c", sessionID: "s", createdAt: 5, updatedAt: 7,
      lastMessage: String(repeating: "x", count: 499) + "😀")
    let shown =
      #"{"_id":"c","_creationTime":5,"sessionId":"s","createdAt":5,"updatedAt":7,"#
      + #""lastMessage":"\#(String(repeating: "x", count: 499))"}"#
    #expect(
      text(WidgetAnswers.conversations([view], total: 9))
        == #"{"conversations":[\#(shown)],"total":9}"#)
    let message = WidgetMessageView(id: "m", isAssistant: true, content: "x", createdAt: 6)
    #expect(
      text(WidgetAnswers.conversation(view, messages: [message]))
        == #"{"conversation":\#(shown),"messages":[{"_id":"m","role":"assistant","#
        + #""content":"x","createdAt":6,"_creationTime":6,"conversationId":"c"}]}"#)
  }

  @Test(arguments: [500, 501, 250, 251])
  func `the last message is cut behind 500 code units, never within a pair`(pairs: Int) {
    var view = WidgetConversationView(
      id: "c", sessionID: "s", createdAt: 0, updatedAt: 0,
      lastMessage: String(repeating: "😀", count: pairs))
    let most = String(repeating: "😀", count: 250)
    #expect(text(WidgetAnswers.conversations([view], total: 1)).contains("\"\(most)\""))
    view.lastMessage = nil
    #expect(text(WidgetAnswers.conversations([view], total: 1)).contains(#""lastMessage":null"#))
  }

  @Test func `a model is asked with the prompt, the history and the new message`() {
    let body = AgentRequestBody.make(
      model: "m",
      parameters: [(name: "temperature", json: "0.5"), (name: "stop", json: #"["x"]"#)],
      prompt: "Be \"kind\"",
      messages: [(false, "one"), (true, "two"), (false, "three")])
    #expect(
      text(body)
        == #"{"model":"m","temperature":0.5,"stop":["x"],"messages":["#
        + #"{"role":"system","content":"Be \"kind\""},{"role":"user","content":"one"},"#
        + #"{"role":"assistant","content":"two"},{"role":"user","content":"three"}],"#
        + #""stream":true}"#)
    #expect(
      !text(AgentRequestBody.make(model: "m", parameters: [], prompt: "", messages: []))
        .contains("system"))
  }

  @Test(arguments: [
    (
      #"{"model":"agent:a","messages":[{"role":"user","content":"x"}],"top_p":1}"#,
      #"{"temperature":0.5,"model":"agent:a","messages":[{"role":"system","content":"P"},"#
        + #"{"role":"user","content":"x"}],"top_p":1}"#
    ),
    (
      #"{ "temperature" : 2, "messages" : [ {"role":"user"} ], "model":"agent:a" }"#,
      #"{"top_p":0.1, "temperature" : 2, "messages" : [{"role":"system","content":"P"}, "#
        + #"{"role":"user"} ], "model":"agent:a" }"#
    ),
  ])
  func `an agent that is asked as a model adds what its client does not say`(
    body: String, expected: String
  ) throws {
    let bytes = Array(body.utf8)
    let request = try CompletionsRequest(bytes.span)
    let upstream = request.upstreamBody(
      from: bytes.span, model: nil, streams: false, asksUsage: false, prompt: "P",
      parameters: [(name: "temperature", json: "0.5"), (name: "top_p", json: "0.1")])
    #expect(text(upstream) == expected)
  }
}
