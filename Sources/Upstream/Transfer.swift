// One request to an upstream, from its start to the last byte of its answer.
//
// It stands between libcurl, which hands it bytes, and the receiver, which is told events. What the
// answer is, its head says: an event stream is read as it comes; JSON is gathered and handed over
// whole; anything but 200 is gathered, as far as it is small, and becomes a fault.
//
// Rules: the receiver is told `ended` exactly once, and nothing after it. With the terminal marker
// the answer is complete, whatever the connection does then; the transfer lives on for a moment so
// that its connection can be used again. Without a marker or a finish reason an end is a cut.
//
// Time-outs are one timer, pushed back by a connection and by events that carry content
// (keep-alives do not). The one for connecting is not libcurl's: that would keep an entry in its
// tree of times for as long as the answer takes, and going through the tree was much of what an
// event cost.

internal import JSONWire
internal import CCurl
internal import EventLoop
internal import ModelFormats

@safe public final class Transfer: Answering {
  let provider: Provider
  private let driver: TransferDriver
  /// The owner of the generation; it holds this transfer, and cancels it before it goes.
  private unowned let receiver: any AnswerReceiver
  private(set) var easy: UnsafeMutableRawPointer?
  private var answer = Answer.unknown
  /// Of an answer that is an event stream.
  private var reader: AnswerReader?
  private var timer: Timer?
  private let started: UInt64
  private let deadline: UInt64
  private var lastContent: UInt64
  private var isConnected = false
  private var connectStarted: UInt64
  private var hasEvent = false
  private var hasEnded = false
  /// libcurl has come to the end of the answer: its connection can be used again.
  private(set) var isFinished = false

  private enum Answer {
    /// No byte of a body has come.
    case unknown
    /// `reader` reads it.
    case events
    case whole([UInt8])
    /// The body is nil when there was too much of it.
    case refused(status: Int, [UInt8]?)
  }

  /// How long a connection may take to end its answer after the terminal marker.
  private static let afterglow: UInt64 = 1_000_000_000

  /// Starts at the end of this turn of the driver's loop.
  /// - Parameters:
  ///   - body: The JSON of the request.
  ///   - deadline: On the loop's clock: earlier than the provider's total time-out, or nothing.
  public init(
    _ body: [UInt8], to provider: Provider, on driver: TransferDriver,
    deadline: UInt64 = .max, receiver: any AnswerReceiver
  ) {
    self.provider = provider
    self.driver = driver
    self.receiver = receiver
    started = driver.loop.now
    self.deadline = min(deadline, started &+ provider.timeouts.total)
    lastContent = started
    connectStarted = started
    timer = Timer { [unowned self] in self.timeOut() }
    armTimer()
    start(body)
  }

