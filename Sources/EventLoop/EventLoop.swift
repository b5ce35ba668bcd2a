// The event loop: between the kernel's readiness and everything that acts on it.
//
// One loop is one thread with one epoll instance. A turn is: wait; tell each handler what its
// descriptor is ready for; fire the timers that are due; run the turn hooks. Work is done per turn,
// not per event: handlers read and append, the hooks at the end of the turn send what has gathered.
//
// Rules: everything but `Mailbox.post` belongs to the loop's own thread. A handler may watch,
// unwatch, arm and disarm anything at any time, itself included; readiness that was reported
// earlier in the turn for a watch that has gone since is dropped (the generation in the token says
// so, even when the kernel has given the descriptor's number away again).
//
// It does not own descriptors, does no I/O of its own but the mailbox's, and never blocks other
// than in `wait`.

internal import CLinux
internal import Glibc

/// What epoll reports of a descriptor, and what one asks it to report.
public struct Readiness: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
  public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
  /// The peer has closed, or shut down its sending side.
  public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
  /// Reported always, asked for or not.
  public static let failed = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
  /// Of several loops that watch one listening socket, wake one.
  public static let exclusive = Readiness(rawValue: EPOLLEXCLUSIVE.rawValue)
}

public protocol ReadinessHandler: AnyObject {
  func ready(_ readiness: Readiness)
}

/// Names one registration. Stale tokens are harmless: every operation on them does nothing.
public struct Watch: Equatable, Sendable {
  let slot: UInt32
  let generation: UInt32

  /// Names no registration.
  public static let none = Watch(slot: .max, generation: .max)

  var word: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
  init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
  init(word: UInt64) {
    self.init(slot: UInt32(truncatingIfNeeded: word), generation: UInt32(word >> 32))
  }
}

public final class EventLoop {
  /// Position among the daemon's loops, from 0.
  public let index: Int
  /// CLOCK_MONOTONIC in nanoseconds, for those who are on no loop.
  public static var clock: UInt64 { clinux_monotonic() }

  /// CLOCK_MONOTONIC in nanoseconds, read once at the start of a turn.
  public private(set) var now: UInt64
  /// Turns made so far.
  public private(set) var turns: UInt64 = 0

  private let epoll: Descriptor
  /// By slot. Handlers lie apart from what else is looked at for each report.
  private var registrations: [Registration] = []
  private var handlers: [(any ReadinessHandler)?] = []
  private var freeSlots: [UInt32] = []
  private var hooks: [() -> Void] = []
  var timers = TimerHeap()
  private var running = false

  /// How much readiness one `epoll_wait` brings; more waits for the next turn. What has been read
  /// is sent at the end of the turn: with 512 the median event of a thousand streams waited twice
  /// as long as with 32, and cost the same.
  private static let readinessPerTurn = 32
  private var reported = [clinux_readiness](
    repeating: clinux_readiness(), count: readinessPerTurn)

  private struct Registration {
    var isWatched = false
    var descriptor: CInt
    var interest: Readiness
    var generation: UInt32
  }

  public init(index: Int = 0) throws(SystemError) {
    self.index = index
    epoll = Descriptor(owning: try SystemError.check(clinux_epoll_create(), "epoll_create1"))
    now = clinux_monotonic()
  }

  // MARK: Turns

  /// Adds work for the end of every turn; hooks run in the order in which they were added.
  public func atEndOfTurn(_ hook: @escaping () -> Void) {
    hooks.append(hook)
  }

  /// Turns until `stop` is called. Throws only if epoll itself fails.
  public func run() throws(SystemError) {
    running = true
    while running { try turn() }
  }

  /// The current turn is completed, then `run` returns.
  public func stop() {
    running = false
  }

