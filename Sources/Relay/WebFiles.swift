internal import CWeb
internal import Downstream
internal import JSONWire

extension Worker {
  /// `GET /`: a page that shows one answer arriving in several readers.
  func indexPage() -> Response {
    var count = 0
    let page = unsafe cweb_index(&count)
    var response = Response(
      status: 200, contentType: "text/html; charset=utf-8", body: unsafe Self.copy(page, count))
    response.add("Cache-Control", "no-cache")
    response.add(
      "Content-Security-Policy",
      "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
        + "script-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
    return response
  }

  /// `GET /openapi.json`: all APIs, as programs read them.
  func openAPIDocument() -> Response {
    var count = 0
    let document = unsafe cweb_openapi(&count)
    var response = Response(
      status: 200, contentType: "application/json", body: unsafe Self.copy(document, count))
    response.add("Cache-Control", "no-cache")
    return response
  }

  private static func copy(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    var copy: [UInt8] = []
    if let bytes = unsafe bytes {
      // SAFETY: the file is a constant of the program, `count` bytes long.
      let file = unsafe UnsafeBufferPointer(start: bytes, count: count)
      unsafe copy.append(copying: file.span)
    }
    return copy
  }
}