  private func start(_ body: [UInt8]) {
    guard let easy = unsafe provider.takeHandle() else { return couldNotStart() }
    unsafe self.easy = unsafe easy
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_set_pointer(easy, CURLOPT_PRIVATE, context)
    unsafe ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    unsafe ccurl_set_pointer(easy, CURLOPT_SOCKOPTDATA, context)
    unsafe ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context)
    unsafe ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
    // libcurl copies it: an array's storage has no address that outlasts the call.
    unsafe body.withUnsafeBytes { bytes in
      _ = unsafe ccurl_set_pointer(
        easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
    driver.start(self)
  }

  func couldNotStart() {
    fail(UpstreamFault(.connect, "out of memory for another request"))
  }

  func takeHandle() -> UnsafeMutableRawPointer? {
    let taken = unsafe easy
    unsafe easy = nil
    return unsafe taken
  }

  public func cancel() {
    hasEnded = true
    release()
  }

  private func release() {
    // Without a timer nothing arms it again: a receiver may cancel from inside a callback.
    if let timer { driver.loop.disarm(timer) }
    timer = nil
    driver.remove(self)
  }

  private func end(_ outcome: AnswerOutcome) {
    guard !hasEnded else { return }
    hasEnded = true
    receiver.ended(outcome)
  }

  private func fail(_ fault: UpstreamFault) {
    end(.failed(fault))
    release()
  }

  // MARK: Bytes

  /// False tells libcurl to give the transfer up.
  func received(_ bytes: Span<UInt8>) -> Bool {
    driver.receivedBytes += bytes.count
    if hasEnded { return true }
    if case .unknown = answer { answer = classify() }
    switch answer {
    case .unknown:
      return false
    case .events:
      return consume(bytes)
    case .whole(var body):
      answer = .unknown
      defer { answer = .whole(body) }
      guard body.count + bytes.count <= provider.maximumAnswerBytes else {
        fail(UpstreamFault(.tooLarge, "the upstream's answer is beyond the limit"))
        return false
      }
      body.append(copying: bytes)
      return true
    case .refused(let status, let body):
      guard var body, body.count + bytes.count <= Provider.maximumErrorBytes else {
        answer = .refused(status: status, nil)
        return true
      }
      body.append(copying: bytes)
      answer = .refused(status: status, body)
      return true
    }
  }

  private func consume(_ bytes: Span<UInt8>) -> Bool {
    let before = reader?.contentEvents
    do {
      try reader?.consume(bytes, receiver)
    } catch {
      fail(error)
      return false
    }
    if reader?.contentEvents != before {
      lastContent = driver.loop.now
      // Pushed back further when it fires.
      if !hasEvent {
        hasEvent = true
        armTimer()
      }
    }
    if reader?.isDone == true {
      end(.complete)
      if let timer { driver.loop.arm(timer, at: driver.loop.now &+ Self.afterglow) }
    }
    return true
  }

  private func classify() -> Answer {
    guard let easy = unsafe easy else { return .unknown }
    let status = unsafe ccurl_response_code(easy)
    guard status == 200 else { return .refused(status: status, []) }
    let type = unsafe contentType(easy)?.lowercased() ?? ""
    if type.hasPrefix("text/event-stream") {
      reader = AnswerReader(
        format: provider.format, maximumEventBytes: provider.maximumEventBytes)
      return .events
    }
    return .whole([])
  }

  private func contentType(_ easy: UnsafeMutableRawPointer) -> String? {
    unsafe ccurl_content_type(easy).map { unsafe String(cString: $0) }
  }

  // MARK: The end

  /// libcurl has come to the end of the transfer, one way or the other.
  func finished(_ result: CURLcode) {
    isFinished = true
    if !hasEnded { end(outcome(result)) }
    release()
  }

  private func outcome(_ result: CURLcode) -> AnswerOutcome {
    if result == CURLE_OK, case .unknown = answer { answer = classify() }
    switch answer {
    case .unknown:
      return .failed(Self.fault(result, hasAnswer: false))
    case .events:
      if reader?.hasFinished == true { return .complete }
      if result == CURLE_OK {
        return .failed(UpstreamFault(.cut, "the upstream's answer ended before its end"))
      }
      return .failed(Self.fault(result, hasAnswer: true))
    case .whole(let body):
      guard result == CURLE_OK else { return .failed(Self.fault(result, hasAnswer: true)) }
      // An end inside the head is the same to libcurl: neither is an answer.
      guard !body.isEmpty else {
        return .failed(UpstreamFault(.cut, "the upstream closed the connection before an answer"))
      }
      receiver.received(answer: body.span)
      return .complete
    case .refused(let status, let body):
      var fault = UpstreamFault(.status(status), "the upstream answered \(status)")
      // Half of what was said is not passed on.
      if result == CURLE_OK, let body { fault.body = body }
      if let easy = unsafe easy {
        fault.contentType = unsafe contentType(easy)
        fault.retryAfter = unsafe field("Retry-After", easy)
        fault.retryAfterMilliseconds = unsafe field("retry-after-ms", easy)
        fault.shouldRetry = unsafe field("x-should-retry", easy).flatMap { Bool($0) }
      }
      return .failed(fault)
    }
  }

  private static let noConnection = UpstreamFault(
    .timeout(.connect), "no connection to the upstream in time")

  private func field(_ name: String, _ easy: UnsafeMutableRawPointer) -> String? {
    unsafe ccurl_response_field(easy, name).map { unsafe String(cString: $0) }
  }

  private static func fault(_ result: CURLcode, hasAnswer: Bool) -> UpstreamFault {
    switch result {
    // A resolver or the kernel may lose patience before we do.
    case CURLE_OPERATION_TIMEDOUT: return noConnection
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER:
      return UpstreamFault(.tls, "no trusted connection to the upstream")
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      return UpstreamFault(.connect, "the upstream cannot be reached")
    default:
      if hasAnswer {
        return UpstreamFault(.cut, "the connection to the upstream broke inside the answer")
      }
      return UpstreamFault(.cut, "the connection to the upstream broke before an answer")
    }
  }

  // MARK: Time

  private var timeLimit: UInt64 {
    var limit =
      hasEvent ? lastContent &+ provider.timeouts.idle : started &+ provider.timeouts.firstEvent
    if !isConnected { limit = min(limit, connectStarted &+ provider.timeouts.connect) }
    return min(limit, deadline)
  }

  private func armTimer() {
    if let timer { driver.loop.arm(timer, at: timeLimit) }
  }

  func connected() {
    isConnected = true
  }

  /// A kept connection may turn out to be dead when it has been taken: libcurl then makes another.
  func connects() {
    guard isConnected else { return }
    isConnected = false
    connectStarted = driver.loop.now
    armTimer()
  }

  private func timeOut() {
    guard !hasEnded else { return release() }
    guard driver.loop.now >= timeLimit else { return armTimer() }
    guard isConnected || driver.loop.now < connectStarted &+ provider.timeouts.connect else {
      return fail(Self.noConnection)
    }
    let phase: UpstreamFault.Phase
    let message: String
    if driver.loop.now >= deadline {
      (phase, message) = (.total, "the answer took longer than the upstream may take")
    } else if hasEvent {
      (phase, message) = (.idle, "the upstream stopped inside the answer")
    } else {
      (phase, message) = (.firstEvent, "the upstream did not begin to answer in time")
    }
    fail(UpstreamFault(.timeout(phase), message))
  }
}
