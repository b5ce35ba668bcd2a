internal import JSONWire

/// Whether new requests should come here, as `/readyz` answers it.
public enum ServiceReadiness: String, Sendable {
  case ready
  /// It is about to end.
  case draining
  /// The logs' memory is used up.
  case memory
  /// The disk did not take the last change.
  case archive
  /// All of them have failed of late, and are left alone.
  case upstreams

  /// How an upstream does.
  public struct Upstream: Sendable {
    public var name: String
    /// `closed`, `open` or `probing`.
    public var circuit: String

    public init(name: String, circuit: String) {
      self.name = name
      self.circuit = circuit
    }
  }

  /// `{"status":"ready"}`, or why it is `unready`; and the upstreams, if any are given.
  public func body(_ upstreams: [Upstream]) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("status")
    json.string(self == .ready ? "ready" : "unready")
    if self != .ready {
      json.key("reason")
      json.string(rawValue)
    }
    if !upstreams.isEmpty {
      json.key("upstreams")
      json.beginArray()
      for upstream in upstreams {
        json.beginObject()
        json.key("name")
        json.string(upstream.name)
        json.key("circuit")
        json.string(upstream.circuit)
        json.endObject()
      }
      json.endArray()
    }
    json.endObject()
    return json.bytes
  }
}
