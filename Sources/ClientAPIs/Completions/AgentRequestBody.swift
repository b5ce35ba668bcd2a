internal import JSONWire

/// What a model is asked on behalf of an agent: a chat completion request like any other.
public enum AgentRequestBody {
  /// - Parameters:
  ///   - parameters: Further fields, each value as JSON.
  ///   - prompt: Becomes the system message; empty for none.
  ///   - messages: Oldest first, the new one included.
  public static func make(
    model: String, parameters: [(name: String, json: String)], prompt: String,
    messages: [(isAssistant: Bool, text: String)]
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("model")
    json.string(model)
    for parameter in parameters {
      json.key(text: parameter.name)
      json.raw(parameter.json.utf8.span)
    }
    json.key("messages")
    json.beginArray()
    if !prompt.isEmpty { append("system", prompt, to: &json) }
    for message in messages {
      append(message.isAssistant ? "assistant" : "user", message.text, to: &json)
    }
    json.endArray()
    json.key("stream")
    json.bool(true)
    json.endObject()
    return json.bytes
  }

  static func append(_ role: String, _ text: String, to json: inout JSONWriter) {
    json.beginObject()
    json.key("role")
    json.string(role)
    json.key("content")
    json.string(text)
    json.endObject()
  }
}
