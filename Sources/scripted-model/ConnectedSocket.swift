import Glibc

/// How an answer was left before its script was done with it.
enum Departure: Error {
  /// The script cut it: FIN next.
  case cut
  /// The script asked for a reset.
  case reset
  /// The client closed or reset the connection.
  case gone
}

/// An accepted connection. Every wait for time, room or a gate also watches the client.
///
/// The owner ends it with exactly one of `close`, `finish` and `reset`.
struct ConnectedSocket: Sendable {
  enum Awakening { case deadline, gone, gateOpen }

  let descriptor: Int32

  /// poll(2) as Linux defines it: the peer has closed at least its writing half.
  private static let pollReadHangUp: Int16 = 0x2000
  private static let goneEvents =
    pollReadHangUp | Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL)
  /// How long a finished connection waits for its client to close.
  private static let farewellNanoseconds: Int64 = 5_000_000_000

  init(descriptor: Int32) {
    self.descriptor = descriptor
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
  }

  /// Waits until `deadline` (CLOCK_MONOTONIC nanoseconds), the gate's opening or the client's
  /// leaving, whichever comes first; a deadline in the past only looks.
  func wait(untilNanoseconds deadline: Int64, gate: Gate? = nil) -> Awakening {
    var polled = [pollfd(fd: descriptor, events: Self.pollReadHangUp, revents: 0)]
    if let gate { polled.append(pollfd(fd: gate.descriptor, events: 0, revents: 0)) }
    while true {
      let left = max(0, deadline - monotonicNanoseconds())
      let count = unsafe poll(&polled, nfds_t(polled.count), Int32(left / 1_000_000))
      if count > 0 {
        if polled[0].revents & Self.goneEvents != 0 { return .gone }
        if polled.count > 1, polled[1].revents != 0 { return .gateOpen }
      }
      if count == 0, deadline - monotonicNanoseconds() < 1_000_000 {
        sleep(untilNanoseconds: deadline)
        return .deadline
      }
    }
  }

  /// Sends all bytes, in one call if the kernel takes them in one; `sent` grows by what it took.
  func send(_ bytes: ArraySlice<UInt8>, sent: inout Int) throws(Departure) {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        try waitForRoom()
      } else if errno != EINTR {
        throw .gone
      }
    }
  }

  private func waitForRoom() throws(Departure) {
    var polled = pollfd(
      fd: descriptor, events: Int16(POLLOUT) | Self.pollReadHangUp, revents: 0)
    guard unsafe poll(&polled, 1, -1) > 0 else { return }
    if polled.revents & Self.goneEvents != 0 { throw .gone }
  }

  /// Appends what has come, waiting for the first byte; false at the end or after an error.
  func receive(into buffer: inout [UInt8]) -> Bool {
    var block = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = unsafe recv(descriptor, &block, block.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer.append(contentsOf: block[..<count])
      return true
    }
  }

  /// Sends FIN, then reads until the client closes too, for at most five seconds: closing with
  /// unread bytes would turn the FIN into a reset.
  func finish() {
    shutdown(descriptor, Int32(SHUT_WR))
    let deadline = monotonicNanoseconds() + Self.farewellNanoseconds
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    var ignored: [UInt8] = []
    while true {
      let left = deadline - monotonicNanoseconds()
      guard left > 0, unsafe poll(&polled, 1, Int32(left / 1_000_000) + 1) > 0,
        receive(into: &ignored)
      else { break }
      ignored.removeAll(keepingCapacity: true)
    }
    close()
  }

  /// Sends RST; what the kernel still held is lost.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout<linger>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, size)
    close()
  }

  func close() { _ = Glibc.close(descriptor) }
}
