import Metrics
import Testing

@Suite struct MetricsTextTests {
  private func text(_ format: MetricsText.Format) -> String {
    var text = MetricsText(format)
    text.family("a_requests", .counter, "Requests.")
    text.sample(["api": "chats", "status": "200"], 3)
    text.sample(["api": "\"\\\n", "status": ""], 0)
    text.single("a_memory_bytes", .gauge, "Memory.", -1)
    text.family("a_cpu_seconds", .counter, "Time.")
    text.sample(seconds: 1_500_000_000)
    text.family("a_build", .info, "Which.")
    text.sample(["version": "1"], 1)
    return String(decoding: text.finish(), as: UTF8.self)
  }

  @Test func `OpenMetrics has units and an end, and names families without suffixes`() {
    #expect(
      text(.openMetrics) == """
        # HELP a_requests Requests.
        # TYPE a_requests counter
        a_requests_total{api="chats",status="200"} 3
        a_requests_total{api="\\"\\\\\\n",status=""} 0
        # HELP a_memory_bytes Memory.
        # TYPE a_memory_bytes gauge
        # UNIT a_memory_bytes bytes
        a_memory_bytes -1
        # HELP a_cpu_seconds Time.
        # TYPE a_cpu_seconds counter
        # UNIT a_cpu_seconds seconds
        a_cpu_seconds_total 1.5
        # HELP a_build Which.
        # TYPE a_build info
        a_build_info{version="1"} 1
        # EOF

        """)
  }

  @Test func `Prometheus' own format has neither, and names families as their samples`() {
    #expect(
      text(.prometheus) == """
        # HELP a_requests_total Requests.
        # TYPE a_requests_total counter
        a_requests_total{api="chats",status="200"} 3
        a_requests_total{api="\\"\\\\\\n",status=""} 0
        # HELP a_memory_bytes Memory.
        # TYPE a_memory_bytes gauge
        a_memory_bytes -1
        # HELP a_cpu_seconds_total Time.
        # TYPE a_cpu_seconds_total counter
        a_cpu_seconds_total 1.5
        # HELP a_build_info Which.
        # TYPE a_build_info gauge
        a_build_info{version="1"} 1

        """)
  }

  @Test func `a histogram's buckets are cumulative, and its times are seconds`() {
    var histogram = Histogram(Histogram.Bounds([50_000, 1_000_000, 2_000_000_000], .nanoseconds))
    for value: UInt64 in [50_000, 60_000, 70_000, 3_000_000_000] { histogram.observe(value) }
    var text = MetricsText(.prometheus)
    text.family("a_wait_seconds", .histogram, "Waits.")
    text.sample(["loop": "0"], histogram)
    #expect(
      String(decoding: text.finish(), as: UTF8.self) == """
        # HELP a_wait_seconds Waits.
        # TYPE a_wait_seconds histogram
        a_wait_seconds_bucket{loop="0",le="5e-05"} 1
        a_wait_seconds_bucket{loop="0",le="0.001"} 3
        a_wait_seconds_bucket{loop="0",le="2.0"} 3
        a_wait_seconds_bucket{loop="0",le="+Inf"} 4
        a_wait_seconds_sum{loop="0"} 3.00018
        a_wait_seconds_count{loop="0"} 4

        """)
  }

  @Test func `a histogram of bytes has bounds in bytes, and needs no other label`() {
    var histogram = Histogram(Histogram.Bounds([1024], .bytes))
    histogram.observe(2048)
    var text = MetricsText(.prometheus)
    text.family("a_lag_bytes", .histogram, "Lag.")
    text.sample([:], histogram)
    let lines = String(decoding: text.finish(), as: UTF8.self).split(separator: "\n").dropFirst(2)
    #expect(
      lines == [
        "a_lag_bytes_bucket{le=\"1024.0\"} 0", "a_lag_bytes_bucket{le=\"+Inf\"} 1",
        "a_lag_bytes_sum 2048.0", "a_lag_bytes_count 1",
      ])
  }
}
