import Configuration
import Glibc
import Testing

@testable import Relay

/// What is written is read back from the standard error of a process of its own.
@Suite struct LogTests {
  private static func lines(_ result: ExitTest.Result?) -> [String] {
    let bytes = result?.standardErrorContent ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The rest of a line behind its time, which must be one.
  private static func withoutTime(_ line: String) -> String {
    let length = "2026-05-05T10:06:43.615Z ".utf8.count
    #expect(line.utf8.count > length && line.prefix(2) == "20")
    return String(line.dropFirst(length))
  }

  @Test func `text is one line of names and values, quoted where they need it`() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe unsetenv("JOURNAL_STREAM")
      let log = Log(Settings.Log())
      log.write(
        .info, "request",
        [
          ("plain", .text("a/b-c=1")), ("blank", .text("a b")), ("empty", .text("")),
          ("quote", .text("\"")), ("line", .text("a\nb\u{1B}[31m")), ("number", .integer(-7)),
          ("beyond", .text("é")), ("after", .duration(1_234_567)),
          ("short", .duration(7_999)), ("long", .duration(90_000_000_000)),
        ])
      log.write(.warning, "bare")
    }
    let lines = Self.lines(result)
    #expect(lines.count == 2)
    #expect(
      lines.first.map(Self.withoutTime)
        == #"info request plain=a/b-c=1 blank="a b" empty="" quote="\"" "#
        + #"line="a\nb\u001b[31m" number=-7 beyond="é" after=1.234ms short=0.007ms "#
        + #"long=90000.000ms"#)
    #expect(lines.last.map(Self.withoutTime) == "warning bare")
  }

  @Test func `JSON is one object a line, with numbers as numbers`() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe unsetenv("JOURNAL_STREAM")
      var settings = Settings.Log()
      settings.format = .json
      Log(settings).write(
        .error, "x",
        [("text", .text("a\n\"b")), ("count", .integer(3)), ("after", .duration(12_050_000))])
    }
    let lines = Self.lines(result)
    #expect(lines.count == 1)
    let start = #"{"time":""#
    #expect(lines.first?.hasPrefix(start) == true)
    #expect(
      lines.first.map { String($0.dropFirst(start.utf8.count + 24)) }
        == #"","level":"error","event":"x","text":"a\n\"b","count":3,"after":12.050}"#)
  }

  @Test func `what is below the level is not written`() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe unsetenv("JOURNAL_STREAM")
      var settings = Settings.Log()
      settings.level = .warning
      let log = Log(settings)
      for level in Settings.LogLevel.allCases { log.write(level, "\(level)") }
    }
    #expect(Self.lines(result).map(Self.withoutTime) == ["warning warning", "error error"])
  }

  @Test func `towards the journal every line begins with its priority`() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe setenv("JOURNAL_STREAM", "8:1", 1)
      var settings = Settings.Log()
      settings.level = .debug
      let log = Log(settings)
      for level in Settings.LogLevel.allCases { log.write(level, "x") }
    }
    #expect(Self.lines(result).map { String($0.prefix(3)) } == ["<7>", "<6>", "<4>", "<3>"])
  }

  @Test func `nobody who does not read is waited for, and what was lost is counted`() async {
    await #expect(processExitsWith: .success) {
      unsafe unsetenv("JOURNAL_STREAM")
      var ends: [CInt] = [-1, -1]
      unsafe pipe(&ends)
      dup2(ends[1], STDERR_FILENO)
      let log = Log(Settings.Log())
      let line = String(repeating: "x", count: 1000)
      // A pipe holds 64 KiB: most of these find it full.
      for _ in 0..<1000 { log.write(.info, "lost", [("line", .text(line))]) }
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      let kept = unsafe read(ends[0], &buffer, buffer.count)
      let lines = buffer[..<kept].count { $0 == UInt8(ascii: "\n") }
      precondition((1..<1000).contains(lines))
      log.write(.info, "next")
      let count = unsafe read(ends[0], &buffer, buffer.count)
      let next = String(decoding: buffer[..<count], as: UTF8.self)
      precondition(next.hasSuffix(" info next droppedBefore=\(1000 - lines)\n"))
    }
  }

  @Test func `so many lines of a kind are written in a second, and all of what is rare`() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe unsetenv("JOURNAL_STREAM")
      var settings = Settings.Log()
      settings.perSecond = 3
      let log = Log(settings)
      for number in 0..<200 {
        if let permit = log.permit(.info, "noisy") {
          log.write(permit, [("number", .integer(number))])
        }
      }
      for _ in 0..<50 { log.write(.info, "rare") }
      precondition(log.permit(.debug, "noisy") == nil)
    }
    let lines = Self.lines(result).map(Self.withoutTime)
    let noisy = lines.filter { $0.hasPrefix("info noisy ") }
    // Three a second, however long it took.
    #expect((3...150).contains(noisy.count))
    #expect(noisy.prefix(3) == (0..<3).map { "info noisy number=\($0)" }[...])
    #expect(lines.count { $0 == "info rare" } == 50)
  }
}
