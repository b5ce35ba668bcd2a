/// What is bound to a parameter of a statement.
enum Value {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])

  static func integer(_ number: Int) -> Value { .integer(Int64(number)) }
  static func integer(_ number: Int64?) -> Value { number.map { .integer($0) } ?? .null }
  static func text(_ text: String?) -> Value { text.map { .text($0) } ?? .null }
}
