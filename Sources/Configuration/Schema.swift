/// The keys of the configuration file, as a table: what each is called, where it goes in `Settings`
/// and what it may be. Bounds and defaults are in `Settings`; what values must be to each other is
/// in `SchemaReader+CrossChecks.swift`.
struct Schema {
  private typealias Bounds = Settings.Bounds

  /// The folder of the file, from which relative paths are: with a slash at its end, or empty.
  let folder: String

  var settings: [Field<Settings>] {
    [
      listen("listen", \.listen, count: Bounds.listeners),
      listen("proxyProtocol", \.proxyProtocol, count: Bounds.proxyProtocol),
      .value("loops", \.loops, .count(Bounds.loops)),
      .values(
        "trustedProxies", \.trustedProxies, .addressBlock, count: Bounds.trustedProxies,
        of: "addresses or blocks such as \"10.0.0.0/8\""),
      .value("clientField", \.clientField, .choice),
      .section("limits", \.limits, limits),
      .section("timeouts", \.timeouts, timeouts),
      .section("streams", \.streams, streams),
      keys,
      .value("allowAnonymous", \.allowAnonymous, .flag),
      upstreams,
      models,
      agents,
      .section("widget", \.widget, widget),
      .section("conversations", \.conversations, conversations),
      .section("archive", \.archive, archive),
      .section("rates", \.rates, rates),
      .section("cors", \.cors, cors),
      .section(
        "metrics", \.metrics,
        [
          .values(
            "allow", \.allow, .addressBlock, count: Bounds.metricsAllow,
            of: "addresses or blocks such as \"10.0.0.0/8\""),
          listen("listen", \.listen, count: Bounds.metricsListeners),
        ]),
      .section("log", \.log, log),
    ]
  }

  private func listen<Root>(
    _ key: String, _ target: WritableKeyPath<Root, [Settings.ListenAddress]>,
    count: ClosedRange<Int>
  ) -> Field<Root> {
    let kind = Kind.listenAddress
    let bounds = "\(count.lowerBound) to \(count.upperBound)"
    return .list(
      key, target, count: count,
      expected: "\(bounds) addresses such as [\"127.0.0.1:8080\"]", blank: .unix(path: ""),
      documented: { settings in
        let defaults = settings[keyPath: target].compactMap(kind.write).joined(separator: ", ")
        return [DocumentedKey(path: key, value: "[\(defaults)]", bounds: bounds)]
      },
      element: { kind.read($0, at: $1, example: nil, reporting: &$2) })
  }

  private var limits: [Field<Settings.Limits>] {
    [
      .value("connections", \.connections, .count(Bounds.connections)),
      .value("head", \.headBytes, .size(Bounds.headBytes)),
      .value("fields", \.fields, .count(Bounds.fields)),
      .value("target", \.targetBytes, .size(Bounds.targetBytes)),
      .value("body", \.bodyBytes, .size(Bounds.bodyBytes)),
      .value("event", \.eventBytes, .size(Bounds.eventBytes)),
      .value("answer", \.answerBytes, .size(Bounds.answerBytes)),
      .value("generations", \.generations, .count(Bounds.generations)),
      .value("queuedGenerations", \.queuedGenerations, .count(Bounds.queuedGenerations)),
      .value("streamsPerClient", \.streamsPerClient, .count(Bounds.streamsPerClient)),
    ]
  }

  private var timeouts: [Field<Settings.Timeouts>] {
    [
      .value("head", \.head, .duration(Bounds.head)),
      .value("body", \.body, .duration(Bounds.body)),
      .value("keepAlive", \.keepAlive, .duration(Bounds.keepAlive)),
      .value("stall", \.stall, .duration(Bounds.stall)),
      .value("queue", \.queue, .duration(Bounds.queue)),
      .value("heartbeat", \.heartbeat, .duration(Bounds.heartbeat)),
      .value("shutdown", \.shutdown, .duration(Bounds.shutdown)),
      .value("release", \.release, .duration(Bounds.release)),
    ]
  }

