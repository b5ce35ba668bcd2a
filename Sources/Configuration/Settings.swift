/// What the daemon runs by: every limit, time-out and address, with its default.
///
/// The theory: this file is the only place where a default or a bound is written. The file reader
/// (`ConfigurationFile`) fills these values from JSON5, `deltad check` reports what does not fit,
/// and everything behind it receives values that have been checked. Units are in the types
/// (`Duration`) or in the names (`…Bytes`). Nothing here does I/O or holds a secret: keys are named
/// by where they are, and read when the daemon starts.
public struct Settings: Sendable, Equatable {
  public var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8080)]
  /// Listeners whose connections begin with a header of the PROXY protocol, which says who the
  /// client is; peers that are none of `trustedProxies` are turned away.
  public var proxyProtocol: [ListenAddress] = []
  /// Event loops, each a thread with its own epoll. 0 means one per core that we may run on.
  public var loops = 0
  /// Blocks of addresses whose word about their clients counts; see `ForwardedClient`. Who comes by
  /// a Unix-domain socket is one of them.
  public var trustedProxies = ["127.0.0.0/8", "::1/128"]
  /// Which field of theirs counts. A client can write any field that its proxy does not replace.
  public var clientField = ClientField.forwardedFor
  public var limits = Limits()
  public var timeouts = Timeouts()
  public var streams = Streams()
  /// The keys that clients present. None: everybody on the listeners may ask.
  public var keys: [NamedKey] = []
  /// Everybody may ask beyond the loopback too: without it a listener there needs keys.
  public var allowAnonymous = false
  public var upstreams: [Upstream] = []
  public var models: [Model] = []
  public var agents: [Agent] = []
  public var widget = Widget()
  public var conversations = Conversations()
  public var archive = Archive()
  public var rates = Rates()
  public var cors = CORS()
  public var metrics = Metrics()
  public var log = Log()

  public init() {}

  /// The field in which trusted proxies name their clients.
  public enum ClientField: String, Sendable, Equatable, CaseIterable {
    case forwardedFor = "X-Forwarded-For"
    /// RFC 7239.
    case forwarded = "Forwarded"
  }

  public enum ListenAddress: Sendable, Equatable {
    /// `host` is a numeric address or a name; port 0 lets the kernel choose.
    case tcp(host: String, port: UInt16)
    /// A stream socket in the file system.
    case unix(path: String)
  }

  public struct Limits: Sendable, Equatable {
    /// Accepted sockets at one time over all loops; one more is answered 503 and closed.
    public var connections = 20_000
    /// Request line and fields together.
    public var headBytes = 16 << 10
    public var fields = 100
    public var targetBytes = 8 << 10
    public var bodyBytes = 2 << 20
    /// One line or event of an upstream's event stream.
    public var eventBytes = 16 << 20
    /// One answer that is not a stream.
    public var answerBytes = 32 << 20
    /// Generations running at one time over all loops; one more waits for one of them to end.
    public var generations = 10_000
    /// Generations that wait; one more is answered 503.
    public var queuedGenerations = 1_000
    /// Requests of one client address that generate or read a stream, at one time; one more is
    /// answered 429. 0 is no limit.
    public var streamsPerClient = 0
    public init() {}
  }

  public struct Timeouts: Sendable, Equatable {
    /// From the first byte of a request head to its last.
    public var head: Duration = .seconds(10)
    /// The longest silence inside a request body.
    public var body: Duration = .seconds(30)
    /// A kept-alive connection without a request.
    public var keepAlive: Duration = .seconds(75)
    /// A reader whose socket takes nothing for so long is closed.
    public var stall: Duration = .seconds(30)
    /// How long a generation waits for one to end; then it is answered 503.
    public var queue: Duration = .seconds(10)
    /// Silence on a stream after which readers get a comment.
    public var heartbeat: Duration = .seconds(15)
    /// After SIGTERM, how long running generations may go on.
    public var shutdown: Duration = .seconds(30)
    /// Over how long those that still run then are ended, one after the other, and over how long
    /// readers are told to spread their return.
    public var release: Duration = .seconds(5)
    public init() {}
  }

  public struct Streams: Sendable, Equatable {
    /// Over all logs, live and finished.
    public var memoryBytes = 256 << 20
    /// One generation's log in one wire format.
    public var streamBytes = 32 << 20
    /// How long a finished stream can be read.
    public var retention: Duration = .seconds(600)
    /// The id alone permits reading unless this is set.
    public var requireKeyToRead = false
    /// What becomes of a generation that nobody reads any more, by the API that asked for it.
    public var whenUnread = WhenUnread()
    public init() {}
  }

  public struct WhenUnread: Sendable, Equatable {
    public var completions: UnreadPolicy = .cancel
    public var streams: UnreadPolicy = .finish
    public var chats: UnreadPolicy = .finish
    public var agents: UnreadPolicy = .finish
    public var widget: UnreadPolicy = .finish
    /// How long `cancel` waits for a reader to come back.
    public var grace: Duration = .seconds(10)
    public init() {}
  }

  public enum UnreadPolicy: String, Sendable, Equatable, CaseIterable { case finish, cancel }

  /// Where a secret is. The secret itself is read at start and never logged.
  public enum SecretSource: Sendable, Equatable {
    case file(path: String)
    /// A file of this name in the folder that the service manager gives (systemd.exec(5),
    /// LoadCredential).
    case credential(name: String)
    case environment(variable: String)
  }

  public struct NamedKey: Sendable, Equatable {
    /// Whose it is. Conversations belong to the name, so that a key can be replaced.
    public var name: String
    public var source: SecretSource
    /// What it opens. A widget's key is in web pages, and an administrator's reads everything:
    /// neither is meant unless it is said.
    public var apis: [KeyedAPI] = [.completions, .streams, .chats, .agents]
    /// Requests with this key that generate or read a stream, whatever addresses they come from.
    public var rate = Rate(requests: 0)
    /// Such requests at one time; 0 is no limit.
    public var streams = 0
    public init(name: String, source: SecretSource) {
      self.name = name
      self.source = source
    }
  }

  /// The APIs that take keys; `admin` is the Widget API's part for administrators.
  public enum KeyedAPI: String, Sendable, Equatable, CaseIterable {
    case completions, streams, chats, agents, widget, admin
  }

  public enum UpstreamKind: String, Sendable, Equatable, CaseIterable { case openai, demo }

  public struct Upstream: Sendable, Equatable {
    public var name: String
    public var kind: UpstreamKind
    /// Such as `https://api.example.com/v1`; the path of an operation is appended. Empty for demo.
    public var baseURL = ""
    public var key: SecretSource?
    /// PEM file of the authorities to trust in place of the system's.
    public var caFile: String?
    /// TCP and TLS set up.
    public var connectTimeout: Duration = .seconds(5)
    /// From the request to the first event (or the whole of an answer that is not a stream).
    public var firstEventTimeout: Duration = .seconds(60)
    /// Between content events; keep-alive comments do not count.
    public var idleTimeout: Duration = .seconds(60)
    public var totalTimeout: Duration = .seconds(600)
    /// Retries of one request here, before any of its answer has come.
    public var retries = 2
    /// The delay before retry n (from 0) is uniform in [0, min(cap, base × 2ⁿ)].
    public var retryBase: Duration = .milliseconds(500)
    public var retryCap: Duration = .seconds(8)
    /// Retries for a hundred requests of the last 10 s; 10 a second are free.
    public var retryBudget = 20
    /// Failures in a row after which no request goes here for a pause; 0 is never.
    public var breakerFailures = 5
    public var breakerPause: Duration = .seconds(10)
    /// How it is asked to go on with an answer that another upstream, or itself, broke off.
    public var continuation: Continuation = .off
    /// Ask for the usage of streamed answers (`stream_options.include_usage`), whether or not the
    /// client did. A few upstreams refuse the option.
    public var asksUsage = true
    /// Idle connections kept for reuse, per loop.
    public var idleConnections = 256
    /// The pause between deltas of the demo model.
    public var pace: Duration = .milliseconds(35)
    /// The demo model's deltas begin with their time and number, for those who measure.
    public var stamps = false
    public init(name: String, kind: UpstreamKind) {
      self.name = name
      self.kind = kind
    }
  }

  /// What an upstream makes of an answer that is there in part.
  public enum Continuation: String, Sendable, Equatable, CaseIterable {
    /// It is not asked.
    case off
    /// It writes on when the last message is the assistant's.
    case prefill
    /// It does so when fields of the request say so, as vLLM and SGLang have them.
    case finalMessage
    /// It needs to be told so by a message of the user's behind that one.
    case instruct
  }

  public struct Model: Sendable, Equatable {
    /// What clients ask for; `*` takes every name that no other entry takes.
    public var id: String
    /// The `name` of an upstream.
    public var upstream: String
    /// What the upstream calls it; nil passes the client's name on.
    public var upstreamModel: String?
    /// Who is asked when `upstream` does not answer, in this order.
    public var fallbacks: [String] = []
    /// The odds with which `upstream` and each of `fallbacks` is asked first; none: in order.
    public var weights: [Int] = []
    public init(id: String, upstream: String, upstreamModel: String? = nil) {
      self.id = id
      self.upstream = upstream
      self.upstreamModel = upstreamModel
    }
  }

  /// A configured persona: a model with a system prompt.
  public struct Agent: Sendable, Equatable {
    /// What the Chats API calls it.
    public var id: String
    /// What the Agents and Streams APIs call it; `agent:SLUG` is its name as a model.
    public var slug: String
    public var name: String
    public var status: AgentStatus = .live
    /// The `id` of a model.
    public var model: String
    /// The system prompt; `{{ name }}` takes a chat's variable. Empty: none.
    public var prompt = ""
    /// Fields of the request to the upstream, in the order of the file.
    public var parameters: [Parameter] = []
    /// Messages that the model gets, the new one included, the system prompt not.
    public var history = 30
    /// Where it can be asked.
    public var apis: [AgentAPI] = AgentAPI.allCases
    public init(id: String, slug: String, name: String, model: String) {
      self.id = id
      self.slug = slug
      self.name = name
      self.model = model
    }
  }

  public enum AgentStatus: String, Sendable, Equatable, CaseIterable {
    case live = "Live"
    case testing = "Testing"
    /// Known, and answers nobody.
    case disabled = "Disabled"
  }

  public enum AgentAPI: String, Sendable, Equatable, CaseIterable {
    case chats, agents, widget, completions, streams
  }

  /// A field of a chat completion request.
  public struct Parameter: Sendable, Equatable {
    public var name: String
    /// Its value as compact JSON text.
    public var json: String
    public init(name: String, json: String) {
      self.name = name
      self.json = json
    }
  }

  public struct Widget: Sendable, Equatable {
    /// The slug of the agent that answers; nil for the first one that serves the widget.
    public var agent: String?
    public init() {}
  }

  public struct Conversations: Sendable, Equatable {
    /// What a message gets that comes while its conversation's turn before is under way.
    public var whenBusy: BusyPolicy = .wait
    /// Messages that wait in one conversation; one more is answered 429.
    public var waiting = 8
    /// How long a message waits; then it is answered 429.
    public var patience: Duration = .seconds(60)
    public init() {}
  }

  public enum BusyPolicy: String, Sendable, Equatable, CaseIterable { case wait, refuse }

  public struct Archive: Sendable, Equatable {
    /// The database. Nil: a file below the state directory that systemd gives, and without one
    /// nothing outlives the daemon.
    public var file: String?
    /// How often what running streams have said is written down.
    public var journal: Duration = .seconds(1)
    /// Whether the streams of chat completions are stored too.
    public var storesCompletions = false
    /// How long a conversation is kept after its last message; zero keeps it for ever.
    public var retention: Duration = .zero
    public init() {}
  }

  /// Requests per client address: those that generate, by API, and those that read a stream.
  public struct Rates: Sendable, Equatable {
    public var completions = Rate(requests: 0)
    public var streams = Rate(requests: 0)
    public var subscriptions = Rate(requests: 0)
    public var chats = Rate(requests: 0)
    public var agents = Rate(requests: 60)
    public var widget = Rate(requests: 30)
    /// Bits of an IPv6 address that tell clients apart: whoever has one address of a network has
    /// them all.
    public var ipv6Prefix = 64
    /// Addresses that are told apart at one time, by each limit; those beyond share a few places.
    public var addresses = 100_000
    public init() {}
  }

  public struct Rate: Sendable, Equatable {
    /// 0 is no limit.
    public var requests: Int
    public var per: Duration = .seconds(60)
    public init(requests: Int) {
      self.requests = requests
    }
  }

  public struct CORS: Sendable, Equatable {
    /// Origins whose pages may ask, such as `https://www.example.com`, or `*` for all. None: pages
    /// of other origins get no permission, and nobody is refused for an origin.
    public var origins: [String] = []
    public init() {}
  }

  public struct Metrics: Sendable, Equatable {
    /// Blocks of client addresses that may read them without an administrator's key. Who comes by a
    /// Unix-domain socket is one of them.
    public var allow = ["127.0.0.0/8", "::1/128"]
    /// Listeners for figures and health alone: whoever reaches them may read them.
    public var listen: [ListenAddress] = []
    public init() {}
  }

  public struct Log: Sendable, Equatable {
    public var format: LogFormat = .text
    public var level: LogLevel = .info
    /// Lines of one kind, of those that requests and answers leave, that are written in a second;
    /// the next one written says how many were not. 0 is no limit.
    public var perSecond = 300
    public init() {}
  }

  public enum LogFormat: String, Sendable, Equatable, CaseIterable { case text, json }
  public enum LogLevel: String, Sendable, Equatable, CaseIterable {
    case debug, info, warning, error
  }
}

