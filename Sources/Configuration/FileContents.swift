import Glibc

/// A small regular file, read whole.
struct FileContents {
  var bytes: [UInt8]
  /// Whether its mode lets everybody on the machine read or write it.
  var isOpenToOthers: Bool

  /// Why a file was not read.
  enum Refusal: Error, Equatable {
    case notFound
    case notPermitted
    case notRegular
    case tooLarge(bound: Int)
    case failed(errno: Int32)
  }

  /// Opens without waiting, so that a named pipe in the place of a file is refused and not waited
  /// for. Blocks on the disk.
  static func read(_ path: String, atMost bound: Int) throws(Refusal) -> FileContents {
    guard !path.utf8.contains(0) else { throw .notFound }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Refusal(errno) }
    defer { _ = close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw Refusal(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    // The size of the status may be that of a moment ago, or 0 under /proc: the bound is held
    // against what is read.
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw Refusal(errno)
      }
      bytes += buffer[..<count]
      guard bytes.count <= bound else { throw .tooLarge(bound: bound) }
    }
    return FileContents(bytes: bytes, isOpenToOthers: status.st_mode & 0o006 != 0)
  }
}

extension FileContents {
  /// Whether two paths lead to one file; false where one of them leads to none.
  static func areSame(_ one: String, _ other: String) -> Bool {
    var (left, right) = (stat(), stat())
    guard unsafe stat(one, &left) == 0, unsafe stat(other, &right) == 0 else { return false }
    return left.st_dev == right.st_dev && left.st_ino == right.st_ino
  }
}

extension FileContents.Refusal {
  init(_ errno: Int32) {
    switch errno {
    case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP: self = .notFound
    case EACCES, EPERM: self = .notPermitted
    default: self = .failed(errno: errno)
    }
  }

  var found: String {
    switch self {
    case .notFound: "no such file"
    case .notPermitted: "permission denied"
    case .notRegular: "not a regular file"
    case .tooLarge(let bound): "more than \(SizeText.format(bound))"
    case .failed(let errno): "reading failed with errno \(errno)"
    }
  }

  var expected: String {
    switch self {
    case .notFound: "the path of a file"
    case .notPermitted: "a file that the daemon's user may read"
    case .notRegular: "a regular file"
    case .tooLarge(let bound): "at most \(SizeText.format(bound))"
    case .failed: "a file that can be read"
    }
  }
}
