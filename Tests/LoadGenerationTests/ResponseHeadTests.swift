import Testing

@testable import LoadGeneration

@Suite struct ResponseHeadTests {
  private func read(_ text: String) throws -> (head: ResponseHead, length: Int)? {
    try ResponseHead.read(Array(text.utf8).span)
  }

  private static let streaming =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    + "X-Stream-Id: strm_7\r\nTransfer-Encoding: chunked\r\n\r\n"

  @Test func `a stream's head tells its framing, its content and its id`() throws {
    let (head, length) = try #require(try read(Self.streaming + "5\r\n"))
    #expect(length == Self.streaming.utf8.count)
    #expect(head.status == 200 && head.framing == .chunked && head.content == .events)
    #expect(head.streamID == "strm_7" && !head.closes)
  }

  @Test func `until its last byte is there, it is not all there`() throws {
    let bytes = Array(Self.streaming.utf8)
    for count in 0..<bytes.count {
      #expect(try ResponseHead.read(Array(bytes[..<count]).span) == nil)
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", ResponseHead.Framing.length(12), false),
    ("HTTP/1.1 200\r\ncontent-length: 0\r\nCONNECTION: Close\r\n\r\n", .length(0), true),
    ("HTTP/1.0 200 OK\r\n\r\n", .untilClose, true),
    ("HTTP/1.1 204 No Content\r\n\r\n", .length(0), false),
    ("HTTP/1.1 200 OK\nContent-Length: 3\n\n", .length(3), false),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", .chunked, false),
  ])
  func `the end of the body is known`(
    text: String, framing: ResponseHead.Framing, closes: Bool
  ) throws {
    let (head, _) = try #require(try read(text))
    #expect(head.framing == framing && head.closes == closes)
  }

  @Test(arguments: [
    ("HTTP/2 200 OK\r\n\r\n", ResponseHead.Refusal.statusLine), ("hello\r\n\r\n", .statusLine),
    ("HTTP/1.1 2x0 OK\r\n\r\n", .statusLine), ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", .field),
    ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .field),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .field),
    (String(repeating: "x", count: 70_000), .tooLong),
  ])
  func `what is no answer is refused`(text: String, refusal: ResponseHead.Refusal) {
    #expect(throws: refusal) { try read(text) }
  }
}
