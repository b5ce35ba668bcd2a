import ClientAPIs
import Testing

@Suite struct MetricsTextTests {
  private func text(_ format: MetricsText.Format) -> String {
    var text = MetricsText(format)
    text.family("a_requests", .counter, "Requests.")
    text.sample(["api": "chats", "status": "200"], 3)
    text.sample(["api": "\"\\\n", "status": ""], 0)
    text.single("a_memory_bytes", .gauge, "Memory.", -1)
    return String(decoding: text.finish(), as: UTF8.self)
  }

  @Test func `OpenMetrics has an end, and calls a counter's family without its suffix`() {
    #expect(
      text(.openMetrics) == """
        # HELP a_requests Requests.
        # TYPE a_requests counter
        a_requests_total{api="chats",status="200"} 3
        a_requests_total{api="\\"\\\\\\n",status=""} 0
        # HELP a_memory_bytes Memory.
        # TYPE a_memory_bytes gauge
        a_memory_bytes -1
        # EOF

        """)
  }

  @Test func `Prometheus' own format has neither`() {
    let lines = text(.prometheus).split(separator: "\n")
    #expect(lines[0] == "# HELP a_requests_total Requests.")
    #expect(lines[1] == "# TYPE a_requests_total counter")
    #expect(lines.last == "a_memory_bytes -1")
  }
}
