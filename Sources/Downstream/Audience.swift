internal import CLinux
public import EventLoop
public import StreamLog

/// The subscribers that one loop has on one rendering.
///
/// Belongs to its loop's thread. A subscriber is a connection with a cursor; the audience only
/// knows who they are, so that all of them are flushed once when the rendering has grown, however
/// many events that were.
public final class Audience {
  public let rendering: Rendering
  private let loop: EventLoop
  private let heartbeat: [UInt8]
  private let heartbeatInterval: UInt64
  private var timer: Timer?
  /// When the log grew last, or a heartbeat went out.
  private var lastEvent: UInt64
  /// What the rendering was when everybody was flushed last.
  private var flushed: (tail: Int, isClosed: Bool)
  /// Events that there were then: every follower's are counted up to here.
  private var flushedEvents: Int
  /// Followers from here on may have joined since the last flush.
  private var settled = 0
  private var followers: [Connection] = []
  /// Called when the last follower has left.
  public var whenEmpty: (() -> Void)?
  /// A follower has joined since the last flush.
  public private(set) var needsFlush = false

  /// - Parameters:
  ///   - heartbeat: What followers get after so many nanoseconds without an event, framed for the
  ///     socket; empty for a wire format that has no comments.
  public init(_ rendering: Rendering, loop: EventLoop, heartbeat: [UInt8], every interval: UInt64) {
    self.rendering = rendering
    self.loop = loop
    self.heartbeat = heartbeat
    heartbeatInterval = interval
    lastEvent = loop.now
    flushed = rendering.progress
    flushedEvents = rendering.publishedEvents
    if !heartbeat.isEmpty {
      timer = Timer { [unowned self] in self.beat() }
    }
  }

  public var count: Int { followers.count }

  /// - Parameter after: The event behind which it begins.
  func join(_ connection: Connection, after: Int) {
    connection.server.traffic.eventsSent += flushedEvents - after
    connection.audiencePosition = followers.count
    followers.append(connection)
    needsFlush = true
    if let timer, !timer.isArmed { loop.arm(timer, at: loop.now &+ heartbeatInterval) }
  }

  func leave(_ connection: Connection) {
    let hole = connection.audiencePosition
    guard hole >= 0 else { return }
    connection.audiencePosition = -1
    // On another loop than the owner's the log may grow, and end, while it is being read.
    if rendering.progress.isClosed, connection.cursor?.lag == 0 {
      connection.server.traffic.eventsSent += rendering.publishedEvents - flushedEvents
    }
    let last = followers.removeLast()
    if hole < followers.count {
      followers[hole] = last
      last.audiencePosition = hole
    }
    // The last one may have been new.
    settled = min(settled, hole)
    guard followers.isEmpty else { return }
    if let timer { loop.disarm(timer) }
    whenEmpty?()
  }

  /// What a flush has done.
  public struct Delivery: Sendable {
    /// New ones, over all followers, with those that a slow one takes later.
    public var events = 0
    /// What sockets took.
    public var bytes = 0

    public init() {}
  }

  /// Sends every follower what it has not read yet, each with one `send` if its socket takes it.
  @discardableResult
  public func flush() -> Delivery {
    needsFlush = false
    var delivery = Delivery()
    // A reader that joins is no news for the others: while thousands come, one after the other,
    // nobody goes through those who are there.
    let progress = rendering.progress
    if progress != flushed {
      flushed = progress
      lastEvent = loop.now
      settled = 0
    }
    let events = rendering.publishedEvents
    delivery.events = (events - flushedEvents) * followers.count
    flushedEvents = events
    let start = settled
    settled = followers.count
    // Backwards: a follower that leaves is replaced by one that has been flushed already.
    var position = followers.count - 1
    while position >= start {
      if position < followers.count {
        let follower = followers[position]
        if position > 0 { Self.fetch(followers[position - 1]) }
        delivery.bytes += follower.push()
      }
      position -= 1
    }
    return delivery
  }

  /// Has the processor fetch what the next delivery will touch while this one is in the kernel.
  @inline(__always)
  private static func fetch(_ connection: Connection) {
    let object = unsafe Unmanaged.passUnretained(connection).toOpaque()
    unsafe clinux_prefetch(object)
    unsafe clinux_prefetch(object + 64)
  }

  /// Makes the line that each follower gets once: now, or when it has read everything.
  private(set) var notice: (() -> [UInt8])?

  /// Gives each follower a line of its own, made for it: those who lag when they have caught up.
  public func tell(_ notice: @escaping () -> [UInt8]) {
    self.notice = notice
    for follower in followers { follower.owesNotice = true }
    forEachBackwards { $0.giveNotice() }
  }

  /// A follower may leave meanwhile: it is replaced by one that has had its turn.
  private func forEachBackwards(_ body: (Connection) -> Void) {
    var position = followers.count - 1
    while position >= 0 {
      if position < followers.count { body(followers[position]) }
      position -= 1
    }
  }

  private func beat() {
    let quiet = loop.now &- lastEvent
    if quiet >= heartbeatInterval {
      lastEvent = loop.now
      forEachBackwards { $0.heartbeat(heartbeat) }
    }
    if let timer, !followers.isEmpty {
      loop.arm(timer, at: lastEvent &+ heartbeatInterval)
    }
  }
}