extension Settings {
  /// The configuration of `deltad demo`: one built-in model, no keys, loopback only.
  public static var demo: Settings {
    var settings = Settings()
    settings.upstreams = [Upstream(name: "demo", kind: .demo)]
    settings.models = [Model(id: "demo", upstream: "demo")]
    var agent = Agent(id: "agent_demo", slug: "demo", name: "Demo", model: "demo")
    agent.prompt = "You are a helpful assistant. You speak with {{ customer_name }}."
    settings.agents = [agent]
    return settings
  }
}

extension Settings {
  /// The bounds of every number, duration and size, both ends included.
  ///
  /// A value outside is refused when the file is read, with both ends named, so that nothing behind
  /// `Settings` has to defend itself against a time-out of zero or a table of a terabyte.
  public enum Bounds {
    public static let listeners = 1...64
    public static let proxyProtocol = 0...64
    public static let loops = 0...256

    public static let connections = 1...1_000_000
    public static let headBytes = (1 << 10)...(1 << 20)
    public static let fields = 8...1_000
    public static let targetBytes = 256...(64 << 10)
    public static let bodyBytes = (1 << 10)...(256 << 20)
    public static let eventBytes = (1 << 10)...(256 << 20)
    public static let answerBytes = (1 << 10)...(1 << 30)
    public static let generations = 1...1_000_000
    public static let queuedGenerations = 0...1_000_000

