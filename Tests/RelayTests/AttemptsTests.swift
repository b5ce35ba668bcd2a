import Admission
import Configuration
import Testing
import Upstream

@testable import Relay

/// Who is asked next: with names `a`, `b`, … for upstreams.
@Suite struct AttemptsTests {
  private static let second: UInt64 = 1_000_000_000

  private func attempts(
    _ continuations: [Settings.Continuation], retries: Int = 0, breaker: Int = 0
  ) -> Attempts {
    Attempts(
      continuations.enumerated().map { position, continuation in
        let name = String(UnicodeScalar(UInt8(0x61 + position)))
        var upstream = Settings.Upstream(name: name, kind: .openai)
        upstream.retries = retries
        upstream.breakerFailures = breaker
        return Attempts.Candidate(
          name: name, source: .demo(pace: 0, stamps: false), health: UpstreamHealth(upstream),
          continuation: continuation)
      })
  }

  /// The name that is asked, `-` for nobody, or `wait`.
  private func shown(_ step: Attempts.Step, _ attempts: Attempts) -> String {
    switch step {
    case .ask: attempts.current.name
    case .wait: "wait"
    case .giveUp: "-"
    }
  }

  private static let cut = UpstreamFault(.cut, "")

  @Test(
    arguments: [
      ([.prefill, .prefill, .prefill], ["b", "c", "a", "-"]),
      ([.off, .prefill, .off], ["b", "b", "b", "-"]),
      ([.prefill, .off, .off], ["a", "a", "a", "-"]), ([.prefill], ["a", "-"]),
      ([.off, .off], ["-"]),
    ] as [([Settings.Continuation], [String])])
  func `an answer that breaks off again and again goes on at the next that can`(
    _ continuations: [Settings.Continuation], _ expected: [String]
  ) {
    var attempts = attempts(continuations)
    #expect(shown(attempts.begin(now: 0), attempts) == "a")
    for name in expected {
      attempts.hasAnswer()
      attempts.report(Self.cut, now: 0)
      #expect(shown(attempts.goOn(now: 0), attempts) == name)
    }
  }

  @Test func `who fails before going on is tried again, then those behind that can`() {
    var attempts = attempts([.off, .prefill, .off, .instruct], retries: 1)
    _ = attempts.begin(now: 0)
    attempts.hasAnswer()
    attempts.report(Self.cut, now: 0)
    #expect(shown(attempts.goOn(now: 0), attempts) == "b")
    #expect(shown(attempts.failed(Self.cut, now: 0, random: 0), attempts) == "wait")
    #expect(shown(attempts.resume(now: 0), attempts) == "b")
    #expect(shown(attempts.failed(Self.cut, now: 0, random: 0), attempts) == "d")
    #expect(attempts.made == 4 && attempts.continuations == 2)
  }

  @Test func `a circuit that opens during a wait does not lead to one that cannot go on`() {
    var attempts = attempts([.prefill, .prefill, .off], retries: 1, breaker: 1)
    _ = attempts.begin(now: 0)
    attempts.hasAnswer()
    #expect(shown(attempts.goOn(now: 0), attempts) == "b")
    #expect(shown(attempts.failed(Self.cut, now: 0, random: 0), attempts) == "wait")
    #expect(shown(attempts.resume(now: 0), attempts) == "a")
    #expect(attempts.continuations == 2)
  }

  @Test func `open circuits are passed over`() {
    var attempts = attempts([.prefill, .prefill, .prefill], breaker: 1)
    _ = attempts.begin(now: 0)
    attempts.hasAnswer()
    attempts.report(Self.cut, now: 0)
    #expect(shown(attempts.goOn(now: 0), attempts) == "b")
    attempts.report(Self.cut, now: 0)
    #expect(shown(attempts.goOn(now: 0), attempts) == "c")
    attempts.report(Self.cut, now: 0)
    #expect(shown(attempts.goOn(now: 0), attempts) == "-")
    #expect(
      attempts.takeDecisions().map { "\($0.decision) \($0.upstream)" }
        == [
          "continuation b", "continuation c", "circuitOpen a", "circuitOpen b", "circuitOpen c",
          "giveUp c",
        ])
  }

  @Test(arguments: [
    (#"{"error":{"message":"x","type":"server_error"}}"#, true),
    (#"{"error":{"message":"x","code":502}}"#, true),
    (#"{"error":{"message":"x","code":"529"}}"#, true),
    (#"{"error":{"message":"x","type":"overloaded_error"}}"#, true),
    (#"{"error":{"message":"x","type":"invalid_request_error","code":400}}"#, false),
    (#"{"error":{"message":"x","code":"content_filter"}}"#, false), (#"{"error":"x"}"#, false),
  ])
  func `an error inside an answer is a breakdown when it says so`(_ body: String, _ isOne: Bool) {
    var fault = UpstreamFault(.reported, "")
    fault.body = Array(body.utf8)
    #expect(fault.isBreakdown == isOne)
  }
}
