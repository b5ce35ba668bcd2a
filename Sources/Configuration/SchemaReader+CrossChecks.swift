/// What values must be to each other. Each check asks `isSound` first, so that a value that was
/// refused by itself is not compared.
extension SchemaReader {
  mutating func crossCheck(_ settings: Settings) {
    let root = DocumentPath()
    let listeners = listeners(of: settings)
    let watched = settings.metrics.listen.enumerated().map {
      (path: root["metrics"]["listen"][$0.offset], address: $0.element)
    }
    checkUnique(
      (listeners + watched).filter { $0.address.isFixed }.map { ($0.path, $0.address.description) },
      as: "an address")
    checkUnique(
      settings.keys.indices.map { (root["keys"][$0]["name"], settings.keys[$0].name) },
      as: "a name")
    checkUnique(
      settings.upstreams.indices.map {
        (root["upstreams"][$0]["name"], settings.upstreams[$0].name)
      }, as: "a name")
    checkUnique(
      settings.models.indices.map { (root["models"][$0]["id"], settings.models[$0].id) },
      as: "an id")
    checkAtMost(
      root["streams"]["stream"], settings.streams.streamBytes,
      root["streams"]["memory"], settings.streams.memoryBytes, SizeText.format)
    for (index, upstream) in settings.upstreams.enumerated() {
      check(upstream, at: root["upstreams"][index])
    }
    checkUpstreams(of: settings)
    checkOpen(listeners, settings)
    crossCheckAgents(settings)
  }

  private typealias Listener = (path: DocumentPath, address: Settings.ListenAddress)

  private func listeners(of settings: Settings) -> [Listener] {
    let root = DocumentPath()
    return settings.listen.enumerated().map { (root["listen"][$0.offset], $0.element) }
      + settings.proxyProtocol.enumerated().map { (root["proxyProtocol"][$0.offset], $0.element) }
  }

  /// Whoever listens beyond the loopback without keys should have meant it.
  private mutating func checkOpen(_ listeners: [Listener], _ settings: Settings) {
    let root = DocumentPath()
    guard isSound(root["keys"]), isSound(root["allowAnonymous"]) else { return }
    let open = settings.openListeners()
    for (path, address) in listeners where open.contains(address) && isSound(path) {
      report(
        path, found: "found \(quoted(address.description)), where everybody could ask",
        expected: "expected keys, or allowAnonymous: true")
    }
  }

  mutating func checkUnique(_ values: [(path: DocumentPath, text: String)], as what: String) {
    var first: [String: DocumentPath] = [:]
    for (path, text) in values where isSound(path) {
      if let earlier = first[text] {
        report(
          path, found: "found \(quoted(text)), as in \(earlier)",
          expected: "expected \(what) of its own")
      } else {
        first[text] = path
      }
    }
  }

  private mutating func checkAtMost<Value: Comparable>(
    _ path: DocumentPath, _ value: Value, _ bound: DocumentPath, _ limit: Value,
    _ format: (Value) -> String
  ) {
    guard value > limit, isSound(path), isSound(bound) else { return }
    report(
      path, found: "found \"\(format(value))\"\(has(path) ? "" : " (the default)")",
      expected: "expected at most \(bound), which is \"\(format(limit))\"")
  }

  private mutating func check(_ upstream: Settings.Upstream, at path: DocumentPath) {
    let timeouts = path["timeouts"]
    checkAtMost(
      timeouts["firstEvent"], upstream.firstEventTimeout,
      timeouts["total"], upstream.totalTimeout, DurationText.format)
    checkAtMost(
      timeouts["idle"], upstream.idleTimeout,
      timeouts["total"], upstream.totalTimeout, DurationText.format)
    guard isSound(path["kind"]) else { return }
    let foreign =
      upstream.kind == .demo
      ? ["baseURL", "key", "caFile", "retry", "breaker", "continuation"] : ["pace", "stamps"]
    let other: Settings.UpstreamKind = upstream.kind == .demo ? .openai : .demo
    for key in foreign where has(path[key]) {
      report(
        path[key], found: "found with kind \"\(upstream.kind.rawValue)\"",
        expected: "expected only with kind \"\(other.rawValue)\"")
    }
    if upstream.kind == .openai, !has(path["baseURL"]) {
      report(
        path["baseURL"], found: "missing",
        expected: "expected \(Kind<String>.baseURL.expected(nil))")
    }
  }

  private mutating func checkUpstreams(of settings: Settings) {
    let root = DocumentPath()
    let names = settings.upstreams.map(\.name)
    // A refused name is empty: the model may mean that one.
    guard isSound(root["upstreams"]), !names.contains("") else { return }
    for (index, model) in settings.models.enumerated() {
      let path = root["models"][index]
      let fallbacks = path["fallbacks"]
      var places = [(path["upstream"], model.upstream)]
      if isSound(fallbacks) {
        places += model.fallbacks.enumerated().map { (fallbacks[$0.offset], $0.element) }
      }
      for (place, name) in places where isSound(place) && !names.contains(name) {
        report(
          place, found: "found \(quoted(name)), which is no upstream",
          expected: suggestion(for: name, among: names))
      }
      checkUnique(places.map { (path: $0.0, text: $0.1) }, as: "an upstream")
      check(weightsOf: model, at: path["weights"])
    }
  }

  /// One for each upstream, and not none at all.
  private mutating func check(weightsOf model: Settings.Model, at path: DocumentPath) {
    guard !model.weights.isEmpty, isSound(path) else { return }
    let count = model.fallbacks.count + 1
    if model.weights.count != count {
      report(
        path, found: "found \(model.weights.count) weights",
        expected: "expected \(count), one for the upstream and one for each fallback")
    } else if model.weights.allSatisfy({ $0 == 0 }) {
      report(path, found: "found nothing but 0", expected: "expected a larger one")
    }
  }
}
