internal import Foundation
public import Glibc

/// A program that runs beside the test. What it writes goes to files: it never waits for us.
public final class ChildProcess {
  public let processID: pid_t
  private let folder: TemporaryFolder
  private var input: CInt
  private var status: CInt?

  /// Where its standard input comes from.
  public enum Input {
    case nothing
    case bytes([UInt8])
    /// From `send`, until `finishSending`.
    case live
  }

  /// - Parameter environment: What differs from ours; nil takes a variable away.
  public init(
    _ program: String, _ arguments: [String], input: Input = .nothing,
    environment: [String: String?] = [:]
  ) throws {
    folder = try TemporaryFolder()
    // A socket pair in place of a pipe: sending to one that is closed raises no signal.
    var pair: [CInt] = [-1, -1]
    let standardInput: CInt
    switch input {
    case .nothing: standardInput = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    case .bytes(let bytes):
      standardInput = unsafe open(try folder.write(bytes, to: "input"), O_RDONLY | O_CLOEXEC)
    case .live:
      let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
      guard unsafe socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
        throw Disappointment.call("socketpair")
      }
      standardInput = pair[0]
    }
    defer { _ = close(standardInput) }
    self.input = pair[1]
    let variables = Self.variables(environment)
    processID = try Self.spawn(
      program, arguments, variables, standardInput, folder.path("output"), folder.path("errors"))
  }

  /// A program that has ended.
  public struct Ended: Equatable {
    /// Minus the signal that ended it, if one did.
    public var status: CInt
    public var output: String
    public var errors: String

    public init(status: CInt, output: String, errors: String) {
      self.status = status
      self.output = output
      self.errors = errors
    }
  }

  /// Runs the daemon's program with these arguments to its end.
  public static func deltad(
    _ arguments: [String], input: Input = .nothing, environment: [String: String?] = [:]
  ) throws -> Ended {
    let process = try ChildProcess(
      Repository.deltad, arguments, input: input, environment: environment)
    let status = try process.exitStatus()
    return Ended(status: status, output: process.output, errors: process.errors)
  }

  deinit {
    finishSending()
    if exitStatusIfEnded == nil {
      kill(processID, SIGKILL)
      waitpid(processID, nil, 0)
    }
  }

  /// All that it has written to standard output.
  public var output: String { folder.read("output") }
  /// All that it has written to standard error.
  public var errors: String { folder.read("errors") }
  public var standardError: TextFile { TextFile(folder: folder, name: "errors") }

  public func send(_ bytes: [UInt8]) throws {
    guard unsafe Glibc.send(input, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    else { throw Disappointment.call("send to standard input") }
  }

  public func finishSending() {
    if input >= 0 { close(input) }
    input = -1
  }

  public func signal(_ number: CInt) {
    if status == nil { kill(processID, number) }
  }

  /// Waits for its end: the exit status, or minus the signal that ended it.
  public func exitStatus() throws -> CInt {
    try Patience.wait(for: "the end of process \(processID)") { exitStatusIfEnded }
  }

  /// Nil while it runs.
  public var exitStatusIfEnded: CInt? {
    if let status { return status }
    var word: CInt = 0
    guard unsafe waitpid(processID, &word, WNOHANG) == processID else { return nil }
    // wait(2): the low seven bits are the signal, the next byte the status.
    let signal = word & 0x7F
    status = signal == 0 ? word >> 8 & 0xFF : -signal
    return status
  }

  private static func variables(_ changes: [String: String?]) -> [String] {
    var variables = ProcessInfo.processInfo.environment
    // What a journal would set for us is nothing to the child.
    variables["JOURNAL_STREAM"] = nil
    for (name, value) in changes { variables[name] = value }
    return variables.map { "\($0.key)=\($0.value)" }
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ variables: [String], _ input: CInt,
    _ output: String, _ errors: String
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let mode = O_WRONLY | O_CREAT | O_APPEND
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, mode, 0o600)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var nothing = sigset_t()
    unsafe sigemptyset(&nothing)
    unsafe posix_spawnattr_setsigmask(&attributes, &nothing)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    // SAFETY: the copies live until they are freed below, after the call that reads them.
    let argv = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    let envp = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var child: pid_t = 0
    let code = unsafe posix_spawn(&child, program, &actions, &attributes, argv, envp)
    guard code == 0 else {
      throw Disappointment("cannot start \(program): \(unsafe String(cString: strerror(code)))")
    }
    return child
  }
}
