import HTTPWire
import Testing

@testable import Downstream

@Suite struct BodyReaderTests {
  private static let head = Array("head".utf8)

  /// Reads a body that comes in pieces, as a connection does: what has been decoded is dropped.
  private func read(
    _ framing: BodyFraming, _ pieces: [ArraySlice<UInt8>], limit: Int = 100
  ) throws(RequestFault) -> (body: [UInt8], rest: [UInt8])? {
    var input = Self.head
    var reader = try BodyReader(framing, start: input.count, limit: limit)
    for (index, piece) in pieces.enumerated() {
      input += piece
      if let end = try reader.advance(input.span) {
        var body: [UInt8] = []
        reader.withBody(input.span) { bytes in body = bytes.indices.map { bytes[$0] } }
        return (body, Array(input[end...] + pieces[(index + 1)...].joined()))
      }
      if reader.dropsDecodedInput {
        input.removeLast(input.count - reader.start)
        reader.inputWasCut()
      }
    }
    return nil
  }

  private func expect(_ framing: BodyFraming, _ wire: String, is body: String, _ rest: String)
    throws
  {
    let bytes = Array(wire.utf8)
    var ways = (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] }
    ways.append(bytes.indices.map { bytes[$0...$0] })
    for way in ways {
      let found = try #require(try read(framing, way))
      #expect(found.body == Array(body.utf8))
      #expect(found.rest == Array(rest.utf8))
    }
  }

  @Test func `no body is an empty one, and nothing is taken`() throws {
    let found = try #require(try read(.none, [Array("next".utf8)[...]]))
    #expect(found.body == [])
    #expect(found.rest == Array("next".utf8))
  }

  @Test func `a length is counted`() throws {
    try expect(.length(5), "hello", is: "hello", "")
    try expect(.length(5), "helloGET", is: "hello", "GET")
    try expect(.length(0), "GET", is: "", "GET")
  }

  @Test func `chunks are joined, whatever is around them`() throws {
    try expect(.chunked, "5\r\nhello\r\n0\r\n\r\n", is: "hello", "")
    try expect(.chunked, "1;a=b\r\nh\r\n4\r\nello\r\n0\r\nX: y\r\n\r\nGET", is: "hello", "GET")
    try expect(.chunked, "0\r\n\r\nGET", is: "", "GET")
  }

  @Test func `a body that is not all there is waited for`() throws {
    for length in 0..<5 {
      #expect(try read(.length(5), [Array("hello".utf8)[..<length]]) == nil)
    }
    let chunked = Array("5\r\nhello\r\n0\r\n\r\n".utf8)
    for length in chunked.indices { #expect(try read(.chunked, [chunked[..<length]]) == nil) }
  }

  @Test func `a body at the limit is read, and one byte more is refused`() throws {
    #expect(try read(.length(5), [Array("hello".utf8)[...]], limit: 5)?.body.count == 5)
    let tooLarge = RequestFault(status: 413, reason: "the request body is too large")
    #expect(throws: tooLarge) { try read(.length(6), [], limit: 5) }
    let chunked = Array("3\r\nabc\r\n3\r\nde".utf8)
    #expect(throws: RequestFault.self) { try read(.chunked, [chunked[...]], limit: 5) }
    do {
      _ = try read(.chunked, [chunked[...]], limit: 5)
    } catch {
      #expect(error.status == 413)
    }
  }

  @Test func `a length beyond all bounds is refused before a byte is read`() {
    #expect(throws: RequestFault.self) { try read(.length(.max), []) }
  }

  @Test func `framing that is none is a bad request`() {
    do {
      _ = try read(.chunked, [Array("zz\r\n".utf8)[...]])
      Issue.record("it was accepted")
    } catch {
      #expect(error.status == 400)
    }
  }
}
