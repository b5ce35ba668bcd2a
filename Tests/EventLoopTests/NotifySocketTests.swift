import Glibc
import Testing

@testable import EventLoop

@Suite struct NotifySocketTests {
  private func interval(_ variables: [String: String]) -> UInt64? {
    NotifySocket.watchdogInterval({ variables[$0] }, process: 7)
  }

  @Test func `the watchdog's time is in microseconds, and for one process`() {
    #expect(interval([:]) == nil)
    #expect(interval(["WATCHDOG_USEC": "30000000"]) == 30_000_000_000)
    #expect(interval(["WATCHDOG_USEC": "1", "WATCHDOG_PID": "7"]) == 1_000)
    #expect(interval(["WATCHDOG_USEC": "1", "WATCHDOG_PID": "8"]) == nil)
    for text in ["", "0", "-1", "1s", "18446744073709551615"] {
      #expect(interval(["WATCHDOG_USEC": text]) == nil, "\(text)")
    }
  }

  @Test func `each news is an assignment a line`() {
    let expected: [(NotifySocket.News, String)] = [
      (.ready, "READY=1"), (.stopping, "STOPPING=1"), (.alive, "WATCHDOG=1"),
      (.reloading(at: 12_345_999), "RELOADING=1\nMONOTONIC_USEC=12345"),
      (.extending(by: 2_000_000_000), "EXTEND_TIMEOUT_USEC=2000000"),
      (.status("one line\nREADY=1\r\nof text"), "STATUS=one line READY=1 of text"),
    ]
    for (news, text) in expected { #expect(news.text == text) }
  }

  @Test func `a manager that is not there is no error`() {
    #expect(throws: SystemError("connect /nonexistent/notify", ENOENT)) {
      _ = try NotifySocket(address: "/nonexistent/notify", watchdogInterval: nil)
    }
    let long = "/" + String(repeating: "a", count: 107)
    #expect(throws: SystemError("socket address \(long)", ENAMETOOLONG)) {
      _ = try NotifySocket(address: long, watchdogInterval: nil)
    }
  }
}

@Suite struct InheritedSocketTests {
  private func announced(_ variables: [String: String]) -> [InheritedSocket.Announced] {
    InheritedSocket.announced({ variables[$0] }, process: 7)
  }

  @Test func `descriptors are announced from 3 on, with their names`() {
    let variables = ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "one::three"]
    #expect(
      announced(variables) == [
        .init(number: 3, name: "one"), .init(number: 4, name: "unknown"),
        .init(number: 5, name: "three"),
      ])
    #expect(
      announced(["LISTEN_PID": "7", "LISTEN_FDS": "1"]) == [.init(number: 3, name: "unknown")])
  }

  @Test(arguments: [
    [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_PID": "7"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "0"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "1025"], ["LISTEN_PID": "7", "LISTEN_FDS": "one"],
    ["LISTEN_PID": "", "LISTEN_FDS": "1"],
  ])
  func `what is not announced to us is not ours`(variables: [String: String]) {
    #expect(announced(variables) == [])
  }

  @Test func `an address is what the socket is bound to`() throws {
    let listening = try ListeningSocket.tcp(host: "127.0.0.1", port: 0)
    let copy = try InheritedSocket(try listening.duplicate(), name: "one")
    #expect(copy.address == .tcp(host: "127.0.0.1", port: listening.port))
    let six = try ListeningSocket.tcp(host: "::1", port: 0)
    let other = try InheritedSocket(try six.duplicate(), name: "two")
    #expect(other.address == .tcp(host: "::1", port: six.port))
    let taken = [ListeningSocket(copy).isInherited, ListeningSocket(other).isTCP]
    #expect(taken == [true, true])
  }

  @Test func `an abstract name keeps its mark`() throws {
    let name = "@deltad-test-\(getpid())"
    let number = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let bound = try unsafe UnixAddress(name).use { unsafe bind(number, $0, $1) }
    #expect(bound == 0 && listen(number, 1) == 0)
    let inherited = try InheritedSocket(number, name: "one")
    #expect(inherited.address == .unix(path: name))
    let isTCP = ListeningSocket(inherited).isTCP
    #expect(!isTCP)
  }

  @Test func `what does not listen is refused`() throws {
    let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    #expect(throws: SystemError.self) { _ = try InheritedSocket(number, name: "one") }
  }
}
