import Testing

@testable import Relay

@Suite struct WallClockTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"),
    (999_999, "1970-01-01T00:00:00.000Z"),
    (1_000_000, "1970-01-01T00:00:00.001Z"),
    (42_000_000, "1970-01-01T00:00:00.042Z"),
    (999_999_999, "1970-01-01T00:00:00.999Z"),
    (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
    (1_777_975_603_615_000_000, "2026-05-05T10:06:43.615Z"),
    (2_147_483_648_500_000_000, "2038-01-19T03:14:08.500Z"),
    (4_102_444_799_999_000_000, "2099-12-31T23:59:59.999Z"),
  ])
  func `a point in time reads as ISO 8601 in UTC`(nanoseconds: UInt64, text: String) {
    #expect(WallClock.text(nanoseconds) == text)
  }

  @Test func `now is later than this test was written, and does not go back`() {
    let now = WallClock.now
    #expect(now > 1_750_000_000_000_000_000)
    #expect(WallClock.now >= now)
  }

  @Test func `durations are whole nanoseconds, and never negative`() {
    #expect(Duration.zero.nanoseconds == 0)
    #expect(Duration.nanoseconds(1).nanoseconds == 1)
    #expect(Duration.milliseconds(250).nanoseconds == 250_000_000)
    #expect(Duration.seconds(86_400).nanoseconds == 86_400_000_000_000)
    #expect(Duration(secondsComponent: 1, attosecondsComponent: 999).nanoseconds == 1_000_000_000)
    #expect(Duration.seconds(-1).nanoseconds == 0)
    #expect(Duration.nanoseconds(-1).nanoseconds == 0)
  }
}
