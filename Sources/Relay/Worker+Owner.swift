// What a loop does for the readers of its streams, wherever they are: finds their places, tells
// the state, stops. A stream that is not in memory may be in the archive, and comes back from it.

internal import Archive
internal import ClientAPIs
internal import Configuration
internal import EventLoop
internal import ModelFormats
internal import StreamLog

extension Worker {
  /// Finds a reader's place in a stream of this loop, and counts it.
  func place(_ attach: Attach, _ answer: @escaping (AttachAnswer) -> Void) {
    withStream(attach.id) { [self] result in
      switch result {
      case .failure(let failure): answer(.failed(failure))
      case .success(let stream):
        switch attach.purpose {
        case .follow(_, let isRepeated):
          answer(follow(attach, in: stream, isRepeated: isRepeated))
        case .whole(let endpoint): answer(wait(attach, for: stream, endpoint))
        case .acknowledge:
          answer(
            .acknowledged(
              stream.id, createdAt: stream.createdAt, conversationID: stream.conversationID))
        }
      }
    }
  }

  private func follow(_ attach: Attach, in stream: Stream, isRepeated: Bool) -> AttachAnswer {
    var attach = attach
    if stream.ending != nil && attach.after == stream.lastEventID { return .past }
    if stream.isInterrupted && attach.after < stream.lastEventID {
      attach.after = min(attach.after, stream.sequence - 1)
    }
    guard attach.after <= stream.sequence else { return .ahead }
    if isRepeated, case .failed(let failure) = stream.ending, stream.sequence == 1,
      attach.key.format != .lines
    {
      return .failed(failure)
    }
    let index = stream.rendering(for: attach.key)
    let rendering = stream.renderings[index].rendering
    touch(stream)
    // The position may lie behind what has been published so far in this turn.
    rendering.publish()
    guard let offset = rendering.offset(after: attach.after) else { return .ahead }
    count(attach, in: stream, index)
    // The same text, and not another copy of it for each reader.
    attach.id = stream.id
    return .reading(attach, rendering, offset: offset, conversationID: stream.conversationID)
  }

  private func wait(_ attach: Attach, for stream: Stream, _ endpoint: Endpoint) -> AttachAnswer {
    guard let generation = generation(stream.id) else {
      return .whole(wholeReply(stream, for: endpoint))
    }
    generation.wait(
      Generation.Waiter(connection: attach.connection, loop: attach.loop, endpoint: endpoint))
    count(attach, in: stream, stream.rendering(for: attach.key))
    return .waiting(attach)
  }

  private func count(_ attach: Attach, in stream: Stream, _ index: Int) {
    stream.readers += 1
    if attach.loop != loop.index {
      stream.renderings[index].remoteReaders[attach.loop] += 1
    }
    generation(attach.id)?.readersChanged()
  }

  /// The stream's state, after it has been stopped if it runs and somebody who may wishes it.
  func snapshot(
    _ id: StreamID, stoppedBy authority: StopAuthority?,
    _ answer: @escaping (Result<StreamSnapshot, Failure>) -> Void
  ) {
    if let authority, let generation = generation(id) {
      guard authority.covers(generation) else {
        return answer(
          .failure(Failure(.forbidden, "this key opens no streams, and did not begin this one")))
      }
      generation.cancel()
    }
    withStream(id) { result in answer(result.map(\.snapshot)) }
  }

  // MARK: From the archive

  /// A stream of this loop, from memory or from the archive.
  private func withStream(_ id: StreamID, _ body: @escaping (Result<Stream, Failure>) -> Void) {
    if let stream = streams[id] { return body(.success(stream)) }
    let since = expiryLimit
    ask { [archive = shared.archive] in
      archive.stream(id.text, finishedAfter: since, $0)
    } then: { [self] result in
      // Somebody else may have asked for it as well.
      if let stream = streams[id] { return body(.success(stream)) }
      switch result {
      case .success(nil): body(.failure(Self.unknownStream))
      case .success(let stored?): body(.success(takeBack(stored, id)))
      case .failure(let error): body(.failure(storageFailure(error)))
      }
    }
  }

  /// Makes a stream of what was stored, as if it had ended here.
  private func takeBack(_ stored: StoredStream, _ id: StreamID) -> Stream {
    _ = hasMemory()
    let stream = makeStream(
      id, conversationID: stored.conversation?.id,
      createdAt: UInt64(max(stored.createdAt, 0)) * 1_000_000)
    stream.append(framed: stored.log.span)
    if let conversation = stored.conversation {
      let api = AgentDirectory.api(of: conversation.kind)
      if let agent = configuration.agents.agent(id: conversation.agent, on: api) {
        stream.turn = TurnContext(
          agent: agent, conversation: conversation, reply: stored.reply)
      }
    }
    stream.continuations = stored.continuations
    stream.close(Ending(stored))
    let age = UInt64(max(0, WallClock.milliseconds - stored.finishedAt)) * 1_000_000
    shared.retention.add(
      Retention.Entry(
        id: id, finishedAt: loop.now > age ? loop.now - age : 0, bytes: stream.heldBytes))
    return stream
  }
}

extension Ending {
  fileprivate init(_ stored: StoredStream) {
    switch stored.ending {
    case .done: self = .done(finishReason: stored.finishReason)
    case .cancelled: self = .cancelled
    case .failed(let code, let message):
      self = .failed(Failure(Failure.Reason(rawValue: code) ?? .internalError, message))
    }
  }
}

extension Stream {
  fileprivate var snapshot: StreamSnapshot {
    var status = StreamSnapshot.Status.streaming
    var failure: Failure?
    var reason = finishReason
    switch ending {
    case nil: break
    case .done: status = .done
    case .cancelled:
      status = .cancelled
      reason = "cancelled"
    case .failed(let found):
      status = .error
      failure = found
    }
    var snapshot = StreamSnapshot(
      id: id.text, status: status, text: answerText(), finishReason: reason, usage: usage,
      failure: failure, createdAt: WallClock.text(createdAt), lastEventID: lastEventID,
      subscribers: readers)
    snapshot.continuations = continuations
    return snapshot
  }
}
