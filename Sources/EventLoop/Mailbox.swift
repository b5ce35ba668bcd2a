internal import CLinux
internal import Glibc
internal import Synchronization

/// How other threads reach a loop: any thread posts, the loop's thread receives.
///
/// The first message into an empty box wakes the loop; what is posted until it looks arrives with
/// it, in order, as one batch a turn. Unbounded by itself: senders post at most a bounded number of
/// messages a turn (one wake-up per loop, one answer per question).
public final class Mailbox<Message: Sendable>: Sendable {
  private let waiting = Mutex<[Message]>([])
  private let bell: CInt

  public init() throws(SystemError) {
    bell = try SystemError.check(clinux_eventfd(), "eventfd")
  }

  deinit {
    Glibc.close(bell)
  }

  /// Any thread.
  public func post(_ message: Message) {
    let wasEmpty = waiting.withLock { waiting in
      waiting.append(message)
      return waiting.count == 1
    }
    guard wasEmpty else { return }
    var one: UInt64 = 1
    // An eventfd takes eight bytes or, only when it is full, none: then it rings already.
    _ = unsafe Glibc.write(bell, &one, 8)
  }

  /// On the loop's thread: calls `receive` with each batch from now on.
  public func open(
    on loop: EventLoop, _ receive: @escaping ([Message]) -> Void
  ) throws(SystemError) {
    let doorman = Doorman(mailbox: self, receive: receive)
    _ = try loop.watch(bell, for: .readable, handler: doorman)
  }

  private final class Doorman: ReadinessHandler {
    let mailbox: Mailbox
    let receive: ([Message]) -> Void

    init(mailbox: Mailbox, receive: @escaping ([Message]) -> Void) {
      self.mailbox = mailbox
      self.receive = receive
    }

    func ready(_ readiness: Readiness) {
      var rings: UInt64 = 0
      _ = unsafe Glibc.read(mailbox.bell, &rings, 8)
      let batch = mailbox.waiting.withLock { waiting in
        var taken: [Message] = []
        swap(&taken, &waiting)
        return taken
      }
      if !batch.isEmpty { receive(batch) }
    }
  }
}
