/// Whose requests and answers are spoken.
public enum ClientAPI: String, Sendable, CaseIterable {
  /// OpenAI's chat completions, and what is compatible.
  case completions
  /// The widget's: JSON lines, a session for each request.
  case widget
  /// Agents by their slug.
  case agents
}

/// One request as bytes, but for what must differ each time.
public struct RequestTemplate: Sendable {
  /// Stands in a body or path for a word that no other request has.
  public static let session = "{session}"

  private let method: String
  private let path: String
  private let fields: String
  private let body: String?
  private let varies: Bool
  private let fixed: [UInt8]

  /// - Parameter fields: Header fields beside Host and those of the body.
  public init(
    _ method: String, _ target: Target, fields: [(name: String, value: String)] = [],
    body: String? = nil
  ) {
    self.method = method
    self.body = body
    path = target.path
    self.fields =
      "Host: \(target.host)\r\n" + fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    varies = [path, body ?? ""].contains { $0.contains(Self.session) }
    fixed = Self.bytes(method, path, self.fields, body)
  }

  /// The next request. Allocates only where it differs from the others.
  func bytes(session: @autoclosure () -> String) -> [UInt8] {
    guard varies else { return fixed }
    let word = session()
    return Self.bytes(
      method, Self.replace(Self.session, by: word, in: path), fields,
      body.map { Self.replace(Self.session, by: word, in: $0) })
  }

  /// With one field more, for one who comes back.
  func bytes(adding name: String, _ value: String) -> [UInt8] {
    Self.bytes(method, path, fields + "\(name): \(value)\r\n", body)
  }

  private static func bytes(_ method: String, _ path: String, _ fields: String, _ body: String?)
    -> [UInt8]
  {
    let length = body.map {
      "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n"
    }
    return Array("\(method) \(path) HTTP/1.1\r\n\(fields)\(length ?? "")\r\n\(body ?? "")".utf8)
  }

  static func replace(_ word: String, by text: String, in whole: String) -> String {
    let (bytes, pattern) = (Array(whole.utf8), Array(word.utf8))
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index...].starts(with: pattern) {
        result += Array(text.utf8)
        index += pattern.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension RequestTemplate {
  /// A question in the words of `api`.
  public static func question(
    _ api: ClientAPI, to target: Target, streaming: Bool, model: String, key: String?,
    body: String? = nil, fields: [(name: String, value: String)] = []
  ) -> RequestTemplate {
    let text = "Say something of moderate length about relays."
    let usage = streaming ? #","stream_options":{"include_usage":true}"# : ""
    let usual =
      switch api {
      case .completions:
        #"{"model":"\#(model)","messages":[{"role":"user","content":"\#(text)"}],"#
          + #""max_tokens":200,"stream":\#(streaming)\#(usage)}"#
      case .widget: #"{"sessionId":"\#(session)","message":"\#(text)"}"#
      case .agents: #"{"message":"\#(text)","stream":\#(streaming)}"#
      }
    var all = fields
    let accepted = api == .widget ? "application/x-ndjson" : "text/event-stream"
    all.append(("Accept", streaming ? accepted : "application/json"))
    if let key {
      all.append(api == .widget ? ("x-api-key", key) : ("Authorization", "Bearer \(key)"))
    }
    return RequestTemplate("POST", target, fields: all, body: body ?? usual)
  }
}
