import HTTPWire
import Testing

@Suite struct RequestHeadParserTests {
  @Test(arguments: AcceptedHead.all)
  func `a head reads as the standard says, however it is cut`(vector: AcceptedHead) throws {
    let reading = readHeadInEveryWay(vector.input)
    guard case .complete(var head) = reading else {
      Issue.record("\(reading)")
      return
    }
    if vector.head.fields.isEmpty { head.fields = [] }
    #expect(head == vector.head)
  }

  @Test(arguments: AcceptedHead.all)
  func `no beginning of a good head has a verdict`(vector: AcceptedHead) {
    for end in vector.input.indices {
      #expect(HeadReading(Array(vector.input[..<end])) == .partial, "\(end) bytes")
    }
  }

  @Test(arguments: RefusedHead.all)
  func `what the standard forbids or only forgives is refused, however it is cut`(
    vector: RefusedHead
  ) {
    #expect(readHeadInEveryWay(vector.input) == .refused(vector.error))
  }

  @Test(arguments: [
    ("GE(", RequestHeadError.method), ("GET /\n", .target), ("GET / X", .version),
    ("GET / HTTP/3.0\r\n", .versionUnsupported), ("GET / HTTP/1.1\r\n ", .foldedField),
    ("GET / HTTP/1.1\r\nA ", .fieldName), ("GET / HTTP/1.1\r\nA:\0", .fieldValue),
    ("GET / HTTP/1.1\r\nHost: /\r\n", .host),
    ("GET / HTTP/1.1\r\nContent-Length: x\r\n", .contentLength),
  ])
  func `an offence is told at its last byte`(input: String, error: RequestHeadError) {
    let bytes = latin1(input)
    #expect(HeadReading(bytes) == .refused(error))
    #expect(HeadReading(bytes.dropLast()) == .partial)
  }

  @Test func `a second head is read after reset, as if it were the first`() throws {
    let bytes = latin1("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.0\r\n\r\n")
    var parser = RequestHeadParser(limits: HeadLimits())
    guard case .complete(let consumed) = try parser.parse(bytes.span) else {
      Issue.record("incomplete")
      return
    }
    parser.reset()
    let rest = Array(bytes[consumed...])
    #expect(HeadReading.read(rest, with: &parser) == HeadReading(rest))
    #expect(parser.head.fields.isEmpty)
    #expect(parser.head.minorVersion == 0)
  }

  @Test func `after an error, reset makes the parser new`() throws {
    var parser = RequestHeadParser(limits: HeadLimits())
    #expect(HeadReading.read(latin1("\n"), with: &parser) == .refused(.lineEnd))
    parser.reset()
    #expect(try parser.parse(latin1("GET / HTTP/1.0\r\n\r\n").span) == .complete(consumed: 18))
  }

  @Test func `fields are found and counted without regard to case`() throws {
    let bytes = latin1("GET / HTTP/1.1\r\nhOST: a\r\nX-A: 1\r\nx-a: 2\r\nX-AB: 3\r\n\r\n")
    var parser = RequestHeadParser(limits: HeadLimits())
    _ = try parser.parse(bytes.span)
    let first = parser.head.first("x-A", in: bytes.span)
    #expect(first.map { Array(bytes[$0]) } == latin1("1"))
    #expect(parser.head.count(of: "X-a", in: bytes.span) == 2)
    #expect(parser.head.count(of: "Host", in: bytes.span) == 1)
    #expect(parser.head.first("x-", in: bytes.span) == nil)
    #expect(parser.head.count(of: "x-abc", in: bytes.span) == 0)
  }
}
