internal import ClientAPIs
internal import JSONWire

/// A stream that still grows, as operators see it.
struct LiveStream: Sendable {
  enum State: String, Sendable {
    /// The upstream has been asked, and nothing has come.
    case waiting
    /// It failed, and is asked again after a pause.
    case retrying
    case streaming
    /// All has come; the end is on its way to the archive.
    case storing
  }

  /// Shortened: a whole one is the permission to read.
  var id: String
  /// As the client named it.
  var model: String
  var upstream: String
  var api: API
  /// Requests to upstreams so far.
  var attempts: Int
  /// On the loops' clock.
  var startedAt: UInt64
  var events: Int
  /// Of the log.
  var bytes: Int
  var readers: Int
  var state: State

  /// How many an event of the dashboard has at most.
  static let limit = 200
  /// A client may have given its model any name.
  private static let maximumNameLength = 64

  func write(to json: inout JSONWriter, now: UInt64) {
    let texts: KeyValuePairs<StaticString, String> = [
      "id": id, "model": String(model.prefix(Self.maximumNameLength)), "upstream": upstream,
      "api": api.rawValue, "state": state.rawValue,
    ]
    // Another loop's clock may have been read a little later.
    let age = now > startedAt ? now - startedAt : 0
    let numbers: KeyValuePairs<StaticString, Int> = [
      "ageMilliseconds": Int(age / 1_000_000), "attempts": attempts, "events": events,
      "bytes": bytes, "readers": readers,
    ]
    json.beginObject()
    for (name, text) in texts {
      json.key(name)
      json.string(text)
    }
    for (name, number) in numbers {
      json.key(name)
      json.integer(number)
    }
    json.endObject()
  }
}

/// Of many the newest few, the newest first.
struct Newest<Element> {
  private let limit: Int
  private var kept: [(time: UInt64, element: Element)] = []
  /// What is not newer is none of them.
  private var threshold: UInt64 = 0

  /// - Parameter limit: At least one.
  init(_ limit: Int) {
    self.limit = limit
  }

  /// Cost: mostly a comparison; the elements are sorted once in `limit` times.
  mutating func offer(_ element: Element, _ time: UInt64) {
    guard time >= threshold else { return }
    kept.append((time, element))
    if kept.count == 2 * limit { settle() }
  }

  mutating func take() -> [Element] {
    settle()
    return kept.map(\.element)
  }

  private mutating func settle() {
    kept.sort { $0.time > $1.time }
    guard kept.count >= limit else { return }
    kept.removeSubrange(limit...)
    threshold = kept[limit - 1].time
  }
}
