import HTTPWire
import Testing

@Suite struct StatusLineTests {
  @Test(arguments: [
    (100, "Continue"), (200, "OK"), (202, "Accepted"), (204, "No Content"), (304, "Not Modified"),
    (400, "Bad Request"), (401, "Unauthorized"), (404, "Not Found"), (405, "Method Not Allowed"),
    (408, "Request Timeout"), (413, "Content Too Large"), (414, "URI Too Long"),
    (417, "Expectation Failed"), (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"), (500, "Internal Server Error"),
    (501, "Not Implemented"), (503, "Service Unavailable"), (505, "HTTP Version Not Supported"),
  ])
  func `a known status has its reason phrase`(status: Int, reason: String) {
    #expect(statusLine(status) == latin1("HTTP/1.1 \(status) \(reason)\r\n"))
  }

  @Test(arguments: [102, 299, 418, 499, 599, 600, 999])
  func `an unknown status has an empty phrase, and its space`(status: Int) {
    #expect(statusLine(status) == latin1("HTTP/1.1 \(status) \r\n"))
  }

  @Test(arguments: RequestHeadError.allCases)
  func `every refusal has a reason phrase`(error: RequestHeadError) {
    #expect(statusLine(error.status).count > latin1("HTTP/1.1 400 \r\n").count)
  }

  @Test func `a known status line is the same memory each time`() {
    func address(_ line: [UInt8]) -> UInt {
      unsafe line.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
    #expect(address(statusLine(200)) == address(statusLine(200)))
  }
}