  private var streams: [Field<Settings.Streams>] {
    [
      .value("memory", \.memoryBytes, .size(Bounds.memoryBytes)),
      .value("stream", \.streamBytes, .size(Bounds.streamBytes)),
      .value("retention", \.retention, .duration(Bounds.retention)),
      .value("requireKeyToRead", \.requireKeyToRead, .flag),
      .section(
        "whenUnread", \.whenUnread,
        [
          .value("completions", \.completions, .choice),
          .value("streams", \.streams, .choice),
          .value("chats", \.chats, .choice),
          .value("agents", \.agents, .choice),
          .value("widget", \.widget, .choice),
          .value("grace", \.grace, .duration(Bounds.grace)),
        ]),
    ]
  }

  private var keys: Field<Settings> {
    let fields: [Field<KeyDraft>] =
      [
        .value("name", \.name, .name, isRequired: true), .choices("apis", \.apis),
        .section("rate", \.rate, rate),
        .value("streams", \.streams, .count(Bounds.streamsPerClient)),
      ] + secretSource(in: \.source)
    return .list(
      "keys", \.keys, count: 0...Int.max,
      expected: "an array of objects such as {name: \"alice\", file: \"PATH\"}",
      blank: Settings.NamedKey(name: "", source: .file(path: "")),
      documented: { _ in documented("keys", fields, KeyDraft()) },
      element: { value, path, reader in
        var draft = KeyDraft()
        reader.read(value, at: path, by: fields, into: &draft, holdsSecret: true)
        let source = reader.source(draft.source, at: path)
        var key = Settings.NamedKey(name: draft.name, source: source ?? .file(path: ""))
        (key.apis, key.rate, key.streams) = (draft.apis, draft.rate, draft.streams)
        return key
      })
  }

  private var upstreams: Field<Settings> {
    let blank = Settings.Upstream(name: "", kind: .openai)
    return .list(
      "upstreams", \.upstreams, count: 1...Int.max,
      expected: "at least one upstream such as {name: \"demo\", kind: \"demo\"}",
      isRequired: true, blank: blank,
      documented: { _ in documented("upstreams", upstream, blank) },
      element: { value, path, reader in
        var element = blank
        reader.read(value, at: path, by: upstream, into: &element)
        return element
      })
  }

  private var upstream: [Field<Settings.Upstream>] {
    [
      .value("name", \.name, .name, isRequired: true),
      .value("kind", \.kind, .choice, isRequired: true),
      .value("baseURL", \.baseURL, .baseURL),
      upstreamKey,
      .value("caFile", \.caFile, .path(from: folder)),
      .section(
        "timeouts", \.self,
        [
          .value("connect", \.connectTimeout, .duration(Bounds.connectTimeout)),
          .value("firstEvent", \.firstEventTimeout, .duration(Bounds.firstEventTimeout)),
          .value("idle", \.idleTimeout, .duration(Bounds.idleTimeout)),
          .value("total", \.totalTimeout, .duration(Bounds.totalTimeout)),
        ]),
      .section(
        "retry", \.self,
        [
          .value("retries", \.retries, .count(Bounds.retries)),
          .value("base", \.retryBase, .duration(Bounds.retryBase)),
          .value("cap", \.retryCap, .duration(Bounds.retryCap)),
          .value("budget", \.retryBudget, .count(Bounds.retryBudget)),
        ]),
      .section(
        "breaker", \.self,
        [
          .value("failures", \.breakerFailures, .count(Bounds.breakerFailures)),
          .value("pause", \.breakerPause, .duration(Bounds.breakerPause)),
        ]),
      .value("continuation", \.continuation, .choice),
      .value("askUsage", \.asksUsage, .flag),
      .value("idleConnections", \.idleConnections, .count(Bounds.idleConnections)),
      .value("pace", \.pace, .duration(Bounds.pace)),
      .value("stamps", \.stamps, .flag),
    ]
  }

