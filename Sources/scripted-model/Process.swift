import Glibc

/// Ends the process at once.
func exitProcess(_ status: Int32) -> Never { Glibc.exit(status) }

/// Writes one line to standard output; unbuffered, so that a reader at a pipe has it at once.
func announce(_ line: String) { writeLine(line, to: STDOUT_FILENO) }

/// Writes one line to standard error.
func complain(_ line: String) { writeLine("scripted-model: \(line)", to: STDERR_FILENO) }

/// Lets SIGTERM and SIGINT end the process with status 0, keeps a lost client from ending it,
/// and raises the descriptor limit as far as it goes.
func prepareProcess() {
  signal(SIGPIPE, SIG_IGN)
  signal(SIGTERM) { _ in _exit(0) }
  signal(SIGINT) { _ in _exit(0) }
  var limit = rlimit()
  let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  if unsafe getrlimit(descriptors, &limit) == 0 {
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(descriptors, &limit)
  }
}

/// Starts a thread that ends the process with status 0 when standard input is at its end.
func exitWhenStandardInputCloses() {
  let started = startThread {
    var buffer = [UInt8](repeating: 0, count: 256)
    while true {
      let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 || (count < 0 && errno != EINTR) { _exit(0) }
    }
  }
  if !started { complain("no thread to watch standard input") }
}

/// The content of a regular file, or nil if it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
  let descriptor = unsafe open(path, O_RDONLY)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var content: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe read(descriptor, &buffer, buffer.count)
    if count == 0 { return content }
    guard count > 0 else { return nil }
    content.append(contentsOf: buffer[..<count])
  }
}

private func writeLine(_ line: String, to descriptor: Int32) {
  let bytes = Array((line + "\n").utf8)
  var start = 0
  while start < bytes.count {
    let count = unsafe bytes[start...].withUnsafeBytes {
      unsafe write(descriptor, $0.baseAddress, $0.count)
    }
    guard count > 0 else { return }
    start += count
  }
}
