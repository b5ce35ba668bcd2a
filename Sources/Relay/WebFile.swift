internal import CWeb
internal import Downstream
internal import HTTPWire

/// A file of `web/`. The table of them is in `CWeb`.
struct WebFile: Sendable {
  let contentType: String
  let bytes: [UInt8]
  /// A strong validator with its quotes (RFC 9110, section 8.8.3), made of the bytes alone: every
  /// loop, restart and node that serves the same bytes says the same.
  let entityTag: String

  init(contentType: String, bytes: [UInt8]) {
    self.contentType = contentType
    self.bytes = bytes
    // FNV-1a: the files are ours, nobody seeks collisions.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    entityTag = "\"\(String(hash, radix: 16))-\(bytes.count)\""
  }

  /// By path, without its slash; the page itself has the empty one.
  static let all: [String: WebFile] = {
    var all: [String: WebFile] = [:]
    var index = 0
    while let entry = unsafe cweb_file_at(index) {
      // SAFETY: constants of the program, each ended by a zero.
      unsafe all[String(cString: entry.pointee.path)] = unsafe WebFile(
        contentType: String(cString: entry.pointee.content_type),
        bytes: Array(String(cString: entry.pointee.bytes).utf8))
      index += 1
    }
    return all
  }()

  static let paths = Set(all.keys)

  /// - Parameter conditions: The values of If-None-Match (RFC 9110, section 13.1.2), which are
  ///   compared weakly: a proxy that compresses makes our tag a weak one.
  func answer(unlessOneOf conditions: [String]) -> Response {
    let isKnown = conditions.contains { condition in
      condition.split(separator: ",").map(Self.trimmed).contains {
        $0 == "*" || $0 == entityTag || $0 == "W/" + entityTag
      }
    }
    var response = Response(status: isKnown ? 304 : 200)
    if !isKnown {
      response.body = bytes
      response.add("Content-Type", contentType)
    }
    response.add("ETag", entityTag)
    response.add("Cache-Control", "no-cache")
    response.add("X-Content-Type-Options", "nosniff")
    // A page's address may hold the id of a stream, which is the permission to read it.
    response.add("Referrer-Policy", "no-referrer")
    response.add("Content-Security-Policy", Self.policy)
    return response
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let text = text.drop { $0 == " " || $0 == "\t" }
    return text.lastIndex { $0 != " " && $0 != "\t" }.map { text[...$0] } ?? ""
  }

  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

extension Worker {
  func respondFile(
    _ path: String, _ head: RequestHead, _ bytes: Span<UInt8>, _ connection: Connection,
    _ record: RequestRecord
  ) {
    guard let file = WebFile.all[path] else { return }
    let conditions = head.all("if-none-match", in: bytes).map { String(copying: bytes, $0) }
    respond(connection, record, file.answer(unlessOneOf: conditions))
  }
}