  private var upstreamKey: Field<Settings.Upstream> {
    let fields = secretSource(in: \SecretSourceDraft.self)
    return Field(
      key: "key",
      read: { value, path, reader, upstream in
        var draft = SecretSourceDraft()
        reader.read(value, at: path, by: fields, into: &draft, holdsSecret: true)
        upstream.key = reader.source(draft, at: path)
      },
      documented: { _ in
        [DocumentedKey(path: "key", value: nil, bounds: nil)]
          + fields.flatMap { $0.documented(SecretSourceDraft()) }.map { $0.below("key.") }
      })
  }

  private func secretSource<Root>(
    in target: WritableKeyPath<Root, SecretSourceDraft>
  ) -> [Field<Root>] {
    [
      .value("file", target.appending(path: \.file), .path(from: folder)),
      .value("credential", target.appending(path: \.credential), .credential),
      .value("environment", target.appending(path: \.environment), .variable),
    ]
  }

  private var models: Field<Settings> {
    let blank = Settings.Model(id: "", upstream: "")
    let fields: [Field<Settings.Model>] = [
      .value("id", \.id, .modelID, isRequired: true),
      .value("upstream", \.upstream, .name, isRequired: true),
      .value("upstreamModel", \.upstreamModel, .modelID),
      .values("fallbacks", \.fallbacks, .name, count: Bounds.fallbacks, of: "names of upstreams"),
      .values("weights", \.weights, .count(Bounds.weight), count: 0...17, of: "whole numbers"),
    ]
    return .list(
      "models", \.models, count: 1...Int.max,
      expected: "at least one model such as {id: \"demo\", upstream: \"demo\"}",
      isRequired: true, blank: blank,
      documented: { _ in documented("models", fields, blank) },
      element: { value, path, reader in
        var element = blank
        reader.read(value, at: path, by: fields, into: &element)
        return element
      })
  }

  private var log: [Field<Settings.Log>] {
    [
      .value("format", \.format, .choice), .value("level", \.level, .choice),
      .value("perSecond", \.perSecond, .count(Bounds.linesPerSecond)),
    ]
  }
}

func documented<Element>(
  _ key: String, _ fields: [Field<Element>], _ element: Element
) -> [DocumentedKey] {
  [DocumentedKey(path: key, value: nil, bounds: nil)]
    + fields.flatMap { $0.documented(element) }.map { $0.below(key + "[].") }
}

/// A key of ours while its parts are collected.
struct KeyDraft {
  var name = ""
  var apis = Settings.NamedKey(name: "", source: .file(path: "")).apis
  var rate = Settings.Rate(requests: 0)
  var streams = 0
  var source = SecretSourceDraft()
}

/// Where a secret is, before it is known that one place is named and not several.
struct SecretSourceDraft {
  var file: String?
  var credential: String?
  var environment: String?
}

extension SchemaReader {
  /// The one place that is named; otherwise nil, and a problem unless one was reported before.
  mutating func source(
    _ draft: SecretSourceDraft, at path: DocumentPath
  ) -> Settings.SecretSource? {
    let keys = ["file", "credential", "environment"]
    let named = keys.filter { has(path[$0]) }
    guard let key = named.first else {
      if isSound(path), !hasInlineSecret(path) {
        report(
          path, found: "found neither file nor credential nor environment",
          expected: "expected one of them")
      }
      return nil
    }
    guard named.count == 1 else {
      report(
        path, found: "found both \(named.joined(separator: " and "))",
        expected: "expected one of them")
      return nil
    }
    return switch key {
    case "file": draft.file.map { .file(path: $0) }
    case "credential": draft.credential.map { .credential(name: $0) }
    default: draft.environment.map { .environment(variable: $0) }
    }
  }
}
