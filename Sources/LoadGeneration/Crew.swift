// The threads of a run. Each has one loop with its clients, and counts for itself; the thread that
// called waits, asks for copies, and says when measuring begins and ends.

internal import EventLoop
internal import Synchronization

/// What one loop's clients do in a scenario. All calls are on the loop's thread.
protocol LoopPlayer: AnyObject {
  var tally: Tally { get }
  func begin()
  /// Before the last copy of the counts is taken: what is still open is judged or dropped.
  func end()
}

/// One thread's latest copy of its counts, and its result when it has ended.
private final class Board: Sendable {
  struct Entry {
    var counts = Counts()
    var windowStart: Counts?
    var windowEnd: Counts?
    var latencies: Latencies?
    var firstError: String?
    var failure: SystemError?
    var openedAt: UInt64 = 0
    var closedAt: UInt64 = 0
  }
  let entry = Mutex(Entry())
}

/// What the threads counted in the window that was measured.
struct CrewResult {
  /// In the window.
  var counts = Counts()
  /// From beginning to end.
  var total = Counts()
  var latencies = Latencies()
  var firstError: String?
  var seconds = 0.0
  /// What this process took for it.
  var ownCPUSeconds = 0.0
}

/// The threads of one run, all playing the same.
final class Crew {
  private enum Command: Sendable { case open, close, stop }

  private struct Member {
    let board: Board
    let mailbox: Mailbox<Command>
    let thread: LoopThread.Joinable
  }
  private var members: [Member] = []
  private let watch = Stopwatch()
  private var cpuAtOpening = ProcessUse.ownCPUSeconds
  private var ownCPUSeconds = 0.0

  /// Starts the threads; `make` is called on each with its loop and its number.
  /// - Parameter measuring: From the start, without `openWindow`.
  init(
    threads: Int, measuring: Bool = false,
    _ make: @escaping @Sendable (EventLoop, Int) throws(SystemError) -> any LoopPlayer
  ) throws(SystemError) {
    for index in 0..<threads {
      let board = Board()
      if measuring {
        board.entry.withLock {
          $0.windowStart = Counts()
          $0.openedAt = EventLoop.clock
        }
      }
      let mailbox = try Mailbox<Command>()
      let thread = try LoopThread.start(name: "load-\(index)") {
        do throws(SystemError) {
          try Self.play(index, board, mailbox, make)
        } catch {
          board.entry.withLock { $0.failure = error }
        }
      }
      members.append(Member(board: board, mailbox: mailbox, thread: thread))
    }
  }

  private static func play(
    _ index: Int, _ board: Board, _ mailbox: Mailbox<Command>,
    _ make: @Sendable (EventLoop, Int) throws(SystemError) -> any LoopPlayer
  ) throws(SystemError) {
    let loop = try EventLoop(index: index)
    let player = try make(loop, index)
    try mailbox.open(on: loop) { commands in
      for command in commands { obey(command, loop, player, board) }
    }
    var shown = Counts()
    loop.atEndOfTurn {
      guard player.tally.counts.reads != shown.reads || player.tally.counts != shown else {
        return
      }
      shown = player.tally.counts
      board.entry.withLock { $0.counts = shown }
    }
    player.tally.measuring = board.entry.withLock { $0.windowStart != nil }
    player.begin()
    try loop.run()
    player.end()
    let tally = player.tally
    board.entry.withLock { entry in
      entry.counts = tally.counts
      entry.latencies = tally.latencies
      entry.firstError = tally.firstError
    }
  }

  private static func obey(
    _ command: Command, _ loop: EventLoop, _ player: any LoopPlayer, _ board: Board
  ) {
    let now = EventLoop.clock
    switch command {
    case .open:
      player.tally.measuring = true
      board.entry.withLock {
        $0.windowStart = player.tally.counts
        $0.openedAt = now
      }
    case .close:
      player.tally.measuring = false
      board.entry.withLock {
        $0.windowEnd = player.tally.counts
        $0.closedAt = now
      }
    case .stop: loop.stop()
    }
  }

  /// A copy of what all have counted so far.
  var counts: Counts { reader() }

  /// The same for any thread.
  var reader: @Sendable () -> Counts {
    let boards = members.map(\.board)
    return {
      boards.reduce(into: Counts()) { sum, board in
        sum = sum + board.entry.withLock { $0.counts }
      }
    }
  }

  /// Why a thread has ended before its time.
  var failure: SystemError? {
    members.lazy.compactMap { member in member.board.entry.withLock { $0.failure } }.first
  }

  func openWindow() {
    cpuAtOpening = ProcessUse.ownCPUSeconds
    for member in members { member.mailbox.post(.open) }
  }

  func closeWindow() {
    ownCPUSeconds = ProcessUse.ownCPUSeconds - cpuAtOpening
    for member in members { member.mailbox.post(.close) }
  }

  /// Ends the threads, and adds up. Without a window all counts.
  func finish() -> CrewResult {
    for member in members { member.mailbox.post(.stop) }
    var result = CrewResult()
    for member in members {
      member.thread.join()
      let entry = member.board.entry.withLock { $0 }
      let start = entry.windowStart ?? Counts()
      result.counts = result.counts + ((entry.windowEnd ?? entry.counts) - start)
      result.total = result.total + entry.counts
      if let latencies = entry.latencies { result.latencies.merge(latencies) }
      result.firstError = result.firstError ?? entry.firstError
      if entry.closedAt > entry.openedAt {
        result.seconds = max(result.seconds, Double(entry.closedAt - entry.openedAt) / 1e9)
      }
    }
    result.ownCPUSeconds = ownCPUSeconds
    if result.seconds == 0 { result.seconds = watch.seconds }
    return result
  }
}

/// Time since it was made.
struct Stopwatch {
  private let start = EventLoop.clock
  var seconds: Double { Double(EventLoop.clock - start) / 1e9 }
}
