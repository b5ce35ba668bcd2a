internal import Archive
internal import Configuration

/// The configured agents, by every name that clients have for them.
struct AgentDirectory: Sendable {
  typealias Agent = Settings.Agent

  /// In the order of the configuration.
  let all: [Agent]
  private let byID: [String: Agent]
  private let bySlug: [String: Agent]
  /// The one that answers widgets.
  let widget: Agent?

  /// Messages that some agent's model may get.
  let longestHistory: Int

  private static let prefix = "agent_"
  /// What an agent is called where a model's name is expected.
  private static let modelPrefix = "agent:"

  init(_ settings: Settings) {
    all = settings.agents
    byID = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
    bySlug = Dictionary(all.map { ($0.slug, $0) }) { first, _ in first }
    longestHistory = all.map(\.history).max() ?? 1
    let serving = all.filter { $0.apis.contains(.widget) }
    widget = serving.first { settings.widget.agent == nil || $0.slug == settings.widget.agent }
  }

  /// By its id as it is written, or with `agent_` added or taken away.
  func agent(id: String, on api: Settings.AgentAPI) -> Agent? {
    var found = byID[id] ?? byID[Self.prefix + id]
    if found == nil, id.hasPrefix(Self.prefix) {
      found = byID[String(id.dropFirst(Self.prefix.count))]
    }
    return found.flatMap { $0.apis.contains(api) ? $0 : nil }
  }

  func agent(slug: String, on api: Settings.AgentAPI) -> Agent? {
    bySlug[slug].flatMap { $0.apis.contains(api) ? $0 : nil }
  }

  /// The agent that `agent:SLUG` names, if it answers as a model.
  func agent(model name: String) -> Agent? {
    guard name.hasPrefix(Self.modelPrefix) else { return nil }
    let slug = String(name.dropFirst(Self.modelPrefix.count))
    return agent(slug: slug, on: .completions).flatMap { $0.isAnswering ? $0 : nil }
  }

  static func isModelName(_ name: String) -> Bool { name.hasPrefix(modelPrefix) }
  static func modelName(of agent: Agent) -> String { modelPrefix + agent.slug }

  /// Where the conversations of a kind are held.
  static func api(of kind: ConversationKind) -> Settings.AgentAPI {
    switch kind {
    case .chats: .chats
    case .agents: .agents
    case .widget: .widget
    }
  }

  /// The ids of the agents that answer on an API.
  func answering(on api: Settings.AgentAPI) -> Set<String> {
    Set(all.filter { $0.isAnswering && $0.apis.contains(api) }.map(\.id))
  }
}

extension Settings.Agent {
  var isAnswering: Bool { status != .disabled }
}
