import ClientAPIs
import Testing

@Suite struct ChatsRequestsTests {
  private func create(_ body: String) throws(Failure) -> ChatCreation {
    let bytes = Array(body.utf8)
    return try ChatCreation(bytes.span)
  }

  private func errors(_ body: String) -> [String: String] {
    do {
      _ = try create(body)
      return [:]
    } catch {
      #expect(error.reason == .invalidRequest)
      return Dictionary(uniqueKeysWithValues: error.fields.map { ($0.name, $0.sentence) })
    }
  }

  @Test func `a chat is read with all it can have`() throws {
    let chat = try create(
      #"{"input":"Hi \"you\"","x":[1],"agentId":"a","previousChatId":"chat_1","#
        + #""dynamicVariables":{ "n" : 1.50, "s":"a\/b", "o":{"k":[true]}, "l":[], "b":false }}"#)
    #expect(chat.agentID == "a")
    #expect(chat.input == "Hi \"you\"")
    #expect(chat.previousChatID == "chat_1")
    #expect(chat.variables == #"{"n":1.50,"s":"a/b","o":{"k":[true]},"l":[],"b":false}"#)
  }

  @Test(arguments: [
    "", #","previousChatId":"""#, #","previousChatId":null,"dynamicVariables":null"#,
  ])
  func `what may be left out may be empty or null`(more: String) throws {
    let chat = try create(#"{"agentId":"a","input":"i"\#(more)}"#)
    #expect(chat.previousChatID == nil)
    #expect(chat.variables == "{}")
  }

  @Test(arguments: [
    (#"{}"#, ["agentId": "agentId is required", "input": "input is required"]),
    (
      #"{"agentId":null,"input":""}"#,
      ["agentId": "agentId is required", "input": "input must not be empty"]
    ),
    (
      #"{"agentId":5,"input":["x"]}"#,
      ["agentId": "agentId must be a string", "input": "input must be a string"]
    ),
    (
      #"{"agentId":"a","input":"i","dynamicVariables":"x","previousChatId":1}"#,
      [
        "dynamicVariables": "dynamicVariables must be an object",
        "previousChatId": "previousChatId must be a string",
      ]
    ),
    (
      #"{"agentId":"a","input":"i","dynamicVariables":{"a":null,"b":1}}"#,
      [
        "dynamicVariables.a":
          "dynamicVariables.a must be a string, a number, a boolean, an object or an array"
      ]
    ),
  ])
  func `each field that is wrong is told`(body: String, expected: [String: String]) {
    #expect(errors(body) == expected)
  }

  @Test(arguments: [
    "", "x", "[]", "null", "\"a\"", "{", #"{"agentId":"a","input":"i"}x"#,
    #"{"agentId":"a" "input":"i"}"#,
  ])
  func `what is no JSON object has no fields to speak of`(body: String) {
    do {
      _ = try create(body)
      Issue.record("accepted")
    } catch {
      #expect(error.reason == .invalidRequest && error.fields.isEmpty)
    }
  }

  @Test func `lengths are in code points`() throws {
    let emoji = "👩‍👩‍👧"  // Five code points, one character.
    let five = String(repeating: emoji, count: 4096)
    #expect(try create(#"{"agentId":"a","input":"\#(five)"}"#).input.unicodeScalars.count == 20480)
    #expect(
      errors(#"{"agentId":"a","input":"\#(five)x"}"#)
        == ["input": "input must be between 1 and 20480 characters long"])
    let escaped = String(repeating: #"\ud83d\ude00"#, count: 64)
    #expect(try create(#"{"agentId":"\#(escaped)","input":"i"}"#).agentID.utf8.count == 256)
    #expect(
      errors(#"{"agentId":"\#(escaped)a","input":"i"}"#)
        == ["agentId": "agentId must be between 1 and 64 characters long"])
    let id = String(repeating: "c", count: 128)
    #expect(errors(#"{"agentId":"a","input":"i","previousChatId":"\#(id)"}"#) == [:])
    #expect(errors(#"{"agentId":"a","input":"i","previousChatId":"\#(id)c"}"#).count == 1)
  }

  @Test func `an update may be empty, or not there`() throws {
    for body in ["", "{}", #"{"agentId":null}"#, #"{"agentId":""}"#] {
      let bytes = Array(body.utf8)
      if body.contains(#""""#) {
        #expect(throws: Failure.self) { try ChatUpdate(bytes.span) }
      } else {
        let update = try ChatUpdate(bytes.span)
        #expect(update.agentID == nil && update.variables == nil)
      }
    }
    let bytes = Array(#"{"agentId":"b","dynamicVariables":{"x":1}}"#.utf8)
    let update = try ChatUpdate(bytes.span)
    #expect(update.agentID == "b" && update.variables == #"{"x":1}"#)
  }

  @Test(
    arguments: [
      (nil, nil, nil, nil, 0, 10), ("in_progress", "3", "100", .inProgress, 3, 100),
      ("in-progress", "0", "1", .inProgress, 0, 1), ("ended", nil, nil, .ended, 0, 10),
      ("error", "1000000", nil, .error, 1_000_000, 10),
    ] as [(String?, String?, String?, ChatStatus?, Int, Int)])
  func `a list is asked for by status, page and size`(
    status: String?, page: String?, size: String?, found: ChatStatus?, at: Int, of: Int
  ) throws {
    let query = try ChatListQuery(status: status, page: page, size: size)
    #expect(query.status == found && query.page == at && query.size == of)
  }

  @Test(
    arguments: [
      ("live", nil, nil, ["status"]), ("", nil, nil, ["status"]), (nil, "-1", nil, ["page"]),
      (nil, "", nil, ["page"]), (nil, "1000001", nil, ["page"]), (nil, "+1", nil, ["page"]),
      (nil, "1.0", nil, ["page"]), (nil, nil, "0", ["size"]), (nil, nil, "101", ["size"]),
      (nil, nil, "99999999999999999999", ["size"]), ("x", "x", "x", ["status", "page", "size"]),
    ] as [(String?, String?, String?, [String])])
  func `a query that is wrong is told field by field`(
    status: String?, page: String?, size: String?, names: [String]
  ) {
    do {
      _ = try ChatListQuery(status: status, page: page, size: size)
      Issue.record("accepted")
    } catch {
      #expect(error.fields.map(\.name) == names)
    }
  }
}
