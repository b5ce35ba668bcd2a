import ClientAPIs
import Testing

@Suite struct RouteTests {
  private struct Row: Sendable {
    var path: String
    var api: API
    /// The methods of the path and what they ask for, in the order of `Allow`.
    var endpoints: [(String, Endpoint)]

    var allow: String { (endpoints.map(\.0) + ["OPTIONS"]).joined(separator: ", ") }
  }

  private static func readable(_ endpoint: Endpoint) -> [(String, Endpoint)] {
    [("GET", endpoint), ("HEAD", endpoint)]
  }

  private static func stream(_ id: String) -> [(String, Endpoint)] {
    readable(.readStream(id)) + [("DELETE", .cancelStream(id))]
  }

  private static func chat(_ id: String) -> [(String, Endpoint)] {
    readable(.readChat(id)) + [("PATCH", .updateChat(id)), ("DELETE", .endChat(id))]
  }

  private static func ending(_ id: String) -> [(String, Endpoint)] {
    ["PATCH", "POST", "PUT"].map { ($0, .endChat(id)) }
  }

  private static let table: [Row] = [
    Row(path: "/", api: .operations, endpoints: readable(.file(""))),
    Row(path: "/healthz", api: .operations, endpoints: readable(.health)),
    Row(path: "/readyz", api: .operations, endpoints: readable(.readiness)),
    Row(path: "/metrics", api: .operations, endpoints: readable(.metrics)),
    Row(path: "/dashboard", api: .operations, endpoints: readable(.file("dashboard"))),
    Row(path: "/dashboard/events", api: .operations, endpoints: readable(.dashboardEvents)),
    Row(path: "/v1/chat/completions", api: .completions, endpoints: [("POST", .completions)]),
    Row(path: "/v1/models", api: .completions, endpoints: readable(.models)),
    Row(path: "/v1/models/gpt", api: .completions, endpoints: readable(.model("gpt"))),
    Row(
      path: "/v1/models/vendor/m/1", api: .completions,
      endpoints: readable(.model("vendor/m/1"))),
    Row(path: "/v1/streams", api: .streams, endpoints: [("POST", .createStream)]),
    Row(path: "/v1/streams/strm_x", api: .streams, endpoints: stream("strm_x")),
    Row(path: "/health", api: .widget, endpoints: readable(.widgetHealth)),
    Row(path: "/openapi.json", api: .operations, endpoints: readable(.file("openapi.json"))),
    Row(
      path: "/v1/chats", api: .chats,
      endpoints: readable(.listChats) + [("POST", .createChat)]),
    Row(path: "/v1/chats/response", api: .chats, endpoints: [("POST", .respondChat)]),
    Row(path: "/v1/chats/chat_x", api: .chats, endpoints: chat("chat_x")),
    Row(path: "/v1/chats/end", api: .chats, endpoints: chat("end")),
    Row(path: "/v1/chats/chat_x/end", api: .chats, endpoints: ending("chat_x")),
    Row(path: "/v1/chats/chat_x/end-session", api: .chats, endpoints: ending("chat_x")),
    Row(path: "/v1/chats/chat_x/end-chat", api: .chats, endpoints: ending("chat_x")),
    Row(path: "/v1/chats/response/end", api: .chats, endpoints: ending("response")),
    Row(path: "/v1/api/chat/help", api: .agents, endpoints: [("POST", .askAgent("help"))]),
    Row(path: "/chat/help", api: .agents, endpoints: [("POST", .askAgent("help"))]),
    Row(path: "/v1/chat", api: .widget, endpoints: [("POST", .widgetMessage)]),
    Row(path: "/v1/chat/stream", api: .widget, endpoints: [("POST", .widgetStream)]),
    Row(path: "/chat", api: .widget, endpoints: [("POST", .widgetStream)]),
    Row(
      path: "/v1/admin/conversations", api: .widget, endpoints: readable(.adminConversations)),
    Row(
      path: "/v1/admin/conversations/abc", api: .widget,
      endpoints: readable(.adminConversation("abc"))),
    Row(path: "/v1/streams/..", api: .streams, endpoints: stream("..")),
  ]