    public static let head: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
    public static let body: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
    public static let keepAlive: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    public static let stall: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    public static let queue: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
    public static let heartbeat: ClosedRange<Duration> = .seconds(1) ... .seconds(600)
    /// Zero ends running generations at once.
    public static let shutdown: ClosedRange<Duration> = .zero ... .seconds(3600)
    public static let release: ClosedRange<Duration> = .zero ... .seconds(600)

    public static let memoryBytes = (1 << 20)...(1 << 40)
    public static let streamBytes = (64 << 10)...(1 << 30)
    /// Zero forgets a stream when it has finished.
    public static let retention: ClosedRange<Duration> = .zero ... .seconds(30 * 86_400)
    /// Zero cancels as soon as the last reader has gone.
    public static let grace: ClosedRange<Duration> = .zero ... .seconds(3600)

    public static let connectTimeout: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)
    public static let firstEventTimeout: ClosedRange<Duration> =
      .milliseconds(100) ... .seconds(3600)
    public static let idleTimeout: ClosedRange<Duration> = .milliseconds(100) ... .seconds(3600)
    public static let totalTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)
    public static let idleConnections = 0...100_000
    public static let retries = 0...10
    public static let retryBase: ClosedRange<Duration> = .zero ... .seconds(60)
    public static let retryCap: ClosedRange<Duration> = .zero ... .seconds(60)
    public static let retryBudget = 0...100
    public static let breakerFailures = 0...1_000
    public static let breakerPause: ClosedRange<Duration> = .milliseconds(100) ... .seconds(3600)
    public static let fallbacks = 0...16
    public static let weight = 0...1_000
    /// Zero writes as fast as readers take it, which is what a benchmark wants.
    public static let pace: ClosedRange<Duration> = .zero ... .seconds(10)

    /// Letters, digits, `_` and `-`.
    public static let agentID = 1...64
    /// Lower-case letters, digits and `-`, which is neither first nor last.
    public static let slug = 1...64
    /// Bytes of UTF-8.
    public static let agentName = 1...256
    /// Bytes of UTF-8.
    public static let prompt = 0...(256 << 10)
    public static let history = 1...10_000
    public static let waiting = 0...1_000
    public static let patience: ClosedRange<Duration> = .milliseconds(100) ... .seconds(3600)
    public static let journal: ClosedRange<Duration> = .milliseconds(50) ... .seconds(60)
    /// Zero keeps conversations for ever.
    public static let conversationRetention: ClosedRange<Duration> =
      .zero ... .seconds(3650 * 86_400)
    public static let trustedProxies = 0...100
    public static let metricsAllow = 0...100
    public static let metricsListeners = 0...16
    public static let linesPerSecond = 0...1_000_000
    /// Zero is no limit.
    public static let streamsPerClient = 0...1_000_000
    public static let rateRequests = 0...1_000_000
    public static let ratePeriod: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)
    public static let ipv6Prefix = 1...128
    /// An entry takes about 100 bytes.
    public static let addresses = 1_000...10_000_000
    public static let origins = 0...100
    /// What a widget's key must have at least, in bytes: everybody can try one.
    public static let widgetKeyBytes = 24

    /// Names of keys and upstreams: characters.
    public static let name = 1...64
    /// Names of credentials: characters.
    public static let credential = 1...255
    /// Ids of models: bytes of UTF-8.
    public static let modelID = 1...256
    /// A file's path: bytes of UTF-8, Linux's `PATH_MAX` without its NUL.
    public static let path = 1...4095
    /// A socket's path: bytes of UTF-8, `sun_path` of unix(7) without its NUL.
    public static let socketPath = 1...107
    public static let baseURL = 1...2048
    /// A secret: bytes.
    public static let secret = 1...4096
    /// The configuration file itself.
    public static let fileBytes = 0...(1 << 20)
    /// A file of trusted authorities.
    public static let caFileBytes = 1...(8 << 20)
  }
}
