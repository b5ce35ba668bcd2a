import Testing

@testable import Relay

@Suite struct DrainingTests {
  private static let second: UInt64 = 1_000_000_000
  @Test(arguments: [
    (20, 5_000, 250, 1), (1, 5_000, 5_000, 1), (250, 5_000, 20, 1), (300, 5_000, 20, 2),
    (10_000, 5_000, 20, 40), (3, 10, 20, 6), (7, 0, 20, 7), (0, 5_000, 20, 0),
  ])
  func `some are ended at a time, and all of them take the time that there is`(
    count: Int, milliseconds: UInt64, interval: UInt64, share: Int
  ) {
    let pace = Draining.pace(count, over: milliseconds * 1_000_000)
    #expect(pace == (interval * 1_000_000, share))
  }

  @Test func `none is left at the end, and few are ended long before`() {
    for count in 1...2_000 {
      let pace = Draining.pace(count, over: 5 * Self.second)
      let steps = (count + pace.share - 1) / pace.share
      let time = UInt64(steps) * pace.interval
      #expect(time <= 5 * Self.second && time + pace.interval > 5 * Self.second / 2, "\(count)")
    }
  }
}
