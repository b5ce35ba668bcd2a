/// What the daemon runs by: every limit, time-out and address, with its default.
///
/// The theory: this file is the only place where a default or a bound is written. The file reader
/// (`ConfigurationFile`) fills these values from JSON5, `deltad check` reports what does not fit,
/// and everything behind it receives values that have been checked. Units are in the types
/// (`Duration`) or in the names (`…Bytes`). Nothing here does I/O or holds a secret: keys are named
/// by where they are, and read when the daemon starts.
public struct Settings: Sendable, Equatable {
  public var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8080)]
  /// Event loops, each a thread with its own epoll. 0 means one per core that we may run on.
  public var loops = 0
  public var limits = Limits()
  public var timeouts = Timeouts()
  public var streams = Streams()
  /// Bearer keys of the Completions and Streams APIs. None: everybody on the listeners may ask.
  public var keys: [NamedKey] = []
  public var upstreams: [Upstream] = []
  public var models: [Model] = []
  public var log = Log()

  public init() {}

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
    /// Generations running at one time over all loops; one more is answered 503.
    public var generations = 10_000
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
    /// Silence on a stream after which readers get a comment.
    public var heartbeat: Duration = .seconds(15)
    /// After SIGTERM, how long running generations may go on.
    public var shutdown: Duration = .seconds(30)
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
    /// How long `cancel` waits for a reader to come back.
    public var grace: Duration = .seconds(10)
    public init() {}
  }

  public enum UnreadPolicy: String, Sendable, Equatable, CaseIterable { case finish, cancel }

  /// Where a secret is. The secret itself is read at start and never logged.
  public enum SecretSource: Sendable, Equatable {
    case file(path: String)
    case environment(variable: String)
  }

  public struct NamedKey: Sendable, Equatable {
    public var name: String
    public var source: SecretSource
    public init(name: String, source: SecretSource) {
      self.name = name
      self.source = source
    }
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
    /// Ask for the usage of streamed answers (`stream_options.include_usage`), whether or not the
    /// client did. A few upstreams refuse the option.
    public var asksUsage = true
    /// Idle connections kept for reuse, per loop.
    public var idleConnections = 256
    /// The pause between deltas of the demo model.
    public var pace: Duration = .milliseconds(35)
    public init(name: String, kind: UpstreamKind) {
      self.name = name
      self.kind = kind
    }
  }

  public struct Model: Sendable, Equatable {
    /// What clients ask for; `*` takes every name that no other entry takes.
    public var id: String
    /// The `name` of an upstream.
    public var upstream: String
    /// What the upstream calls it; nil passes the client's name on.
    public var upstreamModel: String?
    public init(id: String, upstream: String, upstreamModel: String? = nil) {
      self.id = id
      self.upstream = upstream
      self.upstreamModel = upstreamModel
    }
  }

  public struct Log: Sendable, Equatable {
    public var format: LogFormat = .text
    public var level: LogLevel = .info
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
    public static let loops = 0...256

    public static let connections = 1...1_000_000
    public static let headBytes = (1 << 10)...(1 << 20)
    public static let fields = 8...1_000
    public static let targetBytes = 256...(64 << 10)
    public static let bodyBytes = (1 << 10)...(256 << 20)
    public static let eventBytes = (1 << 10)...(256 << 20)
    public static let answerBytes = (1 << 10)...(1 << 30)
    public static let generations = 1...1_000_000

    public static let head: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
    public static let body: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
    public static let keepAlive: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    public static let stall: ClosedRange<Duration> = .seconds(1) ... .seconds(3600)
    public static let heartbeat: ClosedRange<Duration> = .seconds(1) ... .seconds(600)
    /// Zero ends running generations at once.
    public static let shutdown: ClosedRange<Duration> = .zero ... .seconds(3600)

    public static let memoryBytes = (1 << 20)...(1 << 40)
    public static let streamBytes = (64 << 10)...(1 << 30)
    /// Zero forgets a stream when it has finished.
    public static let retention: ClosedRange<Duration> = .zero ... .seconds(86_400)
    /// Zero cancels as soon as the last reader has gone.
    public static let grace: ClosedRange<Duration> = .zero ... .seconds(3600)

    public static let connectTimeout: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)
    public static let firstEventTimeout: ClosedRange<Duration> =
      .milliseconds(100) ... .seconds(3600)
    public static let idleTimeout: ClosedRange<Duration> = .milliseconds(100) ... .seconds(3600)
    public static let totalTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)
    public static let idleConnections = 0...100_000
    /// Zero writes as fast as readers take it, which is what a benchmark wants.
    public static let pace: ClosedRange<Duration> = .zero ... .seconds(10)

    /// Names of keys and upstreams: characters.
    public static let name = 1...64
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
