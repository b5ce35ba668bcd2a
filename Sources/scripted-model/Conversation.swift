/// A request that a script answers, with what the answer depends on.
struct ScriptedRequest {
  var request: Request
  /// The name of the script, recorded with the request.
  var name: String
  /// The `model` of the body, or the script's name.
  var model: String
  var wantsStream: Bool
  var wantsUsage: Bool

  /// Nil if no script answers such a request.
  ///
  /// The body's `model` names the script. Formats that put the model into the path get the script
  /// that a part of the path names, up to its colon. Any other POST is for `default`.
  init?(_ request: Request, registry: Registry) {
    let body = try? JSONValue(parsing: request.body)
    let named = request.segments.map { String($0.prefix { $0 != ":" }) }
    if let model = body?["model"]?.string {
      name = model
    } else if let segment = named.first(where: registry.hasScript) {
      name = segment
    } else if request.method == "POST" {
      name = "default"
    } else {
      return nil
    }
    model = body?["model"]?.string ?? name
    wantsStream = body?["stream"] == .bool(true)
    wantsUsage = body?["stream_options"]?["include_usage"] == .bool(true)
    self.request = request
  }
}

/// One connection from its first request to its end; runs on a thread of its own.
struct Conversation: Sendable {
  private enum Ending { case keep, finish, reset, close }

  let socket: ConnectedSocket
  /// From 1, in the order of accepting.
  let number: Int
  let registry: Registry

  /// Blocks until the connection is closed.
  func run() {
    var reader = RequestReader(socket: socket)
    var ending = Ending.keep
    while ending == .keep {
      switch reader.next() {
      case .closed: ending = .close
      case .malformed(let reason): ending = send(.refusal(400, reason), keeping: false)
      case .request(let request): ending = answer(request)
      }
    }
    switch ending {
    case .finish: socket.finish()
    case .reset: socket.reset()
    case .keep, .close: socket.close()
    }
  }

  private func answer(_ request: Request) -> Ending {
    if let plain = ControlPlane(registry: registry).answer(request) {
      return send(plain, keeping: request.allowsKeepAlive)
    }
    guard let scripted = ScriptedRequest(request, registry: registry) else {
      return send(.refusal(404, "no script for this"), keeping: request.allowsKeepAlive)
    }
    guard let begun = registry.begin(scripted.name, request: request, connection: number) else {
      let reason = "\(Registry.recordLimit) records; DELETE /control/scripts forgets them"
      return send(.refusal(503, reason), keeping: request.allowsKeepAlive)
    }
    var runner = AttemptRunner(begun, request: scripted, on: self)
    do throws(Departure) {
      let keeps = try runner.run()
      registry.conclude(begun.recordID, .finished)
      return keeps ? .keep : .finish
    } catch {
      switch error {
      case .cut:
        registry.conclude(begun.recordID, .finished)
        return .finish
      case .reset:
        registry.conclude(begun.recordID, .reset)
        return .reset
      case .gone:
        registry.conclude(begun.recordID, .gone)
        return .close
      }
    }
  }

  private func send(_ answer: PlainAnswer, keeping: Bool) -> Ending {
    let body = answer.json.bytes
    var head = ResponseHead(status: answer.status)
    if !keeping { head.fields.append(.init(name: "Connection", value: "close")) }
    let bytes =
      head.bytes(
        framing: .length,
        .init(
          requestIsOneZero: false, contentType: "application/json", isStream: false,
          contentLength: body.count)) + body
    var sent = 0
    do throws(Departure) { try socket.send(bytes[...], sent: &sent) } catch { return .close }
    return keeping ? .keep : .finish
  }
}
