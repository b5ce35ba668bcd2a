import EventLoop
import ModelFormats
import Testing

@testable import Upstream

@Suite struct TransferTests {
  private static let hello = #"{"choices":[{"delta":{"content":"Hello"}}]}"#
  private static let request = #"{"model":"m","messages":[]}"#

  private func start(
    _ harness: TransferHarness, _ provider: Provider? = nil, _ receiver: Receiver
  ) throws -> Transfer {
    let transfer = Transfer(
      Array(Self.request.utf8), to: provider ?? harness.provider(), on: harness.driver,
      receiver: receiver)
    #expect(
      try harness.turn(until: { harness.upstream.received.hasSuffix(Self.request) }))
    return transfer
  }

  @Test func `a request is what a provider expects, key and all`() throws {
    let harness = try TransferHarness()
    let receiver = Receiver()
    let transfer = try start(harness, nil, receiver)
    let request = harness.upstream.takeRequest()
    #expect(request.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
    #expect(request.contains("\r\nAuthorization: Bearer sk-test\r\n"))
    #expect(request.contains("\r\nContent-Type: application/json\r\n"))
    #expect(request.contains("\r\nAccept-Encoding: identity\r\n"))
    #expect(request.contains("\r\nContent-Length: \(Self.request.utf8.count)\r\n"))
    #expect(!request.contains("Expect:"))
    transfer.cancel()
    #expect(harness.driver.activeTransfers == 0)
    #expect(try harness.turn(until: { harness.upstream.sawEnd }), "the upstream is told to stop")
    #expect(receiver.end == nil)
  }

  @Test func `an answer comes event by event, and its connection is used again`() throws {
    let harness = try TransferHarness()
    let provider = harness.provider()
    for _ in 0..<3 {
      let receiver = Receiver()
      let transfer = try start(harness, provider, receiver)
      _ = harness.upstream.takeRequest()
      harness.upstream.write(ScriptedUpstream.streamHead)
      for number in 1...3 {
        harness.upstream.writeChunk("data: \(Self.hello)\n\n")
        #expect(try harness.turn(until: { receiver.payloads.count == number }))
      }
      harness.upstream.writeChunk("data: [DONE]\n\n")
      #expect(try harness.turn(until: { receiver.end == "complete" }))
      harness.upstream.write("0\r\n\r\n")
      #expect(try harness.turn(until: { harness.driver.activeTransfers == 0 }))
      #expect(receiver.payloads == [Self.hello, Self.hello, Self.hello])
      withExtendedLifetime(transfer) {}
    }
    #expect(harness.upstream.connections.count == 1)
  }

  @Test func `a receiver that cancels inside an event hears no more, and nothing fires later`()
    throws
  {
    let harness = try TransferHarness()
    harness.timeouts.idle = 20_000_000
    let receiver = Receiver()
    var transfer: Transfer? = try start(harness, nil, receiver)
    receiver.whenReceived = {
      transfer?.cancel()
      transfer = nil
    }
    harness.upstream.write(ScriptedUpstream.streamHead)
    harness.upstream.writeChunk("data: \(Self.hello)\n\ndata: [DONE]\n\n")
    #expect(try harness.turn(until: { harness.driver.activeTransfers == 0 }))
    try harness.turn(milliseconds: 60)
    #expect(receiver.payloads.count == 1)
    #expect(receiver.end == nil)
  }

  @Test func `a receiver may let the transfer go when it is told the end`() async {
    // The afterglow of a second must find nobody; a process of its own bears the crash if it does.
    await #expect(processExitsWith: .success) {
      let harness = try TransferHarness()
      let receiver = Receiver()
      var transfer: Transfer? = Transfer(
        Array("{}".utf8), to: harness.provider(), on: harness.driver, receiver: receiver)
      receiver.whenEnded = {
        transfer?.cancel()
        transfer = nil
      }
      let hasAsked = try harness.turn(until: { harness.upstream.received.hasSuffix("{}") })
      harness.upstream.write(ScriptedUpstream.streamHead)
      harness.upstream.writeChunk("data: [DONE]\n\n")
      let hasEnded = try harness.turn(until: { receiver.end == "complete" })
      try harness.turn(milliseconds: 1100)
      precondition(hasAsked && hasEnded && receiver.end == "complete")
    }
  }

  @Test(arguments: [
    ("data: hello", "cut"), ("data: {}\n\n", "cut"), ("data: garbage\n\n", "malformed"),
    ("data: {\"error\":\"x\"}\n\n", "reported"), ("data: [DONE]\n\n", "complete"),
    ("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", "complete"),
    ("data: \(String(repeating: "a", count: 70_000))", "tooLarge"),
  ])
  func `how an answer ends that closes in the middle`(body: String, end: String) throws {
    let harness = try TransferHarness()
    let receiver = Receiver()
    let transfer = try start(harness, nil, receiver)
    harness.upstream.write(ScriptedUpstream.streamHead)
    harness.upstream.writeChunk(body)
    harness.upstream.close()
    #expect(try harness.turn(until: { harness.driver.activeTransfers == 0 }))
    #expect(receiver.end == end)
    withExtendedLifetime(transfer) {}
  }

  @Test func `a refusal is passed on with all that it says`() throws {
    let harness = try TransferHarness()
    let receiver = Receiver()
    let transfer = try start(harness, nil, receiver)
    harness.upstream.write(
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 7\r\n"
        + "Content-Length: 12\r\n\r\n{\"error\":\"x\"")
    try harness.turn(milliseconds: 5)
    harness.upstream.write("}")
    #expect(try harness.turn(until: { receiver.end == "status(429)" }))
    #expect(receiver.fault?.body.isEmpty == false)
    #expect(receiver.fault?.contentType == "application/json")
    #expect(receiver.fault?.retryAfter == "7")
    withExtendedLifetime(transfer) {}
  }

  @Test func `a whole answer is handed over whole, within its limit`() throws {
    for (limit, end) in [(5, "complete"), (4, "tooLarge")] {
      let harness = try TransferHarness()
      let receiver = Receiver()
      let transfer = try start(harness, harness.provider(answerBytes: limit), receiver)
      harness.upstream.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\"a")
      try harness.turn(milliseconds: 5)
      harness.upstream.write("\":")
      #expect(try harness.turn(until: { receiver.end != nil }))
      #expect(receiver.end == end)
      #expect(receiver.answers == (limit == 5 ? ["{\"a\":"] : []))
      withExtendedLifetime(transfer) {}
    }
  }

  @Test func `nobody at the other end is a fault of the connection`() throws {
    let harness = try TransferHarness()
    let receiver = Receiver()
    let url = try ScriptedUpstream().url
    let transfer = Transfer(
      Array(Self.request.utf8), to: harness.provider(url: url), on: harness.driver,
      receiver: receiver)
    #expect(try harness.turn(until: { receiver.end != nil }))
    #expect(receiver.end == "connect")
    withExtendedLifetime(transfer) {}
  }

  @Test func `comments do not make a first event, and an event does not make an answer`() throws {
    let harness = try TransferHarness()
    harness.timeouts.firstEvent = 30_000_000
    harness.timeouts.idle = 60_000_000
    let (silent, stalled) = (Receiver(), Receiver())
    let start = harness.loop.now
    let first = try self.start(harness, nil, silent)
    harness.upstream.write(ScriptedUpstream.streamHead)
    #expect(
      try harness.turn(until: {
        harness.upstream.writeChunk(": ping\n\n")
        return silent.end != nil
      }))
    #expect(silent.end == "timeout(Upstream.UpstreamFault.Phase.firstEvent)")
    #expect(harness.loop.now - start >= 30_000_000)
    _ = harness.upstream.takeRequest()
    let second = try self.start(harness, nil, stalled)
    harness.upstream.write(ScriptedUpstream.streamHead)
    harness.upstream.writeChunk("data: \(Self.hello)\n\n")
    #expect(try harness.turn(until: { stalled.payloads.count == 1 }))
    let heard = harness.loop.now
    #expect(try harness.turn(until: { stalled.end != nil }))
    #expect(stalled.end == "timeout(Upstream.UpstreamFault.Phase.idle)")
    #expect(harness.loop.now - heard >= 50_000_000)
    withExtendedLifetime((first, second)) {}
  }
}
