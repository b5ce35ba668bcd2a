import Foundation
import HTTPWire
import Testing

/// Three lines of `Fixtures/http-requests.txt`, which a test of the whole server reads too:
///
///     # name
///     the bytes of one connection, with \r \n \t \\ \xNN
///     => status keep|close
///
/// The status is that of the first response; `keep` if the connection is open after all responses.
/// The server has `GET /healthz` (200), and answers 405 to other methods there and 404 elsewhere.
struct RequestFixture: CustomTestStringConvertible, Sendable {
  let name: String
  let input: [UInt8]
  let status: Int
  let staysOpen: Bool

  var testDescription: String { name }

  init?(_ lines: ArraySlice<Substring>) {
    let lines = Array(lines)
    guard lines.count == 3, lines[0].hasPrefix("# "), lines[2].hasPrefix("=> ") else { return nil }
    let expectation = lines[2].dropFirst(3).split(separator: " ")
    guard expectation.count == 2, let status = Int(expectation[0]),
      ["keep", "close"].contains(expectation[1]), let input = Self.unescaped(lines[1])
    else { return nil }
    name = String(lines[0].dropFirst(2))
    self.input = input
    self.status = status
    staysOpen = expectation[1] == "keep"
  }

  private static func unescaped(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    return bytes
  }

  /// Nil where three lines are no vector.
  static let all: [RequestFixture?] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/http-requests.txt")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return stride(from: 0, to: lines.count, by: 3).map { index in
      RequestFixture(lines[index..<min(index + 3, lines.count)])
    }
  }()
}

/// What the fixtures' server answers to all bytes of one connection, told by this module alone.
private struct FixtureServer {
  private(set) var statuses: [Int] = []
  private(set) var isOpen = true
  private var rest: [UInt8]

  init(_ bytes: [UInt8]) {
    rest = bytes
    while isOpen, !rest.isEmpty, answerNext() {}
  }

  private mutating func close(with status: Int) {
    statuses.append(status)
    isOpen = false
  }

  /// False when what is left is no whole request.
  private mutating func answerNext() -> Bool {
    var parser = RequestHeadParser(limits: HeadLimits())
    do throws(RequestHeadError) {
      guard case .complete(let consumed) = try parser.parse(rest.span) else { return false }
      let status = answer(to: parser.head)
      rest.removeFirst(consumed)
      guard readBody(parser.head.framing) else { return true }
      statuses.append(status)
      isOpen = parser.head.keepAlive
    } catch {
      close(with: error.status)
    }
    return true
  }

  private func answer(to head: RequestHead) -> Int {
    guard TargetPath.segments(head.path, in: rest.span) == ["healthz"] else { return 404 }
    return head.method == .get ? 200 : 405
  }

  private mutating func readBody(_ framing: BodyFraming) -> Bool {
    switch framing {
    case .none: break
    case .length(let count): rest.removeFirst(count)
    case .chunked:
      var decoder = ChunkedBodyDecoder()
      do throws(ChunkedBodyError) {
        let status = try decoder.decode(rest.span) { _ in }
        guard case .complete(let consumed) = status else {
          Issue.record("a body without an end")
          return false
        }
        rest.removeFirst(consumed)
      } catch {
        close(with: error.status)
        return false
      }
    }
    return true
  }
}

@Suite struct RequestFixtureTests {
  @Test func `the file has vectors, each of three lines and a name of its own`() {
    let vectors = RequestFixture.all.compactMap(\.self)
    #expect(vectors.count == RequestFixture.all.count)
    #expect(vectors.count >= 60)
    #expect(Set(vectors.map(\.name)).count == vectors.count)
  }

  @Test(arguments: RequestFixture.all.compactMap(\.self))
  func `the parser agrees with what the server is expected to answer`(vector: RequestFixture) {
    let server = FixtureServer(vector.input)
    #expect(server.statuses.first == vector.status)
    #expect(server.isOpen == vector.staysOpen)
  }
}
