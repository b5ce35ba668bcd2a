internal import Glibc

/// What the kernel says of this process (proc_pid_statm(5), proc_pid_fd(5)). Procfs never waits for
/// a disk.
enum ProcessFigures {
  /// Nanoseconds of all threads.
  static var processorTime: UInt64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Bytes.
  static var memory: (virtual: Int, resident: Int)? {
    guard let file = unsafe fopen("/proc/self/statm", "re") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard unsafe fgets(&line, 128, file) != nil else { return nil }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
    let pages = text.split(separator: " ").prefix(2).compactMap { Int($0) }
    guard pages.count == 2 else { return nil }
    let page = Int(sysconf(CInt(_SC_PAGESIZE)))
    return (pages[0] * page, pages[1] * page)
  }

  static var openDescriptors: Int? {
    // Since Linux 6.2 their number is the folder's size: nobody goes through tens of thousands.
    var status = stat()
    if unsafe stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return status.st_size }
    guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
    defer { unsafe closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // Without `.`, `..` and the folder itself.
    return count - 3
  }

  static var maximumDescriptors: Int? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return nil
    }
    return Int(clamping: limit.rlim_cur)
  }
}
