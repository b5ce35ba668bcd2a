import LoadGeneration

/// `deltaload model`.
enum ModelCommand {
  static let summary = """
    A mock model with OpenAI's API, for the other side of a measurement. Its deltas carry the clock
    and their number, so that whoever reads them knows how long they took and whether one
    is missing.
    Runs until it is stopped; prints "listening on HOST:PORT" when it is there.
    """
  static let options = [
    Option("--host", "ADDRESS", "where to listen (127.0.0.1)"),
    Option("--port", "PORT", "0 lets the kernel choose (9100)"),
    Option("--tokens", "N", "deltas of an answer (200)"),
    Option("--interval", "D", "from one write to the next; 0 as fast as the socket takes (0)"),
    Option("--burst", "N", "events in one write, 1 to 64 (1)"),
    Option("--delay", "D", "before the first delta (0)"),
    Option("--threads", "N", "threads, each with a loop of its own (1)"),
    Option("--help", nil, "show this"),
  ]

  static func run(_ arguments: Arguments) throws -> Int32 {
    var model = ModelServer()
    model.host = try arguments.text("--host") ?? model.host
    model.port = UInt16(try arguments.integer("--port", in: 0...65_535) ?? 9100)
    model.deltas = try arguments.integer("--tokens", in: 1...10_000_000) ?? 200
    model.interval = nanoseconds(try arguments.seconds("--interval", in: 0...3600))
    model.delay = nanoseconds(try arguments.seconds("--delay", in: 0...3600))
    model.burst = try arguments.integer("--burst", in: 1...64) ?? 1
    model.threads = try arguments.integer("--threads", in: 1...64) ?? 1
    try reserveDescriptors(for: 0)
    let host = model.host
    try model.run { port in Console.say("listening on \(host):\(port)") }
    return 0
  }

  private static func nanoseconds(_ seconds: Double?) -> UInt64 { UInt64((seconds ?? 0) * 1e9) }
}
