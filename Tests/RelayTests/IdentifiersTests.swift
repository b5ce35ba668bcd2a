import Testing

@testable import Relay

@Suite struct IdentifiersTests {
  @Test func `ids have the shapes that clients know`() {
    #expect(Identifiers.chat().wholeMatch(of: /chat_[0-9A-Za-z]{16}/) != nil)
    #expect(Identifiers.message().wholeMatch(of: /item_[0-9A-Za-z]{16}/) != nil)
    #expect(Identifiers.conversation().wholeMatch(of: /conv_[0-9A-Za-z]{24}/) != nil)
    #expect(Identifiers.widgetConversation().wholeMatch(of: /[0-9a-z]{32}/) != nil)
  }

  @Test func `no id comes twice, and every letter comes`() {
    let ids = (0..<2000).map { _ in Identifiers.chat() }
    #expect(Set(ids).count == ids.count)
    #expect(Set(ids.flatMap { $0.dropFirst(5) }).count == 62)
  }
}
