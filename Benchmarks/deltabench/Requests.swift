// What every request costs before anybody looks at it.

internal import Admission
internal import HTTPWire

extension NamedBenchmark {
  private static let head = """
    POST /v1/chat/completions HTTP/1.1\r
    Host: chat.example.org\r
    Connection: keep-alive\r
    Content-Length: 1742\r
    sec-ch-ua-platform: "Linux"\r
    Authorization: Bearer sk-relay-4f8a1c0d9b7e4a52b6d3\r
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/142.0.0.0 Safari/537.36\r
    Accept: text/event-stream\r
    sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"\r
    Content-Type: application/json\r
    sec-ch-ua-mobile: ?0\r
    Origin: https://chat.example.org\r
    Sec-Fetch-Site: same-origin\r
    Sec-Fetch-Mode: cors\r
    Sec-Fetch-Dest: empty\r
    Referer: https://chat.example.org/c/0197c1e8\r
    Accept-Encoding: gzip, deflate, br, zstd\r
    Accept-Language: en-GB,en;q=0.9\r
    \r

    """

  static func requestHead() -> Benchmark {
    let bytes = Array(head.utf8)
    var parser = RequestHeadParser(limits: HeadLimits())
    return Benchmark(
      operation: "a browser's POST head of 17 fields", bytesPerRound: bytes.count * Benchmark.round,
      rounds: 2
    ) {
      var sum = 0
      for _ in 0..<Benchmark.round {
        if case .complete(let consumed) = try? parser.parse(bytes.span) {
          sum &+= consumed &+ parser.head.fields.count
        }
        parser.reset()
      }
      return sum
    }
  }

  /// Every operation is another of the addresses that are known, and every request is allowed.
  static func rateOfKnownAddress() -> Benchmark {
    let addresses = (0..<Benchmark.round).map { number -> [UInt8] in
      [10, 0, UInt8(number >> 8), UInt8(number & 0xFF)]
    }
    let second: UInt64 = 1_000_000_000
    var table = RateTable<ClientAddress>(
      RateLimit(requests: 10, period: second), capacity: 100_000)
    var now = second
    return Benchmark(
      operation: "a request of one of \(Benchmark.round) addresses", bytesPerRound: nil, rounds: 20
    ) {
      var sum = 0
      for address in addresses {
        let decision = table.take(ClientAddress(address), now: now)
        sum &+= decision.isAllowed ? 1 : 0
      }
      now += second
      return sum
    }
  }
}
