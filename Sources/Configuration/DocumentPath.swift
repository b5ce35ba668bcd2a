/// Where in the file something is: `upstreams[0].timeouts.connect`.
struct DocumentPath: Hashable, CustomStringConvertible {
  enum Part: Hashable {
    case key(String)
    case index(Int)
  }

  var parts: [Part] = []

  var parent: DocumentPath? {
    parts.isEmpty ? nil : DocumentPath(parts: parts.dropLast())
  }

  subscript(_ key: String) -> DocumentPath { DocumentPath(parts: parts + [.key(key)]) }
  subscript(_ index: Int) -> DocumentPath { DocumentPath(parts: parts + [.index(index)]) }

  var description: String {
    var text = ""
    for part in parts {
      switch part {
      case .index(let index): text += "[\(index)]"
      case .key(let key) where DocumentPath.isPlain(key): text += text.isEmpty ? key : "." + key
      case .key(let key): text += "[\(quoted(key))]"
      }
    }
    return text
  }

  private static func isPlain(_ key: String) -> Bool {
    1...64 ~= key.utf8.count
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
