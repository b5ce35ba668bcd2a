internal import Glibc

/// What a process and all its descendants use, from /proc.
public struct ProcessUse: Sendable, Equatable {
  /// User and system time, in seconds; the kernel tells it in hundredths.
  public var cpuSeconds = 0.0
  /// Resident, and of that what is no file's, in bytes.
  public var residentBytes = 0
  public var anonymousBytes = 0
  public var processes = 0
  /// Open ones; 0 where they were not asked for.
  public var descriptors = 0

  public init() {}

  /// The sum over the processes that are there; those that are not count nothing.
  /// - Parameter countsDescriptors: The kernel makes a name for each: dear where there are many.
  public static func of(_ processes: [Int32], countsDescriptors: Bool = false) -> ProcessUse {
    var use = ProcessUse()
    for process in processes { use.add(process, countsDescriptors, depth: 0) }
    return use
  }

  /// User and system time of this process, in seconds.
  static var ownCPUSeconds: Double {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
  }

  public static func exists(_ process: Int32) -> Bool {
    ProcFile.read("/proc/\(process)/stat") != nil
  }

  private mutating func add(_ process: Int32, _ countsDescriptors: Bool, depth: Int) {
    guard depth < 16, let stat = ProcFile.read("/proc/\(process)/stat") else { return }
    // The name in parentheses may hold anything: the fields follow its last parenthesis.
    guard let end = stat.lastIndex(of: ")") else { return }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return
    }
    cpuSeconds += (user + system) / Double(max(1, sysconf(CInt(_SC_CLK_TCK))))
    self.processes += 1
    for line in (ProcFile.read("/proc/\(process)/status") ?? "").split(separator: "\n") {
      if line.hasPrefix("VmRSS:") { residentBytes += Self.kilobytes(line) << 10 }
      if line.hasPrefix("RssAnon:") { anonymousBytes += Self.kilobytes(line) << 10 }
    }
    if countsDescriptors { descriptors += ProcFile.entries("/proc/\(process)/fd").count }
    for task in ProcFile.entries("/proc/\(process)/task") {
      let children = ProcFile.read("/proc/\(process)/task/\(task)/children") ?? ""
      for child in children.split(separator: " ") {
        if let child = Int32(child) { add(child, countsDescriptors, depth: depth + 1) }
      }
    }
  }

  private static func kilobytes(_ line: Substring) -> Int {
    line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}

enum ProcFile {
  private static let maximumBytes = 64 << 10

  static func read(_ path: String) -> String? {
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { Glibc.close(file) }
    var bytes = [UInt8](repeating: 0, count: maximumBytes)
    var length = 0
    while length < maximumBytes {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(file, $0.baseAddress?.advanced(by: length), maximumBytes - length)
      }
      guard count > 0 else { break }
      length += count
    }
    return length > 0 ? String(decoding: bytes[..<length], as: UTF8.self) : nil
  }

  /// The names in a directory, without those that begin with a dot.
  static func entries(_ path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
