import TestSupport
import HTTPWire
import Testing

@Suite struct ChunkedBodyDecoderTests {
  private func read(_ text: String, _ limits: ChunkedBodyLimits) -> ChunkedBodyReading {
    readChunkedBodyInEveryWay(latin1(text), limits: limits)
  }

  @Test(arguments: ChunkedBodyVector.complete)
  func `a body reads as the standard says, however it is cut`(vector: ChunkedBodyVector) {
    #expect(readChunkedBodyInEveryWay(vector.input) == vector.reading)
  }

  @Test(arguments: ChunkedBodyVector.complete)
  func `no beginning of a good body has a verdict`(vector: ChunkedBodyVector) {
    for end in vector.input.indices {
      let reading = ChunkedBodyReading(Array(vector.input[..<end]), limits: ChunkedBodyLimits())
      #expect(reading.end == .partial, "\(end) bytes")
    }
  }

  @Test(arguments: ChunkedBodyVector.refused.filter { $0.input.count < 1000 })
  func `what is not in the grammar is refused, however it is cut`(vector: ChunkedBodyVector) {
    #expect(readChunkedBodyInEveryWay(vector.input) == vector.reading)
  }

  @Test(arguments: ChunkedBodyVector.refused.filter { $0.input.count >= 1000 })
  func `what is thrown away has a bound by default`(vector: ChunkedBodyVector) {
    let limits = ChunkedBodyLimits()
    #expect(ChunkedBodyReading(vector.input, limits: limits) == vector.reading)
    let everyByte = Array(vector.input.indices)
    #expect(ChunkedBodyReading(vector.input, cutAt: everyByte, limits: limits) == vector.reading)
  }

  @Test func `data is lent where it lies, in one piece for each chunk in one read`() throws {
    var decoder = ChunkedBodyDecoder()
    var counts: [Int] = []
    let bytes = latin1("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    _ = try decoder.decode(bytes.span) { counts.append($0.count) }
    #expect(counts == [5, 6])
  }

  @Test func `the bytes of another message behind the body are left alone`() {
    let bytes = latin1("1\r\nx\r\n0\r\n\r\n0\r\n\r\n")
    let reading = ChunkedBodyReading(bytes, limits: ChunkedBodyLimits())
    #expect(reading == ChunkedBodyReading("x", .complete(consumed: 11)))
  }

  @Test func `a body may have as many bytes as the limit and not one more`() {
    let body = "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    #expect(
      read(body, ChunkedBodyLimits(bodyBytes: 5))
        == ChunkedBodyReading("abcde", .complete(consumed: latin1(body).count)))
    #expect(
      read(body, ChunkedBodyLimits(bodyBytes: 4))
        == ChunkedBodyReading("ab", .refused(.bodyTooLarge)))
    #expect(
      read(body, ChunkedBodyLimits(bodyBytes: 0)) == ChunkedBodyReading("", .refused(.bodyTooLarge))
    )
    #expect(
      read("0\r\n\r\n", ChunkedBodyLimits(bodyBytes: 0))
        == ChunkedBodyReading("", .complete(consumed: 5)))
  }

  @Test func `a body too large is told by its size, before its data`() {
    let limits = ChunkedBodyLimits(bodyBytes: 0xFF)
    #expect(read("ff", limits).end == .partial)
    #expect(read("100", limits).end == .refused(.bodyTooLarge))
  }

  @Test func `sizes up to the largest integer are taken without a limit`() {
    let limits = ChunkedBodyLimits(bodyBytes: .max)
    #expect(read("7fffffffffffffff\r\nx", limits) == ChunkedBodyReading("x", .partial))
    #expect(read("8000000000000000\r\n", limits).end == .refused(.bodyTooLarge))
  }

  @Test func `extensions of all chunks count together against their bound`() {
    let body = "1;ab\r\nx\r\n1;c=\"\"\r\ny\r\n0\r\n\r\n"
    let complete = ChunkedBodyReading("xy", .complete(consumed: latin1(body).count))
    #expect(read(body, ChunkedBodyLimits(extensionBytes: 8)) == complete)
    let refused = ChunkedBodyReading("x", .refused(.extensionsTooLong))
    #expect(read(body, ChunkedBodyLimits(extensionBytes: 7)) == refused)
    #expect(read(body, ChunkedBodyLimits(extensionBytes: 0)).data.isEmpty)
  }

  @Test func `a trailer section may have as many bytes as the limit and not one more`() {
    let body = "0\r\nA: b\r\nC:\r\n\r\n"
    let complete = ChunkedBodyReading("", .complete(consumed: latin1(body).count))
    #expect(read(body, ChunkedBodyLimits(trailerBytes: 10)) == complete)
    let refused = ChunkedBodyReading("", .refused(.trailersTooLong))
    #expect(read(body, ChunkedBodyLimits(trailerBytes: 9)) == refused)
    #expect(read("0\r\n\r\n", ChunkedBodyLimits(trailerBytes: 0)).end == .complete(consumed: 5))
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `damage never traps and its verdict never depends on the reads`(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let seeds = (ChunkedBodyVector.complete + ChunkedBodyVector.refused).map(\.input)
      .filter { $0.count < 1000 }
    let interesting = latin1("\r\n;=\"\\ \t:0123456789abcdefF\0\u{7F}\u{FF}")
    let limits = ChunkedBodyLimits(bodyBytes: 32, extensionBytes: 16, trailerBytes: 16)
    for _ in 0..<100 {
      var bytes = seeds.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = interesting.randomElement(using: &generator) ?? 0
        if generator.oneIn(2) { bytes[index] = byte } else { bytes.insert(byte, at: index) }
      }
      let whole = ChunkedBodyReading(bytes, limits: limits)
      let cuts = bytes.indices.filter { _ in generator.oneIn(3) }
      #expect(ChunkedBodyReading(bytes, cutAt: cuts, limits: limits) == whole, "\(bytes)")
      let everyByte = Array(bytes.indices)
      #expect(ChunkedBodyReading(bytes, cutAt: everyByte, limits: limits) == whole, "\(bytes)")
      #expect(whole.data.count <= limits.bodyBytes)
    }
  }

  @Test(arguments: ChunkedBodyError.allCases)
  func `too large a body is 413, too long a trailer section 431, and all else 400`(
    error: ChunkedBodyError
  ) {
    let other: [ChunkedBodyError: Int] = [.bodyTooLarge: 413, .trailersTooLong: 431]
    #expect(error.status == other[error, default: 400])
    #expect(ChunkedBodyVector.refused.contains { $0.reading.end == .refused(error) })
  }
}
