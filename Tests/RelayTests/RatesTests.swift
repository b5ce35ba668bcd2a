import Admission
import Configuration
import Testing

@testable import Relay

@Suite struct RatesTests {
  private static let second: UInt64 = 1_000_000_000
  private let address: [UInt8] = [192, 0, 2, 1]

  private func settings(_ change: (inout Settings) -> Void) -> Settings {
    var settings = Settings()
    settings.keys = [Settings.NamedKey(name: "alice", source: .file(path: "a"))]
    change(&settings)
    return settings
  }

  @Test func `what was used before a reload is used after it`() {
    let now = 5 * Self.second
    let rates = Rates(
      settings {
        $0.rates.chats.requests = 3
        $0.keys[0].rate.requests = 4
      }, now: now)
    for _ in 0..<3 {
      #expect(rates.decide(.chats, address, now: now, counts: true)?.isAllowed == true)
    }
    #expect(rates.decide(.chats, address, now: now, counts: true)?.isAllowed == false)
    for _ in 0..<4 { #expect(rates.take(key: "alice", now: now)?.isAllowed == true) }

    rates.configure(
      settings {
        $0.rates.chats.requests = 5
        $0.keys[0].rate.requests = 6
      }, now: now)
    #expect(rates.decide(.chats, address, now: now, counts: false)?.remaining == 2)
    for left in [1, 0] { #expect(rates.take(key: "alice", now: now)?.remaining == left) }
    #expect(rates.take(key: "alice", now: now)?.isAllowed == false)

    rates.configure(settings { $0.rates.chats.requests = 0 }, now: now)
    #expect(rates.decide(.chats, address, now: now, counts: true) == nil)
    #expect(rates.take(key: "alice", now: now) == nil)
  }

  @Test func `places are given back whatever the limits have become`() throws {
    let rates = Rates(
      settings {
        $0.limits.streamsPerClient = 1
        $0.keys[0].streams = 1
      }, now: 0)
    guard case .taken(let slot) = rates.takeSlot(address),
      case .taken(let keySlot) = rates.takeSlot(key: "alice"),
      case .full = rates.takeSlot(address), case .full = rates.takeSlot(key: "alice")
    else { throw Oddity() }
    rates.configure(settings { $0.keys[0].streams = 2 }, now: 0)
    guard case .unlimited = rates.takeSlot(address),
      case .taken = rates.takeSlot(key: "alice"), case .full = rates.takeSlot(key: "alice")
    else { throw Oddity() }
    rates.release(slot)
    rates.release(keySlot)
    #expect(rates.addressesWithSlots == 0 && rates.keySlots == 1)
    rates.configure(settings { $0.keys = [] }, now: 0)
    rates.release(keySlot)
    #expect(rates.keySlots == 0)
  }

  @Test func `addresses of one network are one client, as far as the setting says`() {
    var (one, other) = ([UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 16))
    (one[0], one[7], one[15]) = (0x20, 1, 1)
    (other[0], other[7], other[15]) = (0x20, 2, 9)
    for (prefix, left) in [(64, 1), (48, 0), (128, 1)] {
      let rates = Rates(
        settings {
          $0.rates.agents.requests = 2
          $0.rates.ipv6Prefix = prefix
        }, now: 0)
      _ = rates.decide(.agents, one, now: 0, counts: true)
      #expect(rates.decide(.agents, other, now: 0, counts: true)?.remaining == left)
    }
  }

  private struct Oddity: Error {}
}