  /// Paths that do not exist, and whose errors they get.
  private static let unknown: [(String, API)] = [
    ("/healthz/", .operations), ("/Healthz", .operations), ("/x", .operations),
    ("//", .operations), ("/x.js", .operations), ("/x/openapi.json", .operations),
    ("/v2/models", .operations), ("/v1", .completions),
    ("/v1/", .completions), ("/v1/chat/", .completions), ("/v1/chat/completions/", .completions),
    ("/v1/chat/x", .completions), ("/v1/chat/stream/x", .widget), ("/chat/", .agents),
    ("/chat/a/b", .agents), ("/v1/api", .agents), ("/v1/api/chat", .agents),
    ("/v1/api/chat/", .agents), ("/v1/api/chat/a/b", .agents), ("/v1/chats/", .chats),
    ("/v1/chats//end", .chats), ("/v1/chats/x/end/", .chats), ("/v1/chats/x/stop", .chats),
    ("/v1/admin", .widget), ("/v1/admin/conversations/", .widget), ("/health/", .operations),
    ("/openapi.json/", .operations),
    ("/v1/chat/completions/x", .completions), ("/v1/models/", .completions),
    ("/v1/models//x", .completions), ("/V1/models", .operations), ("/v1/Models", .completions),
    ("/v1/streams/", .streams), ("/v1/streams/a/b", .streams), ("/v1/streams/a/", .streams),
  ]

  private static let methods = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "X",
  ]

  private func route(_ method: String, _ path: String) -> Route {
    Route(
      method: method,
      segments: path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        .map(String.init),
      files: [
        "", "connections.js", "dashboard", "dashboard.js", "event-stream.js", "openapi.json",
        "page.js", "tab-storage.js",
      ])
  }

  @Test(arguments: table.indices)
  func `each method of a path asks for one thing, and all others are refused`(index: Int) {
    let row = Self.table[index]
    for method in Self.methods {
      let route = route(method, row.path)
      #expect(route.api == row.api)
      let expected = row.endpoints.first { $0.0 == method }?.1
      #expect(
        route.outcome == expected.map(Route.Outcome.found)
          ?? .methodNotAllowed(allow: row.allow), "\(method) \(row.path)")
    }
    #expect(route("OPTIONS", row.path).outcome == .found(.options(allow: row.allow)))
  }

  @Test(arguments: [
    ("/metrics", true), ("/dashboard", true), ("/dashboard.js", true), ("/dashboard/events", true),
    ("/event-stream.js", true), ("/connections.js", true), ("/tab-storage.js", true),
    ("/healthz", true), ("/readyz", true), ("/", false), ("/page.js", false),
    ("/openapi.json", false), ("/v1/models", false), ("/v1/streams/s", false),
  ])
  func `those who only watch get figures, their page and health`(path: String, isFound: Bool) {
    let route = route("GET", path)
    #expect(route.outcome != .notFound)
    #expect(route.outcomeForMonitors == (isFound ? route.outcome : .notFound))
  }

  @Test(arguments: unknown)
  func `a path that is none is not found, whatever the method`(path: String, api: API) {
    for method in Self.methods + ["OPTIONS"] {
      let route = route(method, path)
      #expect(route.outcome == .notFound)
      #expect(route.api == api)
    }
  }

  @Test func `a segment is compared as it was decoded`() {
    let route = Route(method: "GET", segments: ["v1", "models", "a/b"])
    #expect(route.outcome == .found(.model("a/b")))
    #expect(Route(method: "GET", segments: ["v1/models"]).outcome == .notFound)
    #expect(Route(method: "GET", segments: []).outcome == .notFound)
  }

  @Test func `a path that cannot be decoded is not there, in the shape of its API`() {
    for (segments, api) in [
      (["v1", "chats", "%0A"], API.chats), (["chat", "%"], .agents),
      (["v1", "models", "%"], .completions),
    ] {
      let route = Route(method: "GET", segments: segments, isDecoded: false)
      #expect(route.outcome == .notFound && route.api == api)
    }
  }

  @Test func `the server as a whole has options and nothing else`() {
    let route = Route(method: "OPTIONS", segments: ["*"])
    #expect(
      route.outcome == .found(.options(allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")))
    #expect(Route(method: "GET", segments: ["*"]).outcome == .notFound)
  }

  @Test func `what may ask a model is a POST`() {
    for row in Self.table {
      for (method, endpoint) in row.endpoints where endpoint.generates {
        #expect(method == "POST", "\(row.path)")
      }
    }
    let count = Self.table.flatMap(\.endpoints).filter(\.1.generates).count
    #expect(count == 9)
  }
}
