internal import EventLoop
internal import ClientAPIs
internal import Downstream
internal import StreamLog

extension Worker {
  func receive(_ batch: [Message]) {
    for message in batch { receive(message) }
  }

  private func receive(_ message: Message) {
    switch message {
    case .attach(let attach):
      shared.mailboxes[attach.loop].post(
        .attached(connection: attach.connection, place(attach)))
    case .attached(let connection, let answer): attached(connection, answer)
    case .advanced(let renderings): advanced(renderings)
    case .left(let id, let key, let reader): readerLeft(id, key, loop: reader)
    case .inquire(let id, let cancels, let connection, let asker):
      let snapshot = cancels ? cancelled(id) : snapshot(id)
      shared.mailboxes[asker].post(.answer(connection: connection, snapshot))
    case .answer(let connection, let snapshot): answered(connection, snapshot)
    case .expire(let entry): expire(entry)
    case .drain: drain()
    case .exit: loop.stop()
    }
  }

  // MARK: As the owner

  /// Finds a reader's place in a stream of this loop, and counts it.
  func place(_ attach: Attach) -> AttachAnswer {
    guard let stream = streams[attach.id] else { return .unknown }
    guard attach.after <= stream.sequence else { return .ahead }
    if stream.ending != nil && attach.after == stream.sequence { return .past }
    let index = stream.rendering(for: attach.key)
    let rendering = stream.renderings[index].rendering
    touch(stream)
    // The position may lie behind what has been published so far in this turn.
    rendering.publish()
    guard let offset = rendering.offset(after: attach.after) else { return .ahead }
    stream.readers += 1
    if attach.loop != loop.index {
      stream.withRendering(index) { $0.remoteReaders[attach.loop] += 1 }
    }
    generation(attach.id)?.readersChanged()
    return .reading(attach, rendering, offset: offset)
  }

  func snapshot(_ id: StreamID) -> StreamSnapshot? {
    guard let stream = streams[id] else { return nil }
    var status = StreamSnapshot.Status.streaming
    var failure: Failure?
    var reason = stream.finishReason
    switch stream.ending {
    case nil: break
    case .done: status = .done
    case .cancelled:
      status = .cancelled
      reason = "cancelled"
    case .failed(let found):
      status = .error
      failure = found
    }
    return StreamSnapshot(
      id: id.text, status: status, text: stream.answerText(), finishReason: reason,
      usage: stream.usage, failure: failure, createdAt: WallClock.text(stream.createdAt),
      lastEventID: stream.sequence, subscribers: stream.readers)
  }

  /// Stops it if it runs; the state after that.
  func cancelled(_ id: StreamID) -> StreamSnapshot? {
    generation(id)?.cancel()
    return snapshot(id)
  }

  // MARK: As the reader's loop

  private func attached(_ identifier: UInt64, _ answer: AttachAnswer) {
    guard let connection = server.connection(identifier),
      let record = connection.exchange as? RequestRecord
    else {
      // The client left while we asked: the owner counts it all the same.
      if case .reading(let place, _, _) = answer {
        shared.mailboxes[place.id.owner].post(.left(place.id, place.key, loop: loop.index))
      }
      return
    }
    attach(connection, record, answer)
  }

  private func answered(_ identifier: UInt64, _ snapshot: StreamSnapshot?) {
    guard let connection = server.connection(identifier),
      let record = connection.exchange as? RequestRecord
    else { return }
    answer(connection, record, snapshot)
  }
}
