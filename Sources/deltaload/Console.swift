import Glibc
import LoadGeneration

/// Standard output and standard error.
enum Console {
  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      // Nobody reads: the exit status still says it.
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  static func say(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
  static func complain(_ text: String) { write("deltaload: \(text)\n", to: STDERR_FILENO) }

  static let showsProgress = isatty(STDERR_FILENO) == 1

  /// One line on a terminal, written over once a second.
  static func show(_ progress: Progress) {
    guard showsProgress else { return }
    var line = "\(Int(progress.seconds)) s \(progress.phase)"
    line += "  opened \(progress.opened)  requests \(progress.requests)"
    line += "  events/s \(Quantity.fixed(progress.eventsPerSecond, 0))"
    line += "  errors \(progress.errors)"
    if progress.residentBytes > 0 {
      line += "  RSS \(Quantity.show(Double(progress.residentBytes), .bytes))"
    }
    write("\r\u{1B}[K" + line, to: STDERR_FILENO)
  }

  static func clearProgress() {
    if showsProgress { write("\r\u{1B}[K", to: STDERR_FILENO) }
  }

  /// A file's text; nil when it cannot be read.
  static func read(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < 64 << 20 {
      let count = unsafe Glibc.read(file, &piece, piece.count)
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether the file was written.
  static func save(_ text: String, to path: String) -> Bool {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { return false }
    write(text, to: file)
    return close(file) == 0
  }
}
