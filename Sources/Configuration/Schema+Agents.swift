/// The keys about agents, and about the conversations that clients have with them.
extension Schema {
  private typealias Bounds = Settings.Bounds

  var agents: Field<Settings> {
    let blank = Settings.Agent(id: "", slug: "", name: "", model: "")
    return .list(
      "agents", \.agents, count: 0...Int.max,
      expected: "an array of objects such as {id: \"agent_1\", slug: \"support\", model: \"demo\"}",
      blank: blank, documented: { _ in documented("agents", agent, blank) },
      element: { value, path, reader in
        var element = blank
        reader.read(value, at: path, by: agent, into: &element)
        if element.name.isEmpty { element.name = element.slug }
        return element
      })
  }

  private var agent: [Field<Settings.Agent>] {
    [
      .value("id", \.id, .agentID, isRequired: true),
      .value("slug", \.slug, .slug, isRequired: true),
      .value("name", \.name, .agentName),
      .value("status", \.status, .choice),
      .value("model", \.model, .modelID, isRequired: true),
      .value("prompt", \.prompt, .prompt),
      parameters,
      .value("history", \.history, .count(Bounds.history)),
      .choices("apis", \.apis),
    ]
  }

  /// Names of the request to an upstream that the daemon sets by itself.
  private static let ownParameters = ["model", "messages", "stream", "stream_options", "n"]

  private var parameters: Field<Settings.Agent> {
    Field(
      key: "parameters",
      read: { value, path, reader, agent in
        guard case .object(let members) = value.content else {
          return reader.report(
            path, found: "found \(value.type)",
            expected: "expected an object such as {temperature: 0.2}")
        }
        for member in members {
          let place = path[member.key]
          reader.visit(place, start: member.start, end: member.value.end)
          if Self.ownParameters.contains(member.key) {
            reader.report(
              place, found: "found a field that the daemon sets", expected: "expected it left out")
          } else if agent.parameters.contains(where: { $0.name == member.key }) {
            reader.report(
              place, at: member.start, found: "found a second time", expected: "expected once")
          } else if let json = member.value.json {
            agent.parameters.append(Settings.Parameter(name: member.key, json: json))
          } else {
            reader.report(
              place, found: "found a number that JSON does not have",
              expected: "expected a decimal number")
          }
        }
      },
      documented: { _ in [DocumentedKey(path: "parameters", value: nil, bounds: nil)] })
  }

  var widget: [Field<Settings.Widget>] { [.value("agent", \.agent, .slug)] }

  var conversations: [Field<Settings.Conversations>] {
    [
      .value("whenBusy", \.whenBusy, .choice),
      .value("waiting", \.waiting, .count(Bounds.waiting)),
      .value("patience", \.patience, .duration(Bounds.patience)),
    ]
  }

  var archive: [Field<Settings.Archive>] {
    [
      .value("file", \.file, .path(from: folder)),
      .value("journal", \.journal, .duration(Bounds.journal)),
      .value("completions", \.storesCompletions, .flag),
      .value("retention", \.retention, .duration(Bounds.conversationRetention)),
    ]
  }

  var rate: [Field<Settings.Rate>] {
    [
      .value("requests", \.requests, .count(Bounds.rateRequests)),
      .value("per", \.per, .duration(Bounds.ratePeriod)),
    ]
  }

  var rates: [Field<Settings.Rates>] {
    [
      .section("completions", \.completions, rate), .section("streams", \.streams, rate),
      .section("subscriptions", \.subscriptions, rate), .section("chats", \.chats, rate),
      .section("agents", \.agents, rate),
      .section("widget", \.widget, rate),
      .value("ipv6Prefix", \.ipv6Prefix, .count(Bounds.ipv6Prefix)),
      .value("addresses", \.addresses, .count(Bounds.addresses)),
    ]
  }

  var cors: [Field<Settings.CORS>] {
    let bounds = "at most \(Bounds.origins.upperBound)"
    return [
      .list(
        "origins", \.origins, count: Bounds.origins,
        expected: "\(bounds) origins such as \"https://www.example.com\", or \"*\"", blank: "",
        documented: { _ in [DocumentedKey(path: "origins", value: "[]", bounds: bounds)] },
        element: { Kind.origin.read($0, at: $1, example: nil, reporting: &$2) })
    ]
  }
}

extension Field {
  /// A list of choices, each at most once, at least one.
  static func choices<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, _ target: WritableKeyPath<Root, [Choice]>
  ) -> Field {
    let all = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    return Field(
      key: key,
      read: { value, path, reader, root in
        guard case .array(let values) = value.content, !values.isEmpty else {
          return reader.report(
            path, found: "found \(value.type)", expected: "expected an array of \(all)")
        }
        var chosen: [Choice] = []
        for (index, value) in values.enumerated() {
          let place = path[index]
          reader.visit(place, start: value.start, end: value.end)
          guard
            let choice = Kind<Choice>.choice.read(
              value, at: place, example: nil, reporting: &reader)
          else { continue }
          if chosen.contains(where: { $0.rawValue == choice.rawValue }) {
            reader.report(place, found: "found \(value.shown) again", expected: "expected it once")
          }
          chosen.append(choice)
        }
        root[keyPath: target] = chosen
      },
      documented: { root in
        let chosen = root[keyPath: target].map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        return [DocumentedKey(path: key, value: "[\(chosen)]", bounds: all)]
      })
  }
}
