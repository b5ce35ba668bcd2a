import Testing

@testable import Relay

@Suite struct LineSamplingTests {
  @Test func `so many lines a second, and the next one says how many were left out`() {
    var sampling = LineSampling(limit: 2)
    let first = (0..<5).map { _ in sampling.take("request", second: 7) }
    #expect(first == [0, 0, nil, nil, nil])
    #expect([8, 8, 8].map { sampling.take("request", second: $0) } == [3, 0, nil])
    #expect(sampling.take("request", second: 8_000) == 1)
  }

  @Test func `each event has its own`() {
    var sampling = LineSampling(limit: 1)
    #expect(["a", "b", "a", "b"].map { sampling.take($0, second: 1) } == [0, 0, nil, nil])
  }

  @Test func `zero is no limit, and a limit can come later`() {
    var sampling = LineSampling()
    #expect((0..<9).allSatisfy { _ in sampling.take("request", second: 1) == 0 })
    sampling.limit = 1
    #expect((0..<2).map { _ in sampling.take("request", second: 1) } == [0, nil])
  }
}
