internal import JSONWire

/// The bodies that the Chats API takes. Lengths are in Unicode code points. What is wrong with a
/// body is told field by field, all at once.
private struct FieldReader {
  let fields: RequestFields
  var errors: [FieldError] = []

  init(_ body: Span<UInt8>, _ names: Set<String>) throws(Failure) {
    fields = try RequestFields(body, names)
  }

  /// A text within its bounds; empty after it has been reported.
  mutating func required(_ name: String, _ bounds: ClosedRange<Int>) -> String {
    switch fields[name] {
    case nil, .null?: errors.append(FieldError(name, "\(name) is required"))
    case .text(let text)? where !text.isEmpty:
      if bounds.contains(text.unicodeScalars.count) { return text }
      errors.append(Self.length(name, bounds))
    case .text?: errors.append(FieldError(name, "\(name) must not be empty"))
    case .bool?, .object?, .other?: errors.append(Self.notText(name))
    }
    return ""
  }

  /// Nil when it is absent, null or, where that is allowed, empty.
  mutating func optional(_ name: String, _ bounds: ClosedRange<Int>) -> String? {
    switch fields[name] {
    case nil, .null?: return nil
    case .text(let text)?:
      guard bounds.contains(text.unicodeScalars.count) else {
        errors.append(Self.length(name, bounds))
        return nil
      }
      return text.isEmpty ? nil : text
    case .bool?, .object?, .other?:
      errors.append(Self.notText(name))
      return nil
    }
  }

  /// A JSON object without nulls for values; nil when it is absent or null.
  mutating func variables(_ name: String) -> String? {
    switch fields[name] {
    case nil, .null?: return nil
    case .object(let json)?:
      guard json.utf8.count <= ChatVariables.bound else {
        errors.append(ChatVariables.tooLong(name))
        return nil
      }
      for key in ChatVariables.nullNames(of: json) {
        errors.append(
          FieldError(
            "\(name).\(key)",
            "\(name).\(key) must be a string, a number, a boolean, an object or an array"))
      }
      return json
    case .text?, .bool?, .other?:
      errors.append(FieldError(name, "\(name) must be an object"))
      return nil
    }
  }

  func finish() throws(Failure) {
    guard !errors.isEmpty else { return }
    var failure = Failure(.invalidRequest, "invalid fields")
    failure.fields = errors
    throw failure
  }

  private static func length(_ name: String, _ bounds: ClosedRange<Int>) -> FieldError {
    FieldError(
      name,
      "\(name) must be between \(bounds.lowerBound) and \(bounds.upperBound) characters long")
  }

  private static func notText(_ name: String) -> FieldError {
    FieldError(name, "\(name) must be a string")
  }
}

private enum Bounds {
  static let agentID = 1...64
  static let chatID = 1...128
  static let previousChatID = 0...128
  static let input = 1...20480
}

/// `POST /v1/chats`
public struct ChatCreation: Equatable, Sendable {
  public var agentID: String
  public var input: String
  /// A JSON object.
  public var variables: String
  public var previousChatID: String?

  public init(_ body: Span<UInt8>) throws(Failure) {
    var reader = try FieldReader(
      body, ["agentId", "input", "dynamicVariables", "previousChatId"])
    agentID = reader.required("agentId", Bounds.agentID)
    input = reader.required("input", Bounds.input)
    variables = reader.variables("dynamicVariables") ?? "{}"
    previousChatID = reader.optional("previousChatId", Bounds.previousChatID)
    try reader.finish()
  }
}

/// `POST /v1/chats/response`
public struct ChatResponseRequest: Equatable, Sendable {
  public var chatID: String
  public var input: String

  public init(_ body: Span<UInt8>) throws(Failure) {
    var reader = try FieldReader(body, ["chatId", "input"])
    chatID = reader.required("chatId", Bounds.chatID)
    input = reader.required("input", Bounds.input)
    try reader.finish()
  }
}

/// `PATCH /v1/chats/{chatId}`
public struct ChatUpdate: Equatable, Sendable {
  public var agentID: String?
  /// A JSON object, to be merged into the chat's.
  public var variables: String?

  /// No body is as good as an empty object.
  public init(_ body: Span<UInt8>) throws(Failure) {
    guard !body.isEmpty else { return }
    var reader = try FieldReader(body, ["agentId", "dynamicVariables"])
    agentID = reader.optional("agentId", Bounds.agentID)
    variables = reader.variables("dynamicVariables")
    try reader.finish()
  }
}

public enum ChatStatus: String, Equatable, Sendable {
  case inProgress = "in_progress"
  case ended, error
}

/// The query of `GET /v1/chats`.
public struct ChatListQuery: Equatable, Sendable {
  /// Nil for all.
  public var status: ChatStatus?
  /// From 0.
  public var page = 0
  public var size = 10

  private static let pages = 0...1_000_000
  private static let sizes = 1...100

  public init(status: String?, page: String?, size: String?) throws(Failure) {
    var errors: [FieldError] = []
    if let status {
      self.status = ChatStatus(rawValue: status == "in-progress" ? "in_progress" : status)
      if self.status == nil {
        errors.append(FieldError("status", "status must be in_progress, ended or error"))
      }
    }
    func number(_ name: String, _ text: String?, _ bounds: ClosedRange<Int>, _ value: inout Int) {
      guard let text else { return }
      guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(text),
        bounds.contains(number)
      else {
        errors.append(
          FieldError(
            name, "\(name) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
          ))
        return
      }
      value = number
    }
    number("page", page, Self.pages, &self.page)
    number("size", size, Self.sizes, &self.size)
    guard !errors.isEmpty else { return }
    var failure = Failure(.invalidRequest, "invalid query parameters")
    failure.fields = errors
    throw failure
  }
}
