internal import Archive
internal import ClientAPIs
internal import Downstream
internal import EventLoop
internal import Glibc
internal import StreamLog
internal import Synchronization

extension Worker {
  func receive(_ batch: [Message]) {
    for message in batch { receive(message) }
  }

  private func receive(_ message: Message) {
    switch message {
    case .attach(let attach):
      place(attach) { [self] answer in
        shared.mailboxes[attach.loop].post(.attached(connection: attach.connection, answer))
      }
    case .attached(let connection, let answer): attached(connection, answer)
    case .advanced(let renderings): advanced(renderings)
    case .left(let id, let key, let reader): readerLeft(id, key, loop: reader)
    case .inquire(let id, let authority, let connection, let asker):
      snapshot(id, stoppedBy: authority) { [self] snapshot in
        shared.mailboxes[asker].post(.answer(connection: connection, snapshot))
      }
    case .answer(let connection, let snapshot): answered(connection, snapshot)
    case .deliver(let connection, let reply): delivered(connection, reply)
    case .resumed(let ticket): resume(ticket)
    case .expire(let entry): expire(entry)
    case .report(let ticket, let lists, let asker):
      shared.mailboxes[asker].post(.reported(ticket: ticket, report(listing: lists)))
    case .reported(let ticket, let report): reported(ticket, report)
    case .configured(let configuration, let confirmation):
      configured(configuration)
      confirmation.confirm()
    case .drain: drain()
    // The end of the turn looks.
    case .leaving: break
    case .exit: loop.stop()
    #if DEBUG
      case .stall: while shared.isStalled.load(ordering: .relaxed) { usleep(1000) }
    #endif
    }
  }

  // MARK: As the asker

  /// Asks the owner, be it this loop or another; the answer comes to `attached`.
  func ask(_ question: Attach) {
    let owner = shared.owner(of: question.id)
    guard owner == loop.index else { return shared.mailboxes[owner].post(.attach(question)) }
    place(question) { [self] in attached(question.connection, $0) }
  }

  func request(_ identifier: UInt64) -> (Connection, RequestRecord)? {
    guard let connection = server.connection(identifier),
      let record = connection.exchange as? RequestRecord
    else { return nil }
    return (connection, record)
  }

  private func attached(_ identifier: UInt64, _ answer: AttachAnswer) {
    if let (connection, record) = request(identifier) {
      return attach(connection, record, answer)
    }
    // The client left while we asked: the owner counts it all the same.
    switch answer {
    case .reading(let place, _, _, _), .waiting(let place):
      let owner = shared.owner(of: place.id)
      if owner == loop.index { return readerLeft(place.id, place.key, loop: owner) }
      shared.mailboxes[owner].post(.left(place.id, place.key, loop: loop.index))
    case .whole, .acknowledged, .past, .ahead, .failed: break
    }
  }

  func answered(_ identifier: UInt64, _ snapshot: Result<StreamSnapshot, Failure>) {
    guard let (connection, record) = request(identifier) else { return }
    answer(connection, record, snapshot)
  }

  private func delivered(_ identifier: UInt64, _ reply: WholeReply) {
    guard let (connection, record) = request(identifier) else { return }
    deliver(reply, connection, record)
  }

  /// On this loop or another.
  func deliver(_ reply: WholeReply, to waiter: Generation.Waiter) {
    if waiter.loop == loop.index {
      delivered(waiter.connection, reply)
    } else {
      shared.mailboxes[waiter.loop].post(.deliver(connection: waiter.connection, reply))
    }
  }
}
