import Glibc
import Synchronization
import Testing

@testable import EventLoop

@Suite struct SystemTests {
  @Test func `an error names the call and the kernel's reason`() {
    #expect(SystemError("bind /x", EADDRINUSE).description == "bind /x: Address already in use")
    #expect(throws: SystemError("x", 5)) { try SystemError.check(-5, "x") }
    #expect(throws: Never.self) { try SystemError.check(0, "x") }
  }

  @Test func `a descriptor is closed when its owner goes`() {
    var ends: [CInt] = [-1, -1]
    unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
    do { _ = Descriptor(owning: ends[0]) }
    var byte: UInt8 = 0
    #expect(unsafe read(ends[1], &byte, 1) == 0, "the other end sees the end")
    close(ends[1])
  }

  @Test func `a thread has its name and is waited for`() throws {
    let name = Mutex("")
    let thread = try LoopThread.start(name: "a-name-of-15-b") {
      var buffer = [UInt8](repeating: 0, count: 32)
      let file = unsafe open("/proc/thread-self/comm", O_RDONLY)
      let count = unsafe read(file, &buffer, buffer.count)
      close(file)
      let text = String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self)
      name.withLock { $0 = text }
    }
    thread.join()
    #expect(name.withLock { $0 } == "a-name-of-15-b")
    #expect(processorCount() >= 1)
  }
}
