/// An answer of the server itself.
struct PlainAnswer {
  var status = 200
  var json: JSONValue

  static func refusal(_ status: Int, _ reason: String) -> PlainAnswer {
    PlainAnswer(status: status, json: .object([.init("error", .string(reason))]))
  }
}

/// What the server answers by itself: `/control/…`, the list of models and the health check.
struct ControlPlane {
  /// `wait` gives up after this, whatever was asked for.
  private static let longestWaitNanoseconds: Int64 = 60_000_000_000

  let registry: Registry

  /// Nil if the request is for a script. May block, in `wait`.
  func answer(_ request: Request) -> PlainAnswer? {
    let segments = request.segments
    switch (request.method, segments.first, segments.dropFirst().first, segments.count) {
    case ("GET", "health", _, 1):
      return PlainAnswer(json: .object([.init("status", .string("ok"))]))
    case ("GET", "v1", "models", 2): return models()
    case ("PUT", "control", "scripts", 3): return put(request, named: segments[2])
    case ("DELETE", "control", "scripts", 2):
      registry.forgetEverything()
      return PlainAnswer(json: .object([]))
    case ("POST", "control", "gates", 3):
      registry.gate(segments[2]).open()
      return PlainAnswer(json: .object([.init("open", .string(segments[2]))]))
    case ("GET", "control", "log", 2):
      return PlainAnswer(json: records(of: request.query("script")))
    case ("GET", "control", "wait", 2): return wait(request)
    case (_, "control", _, _): return .refusal(404, "no such control: \(request.path)")
    default: return nil
    }
  }

  private func models() -> PlainAnswer {
    let models = registry.scriptNames.map { name in
      JSONValue.object([
        .init("id", .string(name)), .init("object", .string("model")),
        .init("created", .integer(1_700_000_000)), .init("owned_by", .string("scripted-model")),
      ])
    }
    return PlainAnswer(
      json: .object([.init("object", .string("list")), .init("data", .array(models))]))
  }

  private func put(_ request: Request, named name: String) -> PlainAnswer {
    do throws(ScriptError) {
      let script = try Script(json: request.body)
      registry.put(script, named: name)
      return PlainAnswer(
        json: .object([
          .init("script", .string(name)), .init("attempts", .integer(script.attempts.count)),
        ]))
    } catch {
      return .refusal(400, "\(error)")
    }
  }

  private func records(of script: String?) -> JSONValue {
    .array(registry.records(of: script).map(\.json))
  }

  private func wait(_ request: Request) -> PlainAnswer {
    let script = request.query("script")
    guard let event = Registry.Event(rawValue: request.query("event") ?? "attempt") else {
      return .refusal(400, "event: expected attempt, gone or finished")
    }
    guard let count = Int(request.query("count") ?? "1") else {
      return .refusal(400, "count: expected an integer")
    }
    guard let timeout = parseDuration(request.query("timeout") ?? "5s") else {
      return .refusal(400, "timeout: expected a duration such as 5s")
    }
    let deadline = monotonicNanoseconds() + min(timeout, Self.longestWaitNanoseconds)
    if registry.wait(for: event, of: script, count: count, untilNanoseconds: deadline) {
      return PlainAnswer(json: records(of: script))
    }
    let reason = "not \(count) times \(event.rawValue) in time"
    return PlainAnswer(
      status: 408,
      json: .object([.init("error", .string(reason)), .init("records", records(of: script))]))
  }
}
