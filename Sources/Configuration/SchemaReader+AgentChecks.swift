/// What agents, models, keys and origins must be to each other.
extension SchemaReader {
  mutating func crossCheckAgents(_ settings: Settings) {
    let agents = DocumentPath()["agents"]
    checkUnique(
      settings.agents.indices.map { (agents[$0]["slug"], settings.agents[$0].slug) },
      as: "a slug")
    checkUnique(
      settings.agents.indices.map { (agents[$0]["id"], settings.agents[$0].id) }, as: "an id")
    checkModels(settings)
    checkWidget(settings)
    checkOrigins(settings.cors.origins)
  }

  private mutating func checkModels(_ settings: Settings) {
    let root = DocumentPath()
    let agentPrefix = "agent:"
    for (index, model) in settings.models.enumerated() where model.id.hasPrefix(agentPrefix) {
      let place = root["models"][index]["id"]
      guard isSound(place) else { continue }
      report(
        place, found: "found \(quoted(model.id)), by which an agent is asked",
        expected: "expected a name that does not begin with \"\(agentPrefix)\"")
    }
    let ids = settings.models.map(\.id)
    // A refused id is empty: the agent may mean that one.
    guard isSound(root["models"]), !ids.contains(""), !ids.contains("*") else { return }
    for (index, agent) in settings.agents.enumerated() {
      let place = root["agents"][index]["model"]
      guard isSound(place), !ids.contains(agent.model) else { continue }
      report(
        place, found: "found \(quoted(agent.model)), which is no model",
        expected: suggestion(for: agent.model, among: ids))
    }
  }

  private mutating func checkWidget(_ settings: Settings) {
    let root = DocumentPath()
    let place = root["widget"]["agent"]
    guard let slug = settings.widget.agent, isSound(place), isSound(root["agents"]) else { return }
    let serving = settings.agents.filter { $0.apis.contains(.widget) }.map(\.slug)
    guard !serving.contains(slug), !settings.agents.contains(where: { $0.slug.isEmpty }) else {
      return
    }
    let isAgent = settings.agents.contains { $0.slug == slug }
    report(
      place,
      found: "found \(quoted(slug)), which is no agent"
        + (isAgent ? " that serves the widget" : ""),
      expected: serving.isEmpty
        ? "expected an agent whose apis have \"widget\"" : suggestion(for: slug, among: serving))
  }

  private mutating func checkOrigins(_ origins: [String]) {
    let path = DocumentPath()["cors"]["origins"]
    checkUnique(origins.indices.map { (path[$0], origins[$0]) }, as: "an origin")
    guard origins.count > 1, let index = origins.firstIndex(of: "*") else { return }
    report(path[index], found: "found \"*\" beside others", expected: "expected it alone")
  }

  func suggestion(for text: String, among names: [String]) -> String {
    if let nearest = Spelling.nearest(to: text, in: names) {
      return "did you mean \(quoted(nearest))?"
    }
    let more = names.count > 8 ? " and \(names.count - 8) more" : ""
    return "expected one of \(names.prefix(8).map(quoted).joined(separator: ", "))\(more)"
  }
}
