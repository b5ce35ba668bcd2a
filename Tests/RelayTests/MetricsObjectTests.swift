import JSONWire
import Metrics
import Testing

@testable import Relay

@Suite struct MetricsObjectTests {
  private func written(_ write: (inout MetricsObject) -> Void) -> String {
    var json = JSONWriter()
    json.beginArray()
    json.integer(1)
    var object = MetricsObject(in: json)
    write(&object)
    json = object.finish()
    json.integer(2)
    json.endArray()
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test func `it is a value of what it is written in`() {
    #expect(written { _ in } == "[1,{},2]")
  }

  @Test func `a family is the array of its samples, and may have none`() {
    let text = written { object in
      object.family("a_requests", .counter, "Requests.")
      object.sample(["api": "chats", "status": "200"], 3)
      object.sample(["api": "\"\u{1}", "status": ""], 0)
      object.family("a_nothing", .counter, "Nothing.")
      object.single("a_memory_bytes", .gauge, "Memory.", -1)
      object.family("a_cpu_seconds", .counter, "Time.")
      object.sample([:], seconds: 50_000)
    }
    #expect(
      text == #"""
        [1,{"a_requests":[{"api":"chats","status":"200","value":3},\#
        {"api":"\"\u0001","status":"","value":0}],"a_nothing":[],\#
        "a_memory_bytes":[{"value":-1}],"a_cpu_seconds":[{"value":5e-05}]},2]
        """#)
  }

  @Test func `a histogram's counts are cumulative, and one more than its bounds`() {
    var waits = Histogram(Histogram.Bounds([50_000, 2_000_000_000], .nanoseconds))
    for value: UInt64 in [50_000, 60_000, 3_000_000_000] { waits.observe(value) }
    var lags = Histogram(Histogram.Bounds([1024], .bytes))
    lags.observe(1)
    let text = written { object in
      object.family("a_wait_seconds", .histogram, "Waits.")
      object.sample(["loop": "0"], waits)
      object.family("a_lag_bytes", .histogram, "Lags.")
      object.sample([:], lags)
    }
    #expect(
      text == #"""
        [1,{"a_wait_seconds":[{"loop":"0","bounds":[5e-05,2.0],"counts":[1,2,3],\#
        "sum":3.00011}],"a_lag_bytes":[{"bounds":[1024],"counts":[1,1],"sum":1}]},2]
        """#)
  }
}
