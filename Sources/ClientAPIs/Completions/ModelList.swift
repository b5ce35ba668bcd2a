internal import JSONWire

/// The bodies of `GET /v1/models` and `GET /v1/models/{id}`.
public enum ModelList {
  public struct Model: Sendable {
    public var id: String
    public var owner: String

    public init(id: String, owner: String) {
      self.id = id
      self.owner = owner
    }
  }

  /// - Parameter created: Seconds since 1970, the same for all: when the daemon started.
  public static func body(_ models: [Model], created: Int) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("object")
    json.string("list")
    json.key("data")
    json.beginArray()
    for model in models { append(model, created, to: &json) }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  public static func body(_ model: Model, created: Int) -> [UInt8] {
    var json = JSONWriter()
    append(model, created, to: &json)
    return json.bytes
  }

  private static func append(_ model: Model, _ created: Int, to json: inout JSONWriter) {
    json.beginObject()
    json.key("id")
    json.string(model.id)
    json.key("object")
    json.string("model")
    json.key("created")
    json.integer(created)
    json.key("owned_by")
    json.string(model.owner)
    json.endObject()
  }
}