  /// One turn; waits at most until the next timer, or `atMost` milliseconds.
  public func turn(atMost limit: CInt? = nil) throws(SystemError) {
    var timeout = timers.millisecondsToNext(now: clinux_monotonic())
    if let limit, timeout < 0 || limit < timeout { timeout = limit }
    let count = unsafe clinux_epoll_wait(
      epoll.number, &reported, CInt(Self.readinessPerTurn), timeout)
    if count < 0 && count != -EINTR { throw SystemError("epoll_wait", -count) }
    now = clinux_monotonic()
    turns &+= 1
    unsafe reported.withUnsafeBufferPointer { reports in
      for position in 0..<Int(max(count, 0)) { unsafe dispatch(reports[position]) }
    }
    while let timer = timers.takeDue(now: now) { timer.action() }
    for hook in hooks { hook() }
  }

  private func dispatch(_ report: clinux_readiness) {
    let watch = Watch(word: report.data)
    let slot = Int(watch.slot)
    guard registrations[slot].generation == watch.generation else { return }
    handlers[slot]?.ready(Readiness(rawValue: report.events))
  }

  // MARK: Watching descriptors

  /// Reports the readiness of `descriptor` (level-triggered) until `unwatch`. The caller keeps the
  /// descriptor open that long; the loop keeps the handler alive.
  public func watch(
    _ descriptor: CInt, for interest: Readiness, handler: any ReadinessHandler
  ) throws(SystemError) -> Watch {
    let slot: UInt32
    if let free = freeSlots.popLast() {
      slot = free
    } else {
      slot = UInt32(registrations.count)
      registrations.append(Registration(descriptor: -1, interest: [], generation: 0))
      handlers.append(nil)
    }
    let watch = Watch(slot: slot, generation: registrations[Int(slot)].generation)
    let answer = clinux_epoll_control(
      epoll.number, EPOLL_CTL_ADD, descriptor, interest.rawValue, watch.word)
    guard answer >= 0 else {
      freeSlots.append(slot)
      throw SystemError("epoll_ctl(ADD)", -answer)
    }
    handlers[Int(slot)] = handler
    registrations[Int(slot)].isWatched = true
    registrations[Int(slot)].descriptor = descriptor
    registrations[Int(slot)].interest = interest
    return watch
  }

  /// Changes what is reported; no system call when nothing changes.
  public func change(_ watch: Watch, to interest: Readiness) {
    let slot = Int(watch.slot)
    guard isCurrent(watch), registrations[slot].interest != interest else { return }
    registrations[slot].interest = interest
    // Fails only for a descriptor that its owner closed first: then there is nothing to report.
    _ = clinux_epoll_control(
      epoll.number, EPOLL_CTL_MOD, registrations[slot].descriptor, interest.rawValue, watch.word)
  }

  private func isCurrent(_ watch: Watch) -> Bool {
    let slot = Int(watch.slot)
    return slot < registrations.count && registrations[slot].generation == watch.generation
      && registrations[slot].isWatched
  }

  /// Call before the descriptor is closed.
  public func unwatch(_ watch: Watch) {
    let slot = Int(watch.slot)
    guard isCurrent(watch) else { return }
    // ENOENT and EBADF: a library that owns the descriptor (libcurl) closed it first.
    _ = clinux_epoll_control(epoll.number, EPOLL_CTL_DEL, registrations[slot].descriptor, 0, 0)
    handlers[slot] = nil
    registrations[slot].isWatched = false
    registrations[slot].generation &+= 1
    freeSlots.append(watch.slot)
  }

  /// Descriptors that are watched now.
  public var watchCount: Int { registrations.count - freeSlots.count }

  // MARK: Timers

  /// Timers that are armed now.
  public var timerCount: Int { timers.count }

  /// Fires `timer` once, at the earliest after `delay` nanoseconds; armed already, it is moved.
  public func arm(_ timer: Timer, after delay: UInt64) {
    arm(timer, at: clinux_monotonic() &+ delay)
  }

  /// The same at a point in time on this loop's clock; one that has passed means the next turn.
  public func arm(_ timer: Timer, at deadline: UInt64) {
    timers.arm(timer, at: max(deadline, now &+ 1))
  }

  public func disarm(_ timer: Timer) {
    timers.disarm(timer)
  }
}
