internal import CCurl
public import ModelFormats

/// One configured upstream, as a loop sees it: where it is, how it is spoken to, how long it may
/// take, and easy handles that are set up for it and wait to be used again.
///
/// Belongs to its loop's thread. The key is in the request fields and nowhere else.
@safe public final class Provider {
  public struct Timeouts: Sendable {
    /// Nanoseconds.
    public var connect: UInt64
    public var firstEvent: UInt64
    public var idle: UInt64
    public var total: UInt64

    public init(connect: UInt64, firstEvent: UInt64, idle: UInt64, total: UInt64) {
      self.connect = connect
      self.firstEvent = firstEvent
      self.idle = idle
      self.total = total
    }
  }

  public let name: String
  public let format: ModelFormat
  public let timeouts: Timeouts
  public let maximumEventBytes: Int
  public let maximumAnswerBytes: Int
  private let url: String
  private let authorityFile: String?
  private let idleLimit: Int
  private var fields: UnsafeMutablePointer<curl_slist>?
  private var idle: [UnsafeMutableRawPointer]

  /// An error body larger than this is not worth passing on.
  static let maximumErrorBytes = 64 << 10
  /// What libcurl reads at a time, kept per transfer: small, since thousands of them are open. It
  /// reads on while there is more: a stream at full speed costs the same with 2, 4 or 16 KiB.
  private static let receiveBufferBytes = 2 << 10

  /// - Parameters:
  ///   - url: Of the operation, such as `https://api.example.com/v1/chat/completions`.
  ///   - key: Sent as `Authorization: Bearer`; nil sends none.
  ///   - authorityFile: PEM file of the authorities to trust in place of the system's.
  public init(
    name: String, url: String, format: ModelFormat, key: [UInt8]?, authorityFile: String?,
    timeouts: Timeouts, maximumEventBytes: Int, maximumAnswerBytes: Int, idleLimit: Int
  ) {
    self.name = name
    self.url = url
    self.format = format
    self.authorityFile = authorityFile
    self.timeouts = timeouts
    self.maximumEventBytes = maximumEventBytes
    self.maximumAnswerBytes = maximumAnswerBytes
    self.idleLimit = idleLimit
    unsafe idle = []
    add("Content-Type: application/json")
    add("Accept: text/event-stream, application/json")
    // libcurl asks for 100-continue by itself with larger bodies: a round trip for nothing.
    add("Expect:")
    if let key { add("Authorization: Bearer " + String(decoding: key, as: UTF8.self)) }
  }

  deinit {
    while let easy = unsafe idle.popLast() { unsafe curl_easy_cleanup(easy) }
    unsafe curl_slist_free_all(fields)
  }

  private func add(_ field: String) {
    unsafe fields = curl_slist_append(fields, field)
  }

  /// A handle that is set up but for the request; nil when memory is short.
  func takeHandle() -> UnsafeMutableRawPointer? {
    if let easy = unsafe idle.popLast() { return unsafe easy }
    guard let easy = unsafe curl_easy_init() else { return nil }
    unsafe ccurl_set_string(easy, CURLOPT_URL, url)
    unsafe ccurl_set_list(easy, CURLOPT_HTTPHEADER, fields)
    unsafe ccurl_set_long(easy, CURLOPT_POST, 1)
    unsafe ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
    // A name that is still being looked up is left to its thread: waiting for it would hold up the
    // whole loop for as long as the name server takes.
    unsafe ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
    unsafe ccurl_set_long(easy, CURLOPT_FORBID_REUSE, keepsConnections ? 0 : 1)
    unsafe ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
    unsafe ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    unsafe ccurl_set_string(easy, CURLOPT_PROXY, "")
    // Asks for no compression, and undoes it all the same where an upstream insists.
    unsafe ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "identity")
    unsafe ccurl_set_string(easy, CURLOPT_USERAGENT, "deltad")
    unsafe ccurl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
    unsafe ccurl_set_long(easy, CURLOPT_BUFFERSIZE, Self.receiveBufferBytes)
    if let authorityFile { unsafe ccurl_set_string(easy, CURLOPT_CAINFO, authorityFile) }
    unsafe ccurl_set_write(easy, curlWrote)
    unsafe ccurl_set_sockopt(easy, curlConnects)
    unsafe ccurl_set_prereq(easy, curlConnected)
    return unsafe easy
  }

  var keepsConnections: Bool { idleLimit > 0 }

  func giveBack(_ easy: UnsafeMutableRawPointer) {
    if unsafe idle.count < idleLimit {
      unsafe idle.append(easy)
    } else {
      unsafe curl_easy_cleanup(easy)
    }
  }
}
