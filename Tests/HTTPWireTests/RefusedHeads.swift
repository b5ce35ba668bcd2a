import HTTPWire
import Testing

/// A request head that is refused, and where in the grammar.
struct RefusedHead: CustomTestStringConvertible, Sendable {
  let input: [UInt8]
  let error: RequestHeadError

  init(_ error: RequestHeadError, _ input: String) {
    self.input = latin1(input)
    self.error = error
  }

  /// `GET /` with Host and these fields.
  init(_ error: RequestHeadError, fields: String) {
    self.init(error, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
  }

  var testDescription: String {
    "\(error): \(String(decoding: input.prefix(120), as: UTF8.self).debugDescription)"
  }

  static let all = lines + methods + targets + versions + fieldLines + hosts + framings
}

extension RefusedHead {
  private static let lines: [RefusedHead] = [
    RefusedHead(.leadingEmptyLines, "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\nHost: a\n\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\rHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
    RefusedHead(.lineEnd, "GET / HTTP/1.1\r\nHost: a\r\n\rX"),
    RefusedHead(.lineEnd, fields: "A: b\rc\r\n"),
    RefusedHead(.lineEnd, fields: "A: b\nc: d\r\n"),
    RefusedHead(.lineEnd, fields: "A:\nB: c\r\n"),
    RefusedHead(.lineEnd, fields: "A:\rContent-Length: 5\r\n"),
  ]

  private static let methods: [RefusedHead] = [
    RefusedHead(.method, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "GET\r\n\r\n"),
    RefusedHead(.method, "GE(T) / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "\u{EF}\u{BB}\u{BF}GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "\"GET\" / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.method, "{\"model\": 1}\r\n"),
    RefusedHead(.method, "\u{16}\u{03}\u{01}\u{02}\0\u{01}\0\u{01}\u{FC}\u{03}\u{03}"),
    RefusedHead(.methodTooLong, "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.methodUnsupported, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"),
    RefusedHead(.methodUnsupported, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
  ]

  private static let targets: [RefusedHead] = [
    RefusedHead(.target, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /\r\n"),
    RefusedHead(.target, "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /caf\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.target, "GET /0123456789abcdef\nHost:a HTTP/1.1\r\n\r\n"),
    RefusedHead(.target, "GET /0123456789abcdef0123456789\u{80} HTTP/1.1\r\n\r\n"),
    RefusedHead(.targetForm, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "OPTIONS */ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http: HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http://u:p@b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http://b:x/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET http:\\\\b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.targetForm, "GET httpx://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
  ]

  private static let versions: [RefusedHead] = [
    RefusedHead(.version, "GET / http/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / Http/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / b HTTP/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / \r\n"),
    RefusedHead(.version, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/11\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/1.\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / HTTPS/1.1\r\nHost: a\r\n\r\n"),
    RefusedHead(.version, "GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
    RefusedHead(.versionUnsupported, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    RefusedHead(.versionUnsupported, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
    RefusedHead(.versionUnsupported, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    RefusedHead(.versionUnsupported, "GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
    RefusedHead(.versionUnsupported, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  ]

  private static let fieldLines: [RefusedHead] = [
    RefusedHead(.foldedField, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    RefusedHead(.foldedField, "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"),
    RefusedHead(.foldedField, fields: "A: b\r\n c\r\n"),
    RefusedHead(.foldedField, fields: "A: b\r\n\tc\r\n"),
    RefusedHead(.foldedField, fields: "A: b\r\n \r\n"),
    RefusedHead(.foldedField, fields: "X-Transfer-Encoding:\r\n chunked\r\n"),
    RefusedHead(.transferEncoding, fields: "Transfer-Encoding:\r\n chunked\r\n"),
    RefusedHead(.fieldName, fields: "A : b\r\n"),
    RefusedHead(.fieldName, fields: "A\t: b\r\n"),
    RefusedHead(.fieldName, fields: "Content-Length : 5\r\n"),
    RefusedHead(.fieldName, fields: ": b\r\n"),
    RefusedHead(.fieldName, fields: "A\r\n"),
    RefusedHead(.fieldName, fields: "A\nB: c\r\n"),
    RefusedHead(.fieldName, fields: "A B: c\r\n"),
    RefusedHead(.fieldName, fields: "A\0: b\r\n"),
    RefusedHead(.fieldName, fields: "A(b): c\r\n"),
    RefusedHead(.fieldName, fields: "A/b: c\r\n"),
    RefusedHead(.fieldName, fields: "\u{E9}: a\r\n"),
    RefusedHead(.fieldName, fields: "\"A\": b\r\n"),
    RefusedHead(.fieldValue, fields: "A: b\0c\r\n"),
    RefusedHead(.fieldValue, fields: "A: \u{01}\r\n"),
    RefusedHead(.fieldValue, fields: "A: b\u{0B}c\r\n"),
    RefusedHead(.fieldValue, fields: "A: b\u{7F}c\r\n"),
    RefusedHead(.fieldValue, fields: "A: \u{1B}[31m\r\n"),
    RefusedHead(.fieldValue, fields: "A: 0123456789abcdef0123456789\u{08}\r\n"),
    RefusedHead(.expectation, fields: "Expect: 100-continue, a\r\n"),
    RefusedHead(.expectation, fields: "Expect: 200-ok\r\n"),
    RefusedHead(.expectation, fields: "Expect:\r\n"),
  ]

  private static let hosts: [RefusedHead] =
    [
      RefusedHead(.hostMissing, "GET / HTTP/1.1\r\n\r\n"),
      RefusedHead(.hostMissing, "GET / HTTP/1.1\r\nA: b\r\nX-Host: a\r\n\r\n"),
      RefusedHead(.hostMissing, "GET http://a/ HTTP/1.1\r\n\r\n"),
      RefusedHead(.hostRepeated, fields: "Host: a\r\n"),
      RefusedHead(.hostRepeated, fields: "A: b\r\nhost: b\r\n"),
      RefusedHead(.hostRepeated, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    ] + badHosts.map { RefusedHead(.host, "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n") }

  private static let badHosts = [
    "", " \t", ":80", "a b", "a, b", "a/b", "a?b", "a#b", "u@a", "http://a", "a:b", "a:80:80",
    "a:-1", "a:65536", "a:99999999999999999999", "a:8 0", "a%", "a%2", "a%2g", "[", "[]", "[::1",
    "::1", "[::1]a", "[::1]:x", "[::g]", "[1:2]", "[1::2]]", "[v1.a]", "a\\b", "a\"", "<a>",
    "\u{E9}",
  ]

  private static let framings: [RefusedHead] =
    [
      RefusedHead(.contentLengthRepeated, fields: "Content-Length: 5\r\nContent-Length: 5\r\n"),
      RefusedHead(.contentLengthRepeated, fields: "Content-Length: 5\r\ncontent-length: 6\r\n"),
      RefusedHead(.framingConflict, fields: "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      RefusedHead(.framingConflict, fields: "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      RefusedHead(.framingConflict, fields: "Content-Length: 0\r\nTransfer-Encoding: gzip\r\n"),
      RefusedHead(
        .transferEncodingRepeated,
        fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      RefusedHead(
        .transferEncodingRepeated,
        fields: "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
      RefusedHead(
        .transferEncodingInHTTP10, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
      RefusedHead(
        .transferEncodingInHTTP10, "POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"),
    ] + badLengths.map { RefusedHead(.contentLength, fields: "Content-Length: \($0)\r\n") }
    + badCodings.map { RefusedHead(.transferEncoding, fields: "Transfer-Encoding: \($0)\r\n") }
    + otherCodings.map {
      RefusedHead(.transferCodingUnsupported, fields: "Transfer-Encoding: \($0)\r\n")
    }

  private static let badLengths = [
    "", "+5", "-5", "-0", "5,6", "5, 5", "5,", "0x5", "5a", "5 5", "5;", "1e3", "5.0", "\"5\"",
    "9223372036854775808", "18446744073709551621", "99999999999999999999999", "\u{B2}",
  ]
  private static let badCodings = [
    "", ",", "chunked,", ",chunked", "chunked, chunked", "chunked, gzip", "chunked, identity",
    "chunked;a=b", "chunked;", "chunked chunked", "\"chunked\"", "chunked/1", "=chunked",
    "gzip, , chunked",
  ]
  private static let otherCodings = [
    "gzip, chunked", "identity", "gzip", "xchunked", "chunkedx", "identity, chunked", "chunke",
    "gzip;q=1, chunked",
  ]
}
