import HTTPWire
import Testing

/// A chunked body, the data in it, and how it ends.
struct ChunkedBodyVector: CustomTestStringConvertible, Sendable {
  let input: [UInt8]
  let reading: ChunkedBodyReading

  /// A body that ends with the input's last byte.
  init(_ input: String, _ data: String) {
    self.input = latin1(input)
    reading = ChunkedBodyReading(data, .complete(consumed: self.input.count))
  }

  /// A body that is refused, after this data.
  init(_ error: ChunkedBodyError, _ input: String, after data: String = "") {
    self.input = latin1(input)
    reading = ChunkedBodyReading(data, .refused(error))
  }

  var testDescription: String {
    String(decoding: input.prefix(80), as: UTF8.self).debugDescription
  }

  static let complete: [ChunkedBodyVector] = [
    ChunkedBodyVector("0\r\n\r\n", ""),
    ChunkedBodyVector("1\r\na\r\n0\r\n\r\n", "a"),
    ChunkedBodyVector("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
    ChunkedBodyVector("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
    ChunkedBodyVector("7\r\n0\r\n\r\n\0\u{FF}\r\n0\r\n\r\n", "0\r\n\r\n\0\u{FF}"),
    ChunkedBodyVector("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    ChunkedBodyVector("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    ChunkedBodyVector("0a\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
    ChunkedBodyVector("000000000000000F\r\n0123456789abcde\r\n0\r\n\r\n", "0123456789abcde"),
    ChunkedBodyVector("10\r\n0123456789abcdef\r\n0000000000000000\r\n\r\n", "0123456789abcdef"),
    ChunkedBodyVector("1;a\r\nx\r\n0\r\n\r\n", "x"),
    ChunkedBodyVector("1;a=b\r\nx\r\n0;last\r\n\r\n", "x"),
    ChunkedBodyVector("1;a=b;c;d=!#$%&'*+-.^_`|~09\r\nx\r\n0\r\n\r\n", "x"),
    ChunkedBodyVector("1;a=\"\"\r\nx\r\n0\r\n\r\n", "x"),
    ChunkedBodyVector("1;a=\"b; c=d\t\u{80}\";e\r\nx\r\n0\r\n\r\n", "x"),
    ChunkedBodyVector("1;a=\"\\\"\\\\\\ \\\t\"\r\nx\r\n0\r\n\r\n", "x"),
    ChunkedBodyVector("0\r\nA: b\r\n\r\n", ""),
    ChunkedBodyVector("1\r\nx\r\n0\r\nA:\r\nB: \t\u{80}c:d \r\nA: \r\n\r\n", "x"),
    ChunkedBodyVector("0\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", ""),
  ]

  static let refused: [ChunkedBodyVector] = sizes + extensions + ends + trailers

  private static let sizes: [ChunkedBodyVector] = [
    ChunkedBodyVector(.size, "\r\n0\r\n\r\n"),
    ChunkedBodyVector(.size, "\n0\r\n\r\n"),
    ChunkedBodyVector(.size, " 1\r\nx\r\n"),
    ChunkedBodyVector(.size, "1 \r\nx\r\n"),
    ChunkedBodyVector(.size, "1\t\r\nx\r\n"),
    ChunkedBodyVector(.size, "1 ;a\r\nx\r\n"),
    ChunkedBodyVector(.size, ";a\r\n\r\n"),
    ChunkedBodyVector(.size, "g\r\n"),
    ChunkedBodyVector(.size, "1g\r\n"),
    ChunkedBodyVector(.size, "0x1\r\nx\r\n"),
    ChunkedBodyVector(.size, "+1\r\nx\r\n"),
    ChunkedBodyVector(.size, "-1\r\nx\r\n"),
    ChunkedBodyVector(.size, "1_0\r\n"),
    ChunkedBodyVector(.size, "1,\r\n"),
    ChunkedBodyVector(.size, "1\0\r\n"),
    ChunkedBodyVector(.size, "\u{FF}\r\n"),
    ChunkedBodyVector(.size, "00000000000000001\r\nx\r\n"),
    ChunkedBodyVector(.size, "00000000000000000\r\n\r\n"),
    ChunkedBodyVector(.size, "1\r\nx\r\n\r\n", after: "x"),
    ChunkedBodyVector(.bodyTooLarge, "200001\r\n"),
    ChunkedBodyVector(.bodyTooLarge, "7fffffffffffffff\r\n"),
    ChunkedBodyVector(.bodyTooLarge, "8000000000000000\r\n"),
    ChunkedBodyVector(.bodyTooLarge, "ffffffffffffffff\r\n"),
    ChunkedBodyVector(.bodyTooLarge, "10000000000000001\r\n"),
    ChunkedBodyVector(.bodyTooLarge, "1\r\nx\r\n200000\r\n", after: "x"),
    ChunkedBodyVector(.lineEnd, "1\nx\r\n0\r\n\r\n"),
    ChunkedBodyVector(.lineEnd, "1\rx\r\n0\r\n\r\n"),
    ChunkedBodyVector(.lineEnd, "1\r\rx\r\n0\r\n\r\n"),
  ]

  private static let extensions: [ChunkedBodyVector] = [
    ChunkedBodyVector(.chunkExtension, "1;\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;;a\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a;\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1; a\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a \r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a =b\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a= b\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;=b\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=b=c\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=b\"c\"\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\"b\"c\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;\"a\"\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\"b\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\"b\\\r\n\"\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\"\0\"\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a=\"\\\u{7F}\"\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;a\0\r\nx\r\n"),
    ChunkedBodyVector(.chunkExtension, "1;\u{80}\r\nx\r\n"),
    ChunkedBodyVector(.lineEnd, "1;a\nx\r\n0\r\n\r\n"),
    ChunkedBodyVector(.lineEnd, "1;a=\"\n\"\r\nx\r\n"),
    ChunkedBodyVector(.lineEnd, "1;a=\"\\\n\"\r\nx\r\n"),
    ChunkedBodyVector(.lineEnd, "1;a\rb\r\nx\r\n"),
    ChunkedBodyVector(
      .extensionsTooLong, "1;" + String(repeating: "a", count: 1 << 14) + "\r\nx\r\n"),
  ]

  private static let ends: [ChunkedBodyVector] = [
    ChunkedBodyVector(.dataEnd, "1\r\nx0\r\n\r\n", after: "x"),
    ChunkedBodyVector(.dataEnd, "1\r\nxx\r\n0\r\n\r\n", after: "x"),
    ChunkedBodyVector(.dataEnd, "1\r\nx\n0\r\n\r\n", after: "x"),
    ChunkedBodyVector(.dataEnd, "1\r\nx\r0\r\n\r\n", after: "x"),
    ChunkedBodyVector(.dataEnd, "1\r\nx\r\r\n0\r\n\r\n", after: "x"),
    ChunkedBodyVector(.dataEnd, "3\r\nhello\r\n0\r\n\r\n", after: "hel"),
    ChunkedBodyVector(.dataEnd, "2\r\n\n\n\n0\r\n\r\n", after: "\n\n"),
  ]

  private static let trailers: [ChunkedBodyVector] = [
    ChunkedBodyVector(.lineEnd, "0\n\n"),
    ChunkedBodyVector(.lineEnd, "0\r\n\n"),
    ChunkedBodyVector(.lineEnd, "0\r\n\rx"),
    ChunkedBodyVector(.lineEnd, "0\r\n\r\r\n"),
    ChunkedBodyVector(.lineEnd, "0\r\nA: b\n\r\n"),
    ChunkedBodyVector(.lineEnd, "0\r\nA: b\rc\r\n\r\n"),
    ChunkedBodyVector(.lineEnd, "0\r\nA: b\r\r\n\r\n"),
    ChunkedBodyVector(.lineEnd, "0\r\nA\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\n: b\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA : b\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA b\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\n A: b\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA: b\r\n c\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA: \0\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nA: \u{7F}\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\n1\r\nx\r\n0\r\n\r\n"),
    ChunkedBodyVector(.trailer, "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ChunkedBodyVector(
      .trailersTooLong, "0\r\n" + String(repeating: "A: b\r\n", count: 2000) + "\r\n"),
  ]
}
