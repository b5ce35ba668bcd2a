// The other side of a measurement: a model that costs as little as can be.
//
// It answers any POST as an OpenAI-compatible server would, with deltas that carry their time and
// number. Everything is framed beforehand; a delta costs a copy, two numbers, and its share of a
// send. It is no test double for behaviour: scripted-model is.

internal import EventLoop
internal import Glibc

/// A mock model on loops of its own.
public struct ModelServer: Sendable {
  public var host = "127.0.0.1"
  /// 0 lets the kernel choose.
  public var port: UInt16 = 9100
  public var deltas = 200
  /// Nanoseconds from one write to the next; 0 writes as fast as the socket takes it.
  public var interval: UInt64 = 0
  /// Events in one write.
  public var burst = 1
  /// Nanoseconds from the role to the first delta.
  public var delay: UInt64 = 0
  public var threads = 1

  public init() {}

  /// Serves until the process ends; `announce` is told the port.
  public func run(_ announce: (UInt16) -> Void) throws {
    try ListeningSocket.checkFree(host: host, port: port)
    let first = try ModelLoop(self, port: port)
    var plan = self
    plan.port = first.port
    announce(first.port)
    for index in 1..<max(1, threads) {
      let copy = plan
      _ = try LoopThread.start(name: "model-\(index)") {
        do throws(SystemError) {
          try ModelLoop(copy, port: copy.port).run()
        } catch {
          // The other loops go on; they have the port too.
        }
      }
    }
    try first.run()
  }
}

/// One loop of the model: accepts, and lets every stream write in its turn.
final class ModelLoop: ReadinessHandler {
  /// Writes of one stream before the next has its turn.
  private static let writesPerTurn = 16
  private static let acceptsPerTurn = 256

  let settings: ModelServer
  let loop: EventLoop
  let scratch = Scratch()
  let chunked: ModelText
  let raw: ModelText
  /// What is being written; reused.
  var output: [UInt8] = []
  let port: UInt16
  private let listener: ListeningSocket
  private var ready: [ModelConnection] = []
  private var waiting = DueHeap<ModelConnection>()
  private var alarm: Alarm?
  private var alarmTime: UInt64 = 0

  init(_ settings: ModelServer, port: UInt16) throws(SystemError) {
    self.settings = settings
    loop = try EventLoop()
    chunked = ModelText(deltas: settings.deltas, isRaw: false)
    raw = ModelText(deltas: settings.deltas, isRaw: true)
    listener = try ListeningSocket.tcp(host: settings.host, port: port)
    self.port = listener.port
    alarm = try Alarm(on: loop) { [unowned self] in alarmTime = 0 }
    _ = try loop.watch(listener.descriptor.number, for: .readable, handler: self)
  }

  func run() throws(SystemError) {
    while true {
      try loop.turn(atMost: ready.isEmpty ? nil : 0)
      serveDue()
      var turn: [ModelConnection] = []
      swap(&turn, &ready)
      for connection in turn { connection.write(atMost: Self.writesPerTurn) }
    }
  }

  private func serveDue() {
    let now = EventLoop.clock
    while let connection = waiting.takeDue(now) { connection.write(atMost: 8) }
    let next = waiting.next ?? 0
    if next != alarmTime, next != 0 {
      alarm?.set(next)
      alarmTime = next
    }
  }

  func ready(_ readiness: Readiness) {
    for _ in 0..<Self.acceptsPerTurn {
      switch listener.accept() {
      case .connection(let descriptor, _):
        ModelConnection(consume descriptor, model: self).begin()
      case .gone: continue
      case .none: return
      case .outOfDescriptors: return
      case .failed: return
      }
    }
  }

  /// The stream's next turn to write: as soon as it may, or at a time.
  func wait(_ connection: ModelConnection) { ready.append(connection) }
  func wait(_ connection: ModelConnection, until time: UInt64) {
    waiting.insert(connection, at: time)
  }
}

/// What is due first comes out first.
struct DueHeap<Item> {
  private var entries: [(time: UInt64, item: Item)] = []

  var next: UInt64? { entries.first?.time }

  mutating func insert(_ item: Item, at time: UInt64) {
    entries.append((time, item))
    var position = entries.count - 1
    while position > 0, entries[position].time < entries[(position - 1) / 2].time {
      entries.swapAt(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  mutating func takeDue(_ now: UInt64) -> Item? {
    guard let first = entries.first, first.time <= now else { return nil }
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var position = 0
    while true {
      var child = 2 * position + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
      guard entries[child].time < entries[position].time else { break }
      entries.swapAt(child, position)
      position = child
    }
    return first.item
  }
}
