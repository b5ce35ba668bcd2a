import HTTPWire
import Testing
@Test func `placeholder`() throws {
  var p = RequestHeadParser(limits: HeadLimits())
  let b = Array("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
  #expect(try p.parse(b.span) == .complete(consumed: b.count))
}
