import Configuration
import Testing

@testable import Relay

@Suite struct AgentDirectoryTests {
  private static func agent(_ id: String, _ slug: String) -> Settings.Agent {
    Settings.Agent(id: id, slug: slug, name: slug, model: "m")
  }

  private static var settings: Settings {
    var settings = Settings()
    var quiet = agent("agent_quiet", "quiet")
    quiet.status = .disabled
    var inner = agent("inner", "inner")
    inner.apis = [.agents]
    settings.agents = [inner, quiet, agent("agent_one", "one"), agent("two", "two")]
    return settings
  }

  private let directory = AgentDirectory(settings)

  @Test(arguments: [
    ("agent_one", "agent_one"), ("one", "agent_one"), ("two", "two"), ("agent_two", "two"),
    ("agent_quiet", "agent_quiet"), ("three", nil), ("agent_", nil), ("", nil),
    ("agent_agent_one", "agent_one"), ("inner", nil), ("One", nil),
  ])
  func `an id is found as it is, and with agent_ added or removed`(id: String, found: String?) {
    #expect(directory.agent(id: id, on: .chats)?.id == found)
  }

  @Test func `a slug is found as it is, on the APIs that its agent serves`() {
    #expect(directory.agent(slug: "one", on: .agents)?.id == "agent_one")
    #expect(directory.agent(slug: "inner", on: .agents)?.id == "inner")
    #expect(directory.agent(slug: "inner", on: .streams) == nil)
    #expect(directory.agent(slug: "agent_one", on: .agents) == nil)
  }

  @Test(arguments: [
    ("agent:one", "agent_one"), ("agent:quiet", nil), ("agent:inner", nil), ("agent:", nil),
    ("one", nil), ("agent_one", nil),
  ])
  func `an agent that answers is a model as agent:SLUG`(name: String, found: String?) {
    #expect(directory.agent(model: name)?.id == found)
  }

  @Test func `the widget's agent is the one that is named, or the first that serves it`() {
    #expect(directory.widget?.slug == "quiet")
    var settings = Self.settings
    settings.widget.agent = "two"
    #expect(AgentDirectory(settings).widget?.slug == "two")
    settings.widget.agent = "inner"
    #expect(AgentDirectory(settings).widget == nil)
    #expect(AgentDirectory(Settings()).widget == nil)
  }
}
