import EventLoop
import HTTPWire
import Testing

@testable import Downstream

/// The harness's header is a line with a number; what a real one looks like is `Admission`'s.
@Suite struct ConnectionProxyHeaderTests {
  private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

  @Test(arguments: [1, 2, 3, 4, 40])
  func `the client is whom the header names, wherever it is cut`(_ first: Int) throws {
    let harness = try Harness()
    let peer = harness.connect(role: .proxies)
    let bytes = "77\n" + Self.get
    peer.write(String(bytes.prefix(first)))
    try harness.turn()
    peer.write(String(bytes.dropFirst(first)))
    try harness.turn()
    peer.read()
    #expect(peer.text.statusLine == "HTTP/1.1 200 OK")
    #expect(harness.connection?.peer.bytes == [10, 0, 0, 77])
    peer.write("78\n")
    try harness.turn()
    #expect(harness.connection?.peer.bytes == [10, 0, 0, 77])
  }

  @Test func `a proxy's own connection is its own`() throws {
    let harness = try Harness()
    let peer = harness.connect(role: .proxies)
    peer.write("-\n" + Self.get)
    try harness.turn()
    peer.read()
    #expect(peer.text.statusLine == "HTTP/1.1 200 OK")
    #expect(harness.connection?.peer.bytes == [])
  }

  @Test func `who begins with something else is left without a word`() throws {
    let harness = try Harness()
    let peer = harness.connect(role: .proxies)
    peer.write(Self.get)
    try harness.turn()
    #expect(peer.read() == 0 && harness.connection == nil)
    #expect(harness.server.refusedProxyHeaders == 1 && harness.service.exchanges.isEmpty)
  }

  @Test func `a header that does not come in time is not waited for`() throws {
    var limits = Server.Limits()
    limits.headTimeout = 20 * Harness.milliseconds
    let harness = try Harness(limits)
    let peer = harness.connect(role: .proxies)
    peer.write("7")
    #expect(try harness.turn(until: { harness.connection == nil }))
    #expect(harness.server.refusedProxyHeaders == 1 && peer.read() == 0)
  }
}
