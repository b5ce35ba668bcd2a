import Glibc
import Testing

@testable import EventLoop

/// Calls a closure when its descriptor is ready.
private final class Handler: ReadinessHandler {
  var seen: [Readiness] = []
  var action: (Readiness) -> Void = { _ in }

  func ready(_ readiness: Readiness) {
    seen.append(readiness)
    action(readiness)
  }
}

/// Two connected sockets, closed with it.
private final class Pair {
  private(set) var ends: [CInt] = [-1, -1]

  init() {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
    unsafe socketpair(AF_UNIX, kind, 0, &ends)
  }

  deinit { for end in ends { close(end) } }

  /// Closes one end early.
  func close(_ end: CInt) {
    if end >= 0 { Glibc.close(end) }
    for index in ends.indices where ends[index] == end { ends[index] = -1 }
  }

  /// From the second end to the first.
  func write() {
    var byte: UInt8 = 1
    _ = unsafe Glibc.write(ends[1], &byte, 1)
  }

  func read() {
    var byte: UInt8 = 0
    _ = unsafe Glibc.read(ends[0], &byte, 1)
  }
}

@Suite struct WatchTests {
  @Test func `readiness is reported as long as it lasts, and only what was asked for`() throws {
    let (loop, pair, handler) = (try EventLoop(), Pair(), Handler())
    let watch = try loop.watch(pair.ends[0], for: .readable, handler: handler)
    try loop.turn(atMost: 0)
    #expect(handler.seen == [])
    pair.write()
    for _ in 0..<3 { try loop.turn(atMost: 0) }
    #expect(handler.seen == [.readable, .readable, .readable])
    pair.read()
    try loop.turn(atMost: 0)
    #expect(handler.seen.count == 3)
    loop.unwatch(watch)
  }

  @Test func `interest can be changed, and taken away altogether`() throws {
    let (loop, pair, handler) = (try EventLoop(), Pair(), Handler())
    let watch = try loop.watch(pair.ends[0], for: [], handler: handler)
    pair.write()
    try loop.turn(atMost: 0)
    #expect(handler.seen == [])
    loop.change(watch, to: [.readable, .writable])
    try loop.turn(atMost: 0)
    #expect(handler.seen == [[.readable, .writable]])
    loop.change(watch, to: .writable)
    try loop.turn(atMost: 0)
    #expect(handler.seen.last == .writable)
    loop.change(watch, to: [])
    try loop.turn(atMost: 0)
    #expect(handler.seen.count == 2)
    loop.unwatch(watch)
  }

  @Test func `a peer that closes is reported asked for or not`() throws {
    let (loop, pair, handler) = (try EventLoop(), Pair(), Handler())
    let watch = try loop.watch(pair.ends[0], for: .peerClosed, handler: handler)
    shutdown(pair.ends[1], CInt(SHUT_WR))
    try loop.turn(atMost: 0)
    #expect(handler.seen == [.peerClosed])
    loop.change(watch, to: [])
    pair.close(pair.ends[1])
    try loop.turn(atMost: 0)
    #expect(handler.seen.last?.isDisjoint(with: .failed) == false)
    loop.unwatch(watch)
  }

  @Test func `what is not watched any more is not reported`() throws {
    let (loop, pair, handler) = (try EventLoop(), Pair(), Handler())
    let watch = try loop.watch(pair.ends[0], for: .readable, handler: handler)
    pair.write()
    loop.unwatch(watch)
    loop.unwatch(watch)
    loop.change(watch, to: [.readable, .writable])
    try loop.turn(atMost: 0)
    #expect(handler.seen == [])
  }

  @Test func `a handler may unwatch itself and others whose readiness was reported`() throws {
    let loop = try EventLoop()
    let pairs = (0..<20).map { _ in Pair() }
    var watches: [Watch] = []
    var told = 0
    for pair in pairs {
      let handler = Handler()
      handler.action = { _ in
        told += 1
        for watch in watches { loop.unwatch(watch) }
      }
      watches.append(try loop.watch(pair.ends[0], for: .readable, handler: handler))
      pair.write()
    }
    try loop.turn(atMost: 0)
    try loop.turn(atMost: 0)
    #expect(told == 1)
    watches = []
  }

  @Test func `readiness of one that has gone does not reach the one in its place`() throws {
    let loop = try EventLoop()
    let pairs = (0..<20).map { _ in Pair() }
    let fresh = Handler()
    var watches: [Watch] = []
    var replacements: [Watch] = []
    for pair in pairs {
      let handler = Handler()
      handler.action = { _ in
        // All slots are free again, and are taken by others with the same descriptors.
        for watch in watches { loop.unwatch(watch) }
        for pair in pairs {
          pair.read()
          let watch = try? loop.watch(pair.ends[0], for: .readable, handler: fresh)
          if let watch { replacements.append(watch) }
        }
      }
      watches.append(try loop.watch(pair.ends[0], for: .readable, handler: handler))
      pair.write()
    }
    try loop.turn(atMost: 0)
    #expect(replacements.count == 20)
    #expect(fresh.seen == [], "that readiness was another's")
    for watch in watches {
      loop.change(watch, to: [])
      loop.unwatch(watch)
    }
    for pair in pairs { pair.write() }
    try loop.turn(atMost: 0)
    #expect(fresh.seen.count == 20, "stale tokens have no power")
    for watch in replacements { loop.unwatch(watch) }
  }

  @Test func `a watch that names nothing is harmless`() throws {
    let loop = try EventLoop()
    loop.unwatch(.none)
    loop.change(.none, to: .readable)
    let handler = Handler()
    #expect(throws: SystemError("epoll_ctl(ADD)", EBADF)) {
      try loop.watch(-1, for: .readable, handler: handler)
    }
    let pair = Pair()
    let watch = try loop.watch(pair.ends[0], for: .readable, handler: handler)
    pair.write()
    try loop.turn(atMost: 0)
    #expect(handler.seen.count == 1, "a failed registration leaves no trace")
    loop.unwatch(watch)
  }

  @Test func `the loop keeps a handler as long as it is watched`() throws {
    let (loop, pair) = (try EventLoop(), Pair())
    weak var kept: Handler?
    var watch = Watch.none
    do {
      let handler = Handler()
      kept = handler
      watch = try loop.watch(pair.ends[0], for: .readable, handler: handler)
    }
    #expect(kept != nil)
    loop.unwatch(watch)
    #expect(kept == nil)
  }

  @Test func `more readiness than one turn takes waits for the next`() throws {
    let loop = try EventLoop()
    let pairs = (0..<600).map { _ in Pair() }
    var told: Set<CInt> = []
    var watches: [Watch] = []
    for pair in pairs {
      let handler = Handler()
      handler.action = { _ in
        told.insert(pair.ends[0])
        pair.read()
      }
      watches.append(try loop.watch(pair.ends[0], for: .readable, handler: handler))
      pair.write()
    }
    try loop.turn(atMost: 0)
    #expect(!told.isEmpty && told.count < 600)
    for _ in 0..<100 where told.count < 600 { try loop.turn(atMost: 0) }
    #expect(told.count == 600)
    for watch in watches { loop.unwatch(watch) }
  }
}
