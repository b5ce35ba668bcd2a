import TestSupport
import Testing

@testable import Configuration

private let durations: [(String, Duration?)] = [
  ("0s", .zero), ("0ms", .zero), ("0h", .zero), ("250ms", .milliseconds(250)),
  ("1s", .seconds(1)), ("1.5s", .milliseconds(1500)), ("0.001s", .milliseconds(1)),
  ("0.5ms", .microseconds(500)), ("1.001ms", .microseconds(1001)), ("2m", .seconds(120)),
  ("0.5m", .seconds(30)), ("24h", .seconds(86_400)), ("1.25h", .seconds(4500)),
  ("007s", .seconds(7)), ("2562047788h", .seconds(2_562_047_788 * 3600)),
  ("2562047789h", nil), ("99999999999999999999s", nil), ("", nil), ("s", nil), ("10", nil),
  (".5s", nil), ("1.s", nil), ("1.0001s", nil), ("-1s", nil), ("+1s", nil), (" 1s", nil),
  ("1s ", nil), ("1 s", nil), ("1S", nil), ("1sec", nil), ("1us", nil), ("1ns", nil),
  ("1d", nil), ("1m30s", nil), ("1e3s", nil), ("0x1s", nil), ("1,5s", nil), ("٣s", nil),
  ("10 parsecs", nil),
]

private let sizes: [(String, Int?)] = [
  ("0B", 0), ("0GiB", 0), ("1B", 1), ("1KiB", 1024), ("1.5KiB", 1536), ("0.5MiB", 1 << 19),
  ("0.125KiB", 128), ("16MiB", 16 << 20), ("1024GiB", 1 << 40), ("1.0B", 1),
  ("8589934591GiB", 8_589_934_591 << 30), ("8589934592GiB", nil), ("0.5B", nil),
  ("0.001KiB", nil), ("", nil), ("B", nil), ("16384", nil), ("1KB", nil), ("1kB", nil),
  ("1kib", nil), ("1K", nil), ("1MB", nil), ("1TiB", nil), ("-1B", nil), ("1 KiB", nil),
  ("1e3B", nil), ("1.0000KiB", nil), ("1.KiB", nil),
]

@Suite struct UnitsTests {
  @Test(arguments: durations)
  func `a duration is a decimal number and a unit`(_ text: String, _ expected: Duration?) {
    #expect(DurationText.parse(text) == expected)
  }

  @Test(arguments: sizes)
  func `a size is a decimal number and a unit, and whole bytes`(_ text: String, _ expected: Int?) {
    #expect(SizeText.parse(text) == expected)
  }

  @Test(arguments: [
    ("0s", Duration.zero), ("1ms", .milliseconds(1)), ("999ms", .milliseconds(999)),
    ("1s", .seconds(1)), ("1500ms", .milliseconds(1500)), ("75s", .seconds(75)),
    ("10m", .seconds(600)), ("90m", .seconds(5400)), ("24h", .seconds(86_400)),
    ("0.001ms", .microseconds(1)), ("1.05ms", .microseconds(1050)),
  ])
  func `a duration is written in the largest unit without a fraction`(
    _ text: String, _ duration: Duration
  ) {
    #expect(DurationText.format(duration) == text)
  }

  @Test(arguments: [
    ("0B", 0), ("1B", 1), ("1023B", 1023), ("1KiB", 1024), ("1025B", 1025), ("16MiB", 16 << 20),
    ("1024GiB", 1 << 40),
  ])
  func `a size is written in the largest unit without a fraction`(_ text: String, _ bytes: Int) {
    #expect(SizeText.format(bytes) == text)
  }

  @Test func `what is written can be read`() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<2_000 {
      let number = Int(random.next() >> UInt64.random(in: 2...62, using: &random))
      #expect(SizeText.parse(SizeText.format(number)) == number)
      let duration = Duration.microseconds(number >> 8)
      #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }
  }
}
