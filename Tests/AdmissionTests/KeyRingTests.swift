import Admission
import Testing

@Suite struct KeyRingTests {
  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static func key(
    _ name: String, _ bytes: [UInt8], _ scope: KeyScope = .chats
  ) -> KeyRing.Key { KeyRing.Key(name: name, bytes: bytes, scope: scope) }

  private let ring = KeyRing([
    key("phone", bytes("sk-phone-0123456789")), key("web", bytes("sk-web-0123456789")),
    key("bytes", [0x00, 0xFF, 0x80, 0x0A]),
  ])

  private func name(of presented: String) -> String? {
    ring.name(of: presented.utf8.span, for: .chats)
  }

  @Test func `a key that is known has its name`() {
    #expect(name(of: "sk-phone-0123456789") == "phone")
    #expect(name(of: "sk-web-0123456789") == "web")
    let raw: [UInt8] = [0x00, 0xFF, 0x80, 0x0A]
    #expect(ring.name(of: raw.span, for: .chats) == "bytes")
  }

  @Test func `a key with any one bit changed is unknown`() {
    let key = Self.bytes("sk-web-0123456789")
    for position in key.indices {
      for bit in 0..<8 {
        var changed = key
        changed[position] ^= 1 << bit
        #expect(ring.name(of: changed.span, for: .chats) == nil)
      }
    }
  }

  @Test func `every beginning of a key, and every continuation, is unknown`() {
    let key = "sk-web-0123456789"
    for length in 0..<key.utf8.count { #expect(name(of: String(key.prefix(length))) == nil) }
    for end in ["\0", "0", " ", "\n", key] { #expect(name(of: key + end) == nil) }
    #expect(name(of: " " + key) == nil)
    #expect(name(of: key.uppercased()) == nil)
  }

  @Test func `a name opens what its key opens, and any known key the empty scope`() {
    let ring = KeyRing([
      Self.key("both", Self.bytes("sk-both"), [.chats, .streams]),
      Self.key("one", Self.bytes("sk-one"), .widget),
    ])
    #expect(ring.opens(.streams, name: "both") && ring.opens([.chats, .streams], name: "both"))
    #expect(!ring.opens(.streams, name: "one") && !ring.opens(.streams, name: "nobody"))
    #expect(ring.name(of: "sk-one".utf8.span, for: []) == "one")
    #expect(ring.name(of: "sk-none".utf8.span, for: []) == nil)
  }

  @Test func `no key is presented as an empty one`() {
    #expect(name(of: "") == nil)
  }

  @Test func `without keys the ring is empty, and nothing is a key`() {
    let empty = KeyRing([])
    #expect(empty.isEmpty)
    #expect(empty.name(of: "sk-web-0123456789".utf8.span, for: .chats) == nil)
    #expect(!ring.isEmpty)
  }

  @Test func `of two names for one key the later counts`() {
    let ring = KeyRing([
      Self.key("old", Self.bytes("same")), Self.key("new", Self.bytes("same")),
    ])
    #expect(ring.name(of: "same".utf8.span, for: .chats) == "new")
  }

  @Test func `a key opens what it is for and nothing else`() {
    let all: [KeyScope] = [.completions, .streams, .chats, .agents, .widget, .admin]
    let ring = KeyRing([
      Self.key("both", Self.bytes("first"), [.widget, .agents]),
      Self.key("one", Self.bytes("second"), .admin),
    ])
    for scope in all {
      let opensFirst = scope == .widget || scope == .agents
      #expect(ring.name(of: "first".utf8.span, for: scope) == (opensFirst ? "both" : nil))
      #expect(ring.name(of: "second".utf8.span, for: scope) == (scope == .admin ? "one" : nil))
      #expect(ring.opens(scope) == (opensFirst || scope == .admin))
    }
  }
}
