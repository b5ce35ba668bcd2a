internal import CWeb
internal import Downstream
internal import JSONWire

extension Worker {
  /// `GET /`: a page that shows one answer arriving in several readers.
  func indexPage() -> Response {
    var count = 0
    var body: [UInt8] = []
    if let bytes = unsafe cweb_index(&count) {
      // SAFETY: the page is a constant of the program, `count` bytes long.
      let page = unsafe UnsafeBufferPointer(start: bytes, count: count)
      unsafe body.append(copying: page.span)
    }
    var response = Response(status: 200, contentType: "text/html; charset=utf-8", body: body)
    response.add("Cache-Control", "no-cache")
    response.add(
      "Content-Security-Policy",
      "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
        + "script-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
    return response
  }
}
