/// Requests as text, for a test to send whole or in pieces.
public enum HTTPRequest {
  /// HTTP/1.1 with Host, and Content-Length and Content-Type where there is a body.
  /// - Parameter fields: Further lines, without CRLF.
  public static func text(
    _ method: String, _ target: String, body: String? = nil, _ fields: [String] = []
  ) -> String {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + fields
    if let body {
      lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
    }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
  }

  /// A chat completion request of one message.
  public static func chat(_ model: String, stream: Bool, message: String = "Hello") -> String {
    #"{"model":"\#(model)","stream":\#(stream),"#
      + #""messages":[{"role":"user","content":"\#(message)"}]}"#
  }
}
