internal import Admission
internal import Configuration
internal import JSONWire

/// One configuration, ready for use: values that do not change. A reload makes another, and each
/// loop takes it between two turns; what runs goes on with what it began with.
final class LiveConfiguration: Sendable {
  let settings: Settings
  let keys: KeyRing
  /// By the name of the upstream. Secrets are in no setting, and in no log.
  let upstreamKeys: [String: [UInt8]]
  let agents: AgentDirectory
  /// By the name that clients have for them.
  let models: [String: Settings.Model]
  let proxies: [AddressBlock]
  /// Who may read the metrics.
  let metricsAllow: [AddressBlock]
  /// By the name of the upstream.
  let health: [String: UpstreamHealth]
  /// By the name of the upstream.
  let continuations: [String: Settings.Continuation]

  /// - Parameter former: What it replaces: an upstream that is the same server is as well, or as
  ///   ill, as it was.
  init(_ settings: Settings, _ secrets: Secrets, replacing former: LiveConfiguration? = nil) {
    self.settings = settings
    keys = KeyRing(
      secrets.keys.map {
        KeyRing.Key(name: $0.name, bytes: $0.secret.copy, scope: KeyScope($0.apis))
      })
    upstreamKeys = secrets.upstreamKeys.mapValues(\.copy)
    agents = AgentDirectory(settings)
    models = Dictionary(settings.models.map { ($0.id, $0) }) { first, _ in first }
    proxies = settings.trustedProxies.compactMap { AddressBlock($0) }
    metricsAllow = settings.metrics.allow.compactMap { AddressBlock($0) }
    continuations = settings.upstreams.reduce(into: [:]) { $0[$1.name] = $1.continuation }
    health = settings.upstreams.reduce(into: [:]) { health, upstream in
      let known = former?.settings.upstreams.first { $0.name == upstream.name }
      if known?.baseURL == upstream.baseURL, let same = former?.health[upstream.name] {
        same.configure(upstream)
        health[upstream.name] = same
      } else {
        health[upstream.name] = UpstreamHealth(upstream)
      }
    }
  }

  /// To upstreams, for each loop.
  var idleConnections: Int { settings.upstreams.reduce(0) { $0 + $1.idleConnections } }
}

extension Secret {
  fileprivate var copy: [UInt8] {
    withBytes { bytes in
      var copy: [UInt8] = []
      copy.append(copying: bytes)
      return copy
    }
  }
}

extension KeyScope {
  fileprivate init(_ apis: [Settings.KeyedAPI]) {
    self = []
    for api in apis {
      switch api {
      case .completions: insert(.completions)
      case .streams: insert(.streams)
      case .chats: insert(.chats)
      case .agents: insert(.agents)
      case .widget: insert(.widget)
      case .admin: insert(.admin)
      }
    }
  }
}
