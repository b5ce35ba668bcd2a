import Glibc
import Testing

@testable import EventLoop

@Suite struct SignalsTests {
  @Test func `signals are readiness, each told once`() async {
    // A process of its own: blocking a signal holds for a thread, and other tests share theirs.
    await #expect(processExitsWith: .success) {
      let signals = try Signals([SIGTERM, SIGHUP])
      let loop = try EventLoop()
      var received: [CInt] = []
      try signals.open(on: loop) { received.append($0) }
      try loop.turn(atMost: 0)
      precondition(received.isEmpty)
      // To this thread: others of the process do not block it.
      pthread_kill(pthread_self(), SIGHUP)
      try loop.turn(atMost: 1000)
      precondition(received == [SIGHUP])
      pthread_kill(pthread_self(), SIGTERM)
      pthread_kill(pthread_self(), SIGHUP)
      pthread_kill(pthread_self(), SIGHUP)
      try loop.turn(atMost: 1000)
      precondition(received.sorted() == [SIGHUP, SIGHUP, SIGTERM].sorted())
      try loop.turn(atMost: 0)
      precondition(received.count == 3)
    }
  }

  @Test func `a peer that closes early does not end the process`() async {
    await #expect(processExitsWith: .success) {
      _ = try Signals([SIGTERM])
      var ends: [CInt] = [-1, -1]
      unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
      close(ends[1])
      var byte: UInt8 = 0
      let written = unsafe Glibc.write(ends[0], &byte, 1)
      precondition(written == -1 && errno == EPIPE)
    }
  }
}
