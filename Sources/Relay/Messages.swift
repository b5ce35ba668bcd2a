internal import ClientAPIs
internal import StreamLog

/// What loops say to each other. Every question carries the asker's loop and connection, and is
/// answered exactly once.
enum Message: Sendable {
  /// To the owner: give this reader a place in the stream.
  case attach(Attach)
  /// Back to the reader's loop.
  case attached(connection: UInt64, AttachAnswer)
  /// To a loop with readers: these renderings have grown. At most one a turn.
  case advanced([Rendering])
  /// To the owner: a reader that it counts has gone.
  case left(StreamID, RenderingKey, loop: Int)
  /// To the owner: what is the state of this stream; it is stopped first if somebody wishes it.
  case inquire(StreamID, stoppedBy: StopAuthority?, connection: UInt64, loop: Int)
  /// Back to the asker's loop.
  case answer(connection: UInt64, Result<StreamSnapshot, Failure>)
  /// To the loop of one who waited for a whole answer.
  case deliver(connection: UInt64, WholeReply)
  /// To a loop: what this ticket stands for goes on.
  case resumed(ticket: UInt64)
  /// To the owner: its time is over, or its memory is needed.
  case expire(Retention.Entry)
  /// To a loop: say how you do, with your newest streams if `lists`.
  case report(ticket: UInt64, lists: Bool, loop: Int)
  /// Back to the asker's loop.
  case reported(ticket: UInt64, LoopReport)
  /// To each loop: this is what it runs by from now on.
  case configured(LiveConfiguration, Confirmation)
  /// Begin no more, let what runs come to its end; once more: be quick about it.
  case drain
  /// A loop listens no more: whoever waited for its generations may have nothing left to do.
  case leaving
  /// Every loop has come to its end.
  case exit
  #if DEBUG
    /// Hang until told otherwise.
    case stall
  #endif
}

struct Attach: Sendable {
  enum Purpose: Sendable {
    /// `isRepeated`: a request that came again, and is told of a failure as the first one was.
    case follow(skipsUsage: Bool, isRepeated: Bool)
    /// The whole answer at its end, as this endpoint has it.
    case whole(Endpoint)
    /// That there is such a stream.
    case acknowledge
  }

  var id: StreamID
  var key: RenderingKey
  /// Resume behind this event; 0 for everything.
  var after: Int
  var connection: UInt64
  var loop: Int
  var purpose = Purpose.follow(skipsUsage: false, isRepeated: false)
}

enum AttachAnswer: Sendable {
  /// The reader is counted, and reads from here.
  case reading(Attach, Rendering, offset: Int, conversationID: String?)
  /// It is counted, and is sent the whole answer later.
  case waiting(Attach)
  case whole(WholeReply)
  case acknowledged(StreamID, createdAt: UInt64, conversationID: String?)
  /// It has had everything, the terminal event included.
  case past
  /// It claims to have had events that do not exist.
  case ahead
  /// There is no such stream, or it cannot be looked for.
  case failed(Failure)
}

/// Which streams one who asks for it may stop.
enum StopAuthority: Sendable {
  case all
  /// Those that this key began.
  case own(keyName: String)

  func covers(_ generation: Generation) -> Bool {
    switch self {
    case .all: true
    case .own(let name): generation.keyName == name
    }
  }
}
