import Glibc
import TestSupport
import Testing

@testable import Archive

@Suite struct ArchiveFileTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("deltad.sqlite")
  }

  private func open(now: Int64 = 0) throws(ArchiveError) -> Archive {
    try Archive(.file(path), now: now)
  }

  /// Why the file cannot be opened.
  private func refusal(_ path: String? = nil) -> ArchiveError? {
    do throws(ArchiveError) {
      _ = try Archive(.file(path ?? self.path), now: 0)
      return nil
    } catch {
      return error
    }
  }

  private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  // MARK: What is kept

  @Test func `everything is there after the archive was closed and opened`() async throws {
    let before = try open()
    try await before.turn(.newChat("c1"), "s1")
    try await before.turn(.chat("c1"), "s2")
    _ = try await before.begin(
      TurnStart(.none, "s3", idempotency: Idempotency(key: "k", fingerprint: "f")))
    _ = try await before.finish(TurnEnd("s3", rest: [1, 2]))
    let record = try await before.chat("c1")
    let streams = [try await before.stream("s1"), try await before.stream("s3")]
    before.close()

    let after = try open()
    defer { after.close() }
    #expect(after.interruptedStreams == 0)
    #expect(try await after.chat("c1") == record)
    #expect([try await after.stream("s1"), try await after.stream("s3")] == streams)
    let known = Idempotency(key: "k", fingerprint: "f")
    #expect(
      try await answer { after.repeated(known, after: 0, $0) } == .repeated(streamID: "s3"))
    #expect(try await after.turn(.newChat("c2"), "s4").row > (record?.conversation.row ?? .max))
  }

  @Test func `closing leaves one complete file, and the lock's`() async throws {
    let archive = try open()
    try await archive.turn(.newChat("c"), "s")
    archive.close()
    for name in ["-wal", "-shm"] { #expect(!exists(path + name)) }
    for name in ["", ".lock"] { #expect(exists(path + name)) }
  }

  @Test func `what was told is in the file before the archive is closed`() async throws {
    let archive = try open()
    defer { archive.close() }
    try await archive.turn(.newChat("c"), "s")
    // As after a power cut: the files as they are now, opened elsewhere.
    let copy = folder.path("copy")
    for name in ["", "-wal"] {
      let end = try ChildProcess("/bin/cp", [path + name, copy + name]).exitStatus()
      #expect(end == 0)
    }
    let after = try Archive(.file(copy), now: 0)
    #expect(try await after.chat("c")?.messages.count == 2)
    after.close()
  }

  @Test func `nobody else may read the files`() async throws {
    let archive = try open()
    defer { archive.close() }
    try await archive.turn(.newChat("c"), "s")
    for name in ["", "-wal", "-shm", ".lock"] {
      var status = stat()
      #expect(unsafe stat(path + name, &status) == 0, "\(name)")
      #expect(status.st_mode & 0o7777 == 0o600, "\(name)")
    }
  }

  @Test func `the file is set up as it says`() async throws {
    let archive = try open()
    defer { archive.close() }
    let pragmas = [
      "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "auto_vacuum": "2",
      "trusted_schema": "0", "cell_size_check": "1", "secure_delete": "1", "temp_store": "2",
      "application_id": "1684368500", "user_version": "2", "mmap_size": "0",
      "busy_timeout": "5000",
    ]
    for (name, value) in pragmas {
      let found = try archive.writes.withDatabase { try $0.runOnce("PRAGMA \(name)") }
      #expect(found == value, "\(name)")
    }
  }

  @Test func `archives in memory know nothing of each other`() async throws {
    let archives = [try Archive.inMemory(), try Archive.inMemory()]
    try await archives[0].turn(.newChat("c"), "s")
    #expect(try await archives[0].chat("c") != nil)
    #expect(try await archives[1].chat("c") == nil)
    for archive in archives { archive.close() }
  }

  // MARK: What is refused

  @Test func `a database that another archive holds is refused until that is closed`() throws {
    let archive = try open()
    let error = refusal()
    #expect(error?.reason == .locked)
    #expect(
      error?.description
        == "the archive \(path) cannot be used: another deltad holds \(path).lock")
    archive.close()
    #expect(refusal() == nil)
    #expect(refusal() == nil, "an archive that is let go of holds nothing")
  }

  @Test func `a text file is refused, and left as it is`() throws {
    let text = String(repeating: "Dear diary, ", count: 1000)
    try folder.write(text, to: "deltad.sqlite")
    #expect(refusal()?.reason == .unusable)
    #expect(refusal()?.description.contains("\(path) cannot be used: ") == true)
    #expect(refusal()?.description.contains("file is not a database") == true)
    #expect(folder.read("deltad.sqlite") == text)
  }

  @Test func `an empty file becomes an archive`() async throws {
    try folder.write("", to: "deltad.sqlite")
    let archive = try open()
    #expect(try await archive.turn(.newChat("c"), "s").id == "c")
    archive.close()
  }

  private func alter(_ text: String) throws {
    let database = try Database(path, lock: nil)
    try database.runScript(text, "test")
    database.close()
  }

  @Test(arguments: ["CREATE TABLE t (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"])
  func `another program's database is refused, and left as it is`(content: String) throws {
    try folder.write("", to: "deltad.sqlite")
    try alter(content)
    let before = folder.read("deltad.sqlite")
    #expect(
      refusal()
        == ArchiveError(
          .unusable,
          "the archive \(path) cannot be used: it is a database of another program"))
    #expect(folder.read("deltad.sqlite") == before)
  }

  @Test func `one of a newer daemon is refused`() throws {
    try open().close()
    try alter("PRAGMA user_version = 3")
    #expect(
      refusal()
        == ArchiveError(
          .unusable,
          "the archive \(path) cannot be used: it was written by a newer deltad (its version is 3,"
            + " this one knows 2)"))
  }

  @Test func `one of the first daemon is brought up to date, and keeps what it has`() async throws {
    let archive = try open()
    _ = try await archive.begin(TurnStart(.none, "s"))
    _ = try await archive.finish(TurnEnd("s", now: 10))
    archive.close()
    try alter("ALTER TABLE streams DROP COLUMN continuations; PRAGMA user_version = 1")
    let again = try open()
    #expect(try await again.stream("s")?.continuations == 0)
    again.close()
  }

  @Test(arguments: ["DROP TABLE messages", "ALTER TABLE streams DROP COLUMN total"])
  func `one that lacks something is refused`(damage: String) throws {
    try open().close()
    try alter(damage)
    #expect(refusal()?.reason == .unusable)
  }

  @Test func `one that is damaged is refused`() async throws {
    let archive = try open()
    try await archive.turn(.newChat("c"), "s")
    archive.close()
    // The first page holds the schema behind its header.
    let descriptor = unsafe Glibc.open(path, O_WRONLY)
    let damage = [UInt8](repeating: 0xA5, count: 3000)
    #expect(unsafe pwrite(descriptor, damage, damage.count, 100) == damage.count)
    Glibc.close(descriptor)
    #expect(refusal()?.reason == .unusable)
  }

  @Test func `a folder is refused, and nothing is made beside it`() throws {
    let error = refusal(folder.path)
    #expect(error?.reason == .unusable)
    #expect(error?.description.hasSuffix("it is not a file but a folder or the like") == true)
    #expect(!exists(folder.path + ".lock"))
  }

  @Test func `a folder that is missing is named`() throws {
    let path = folder.path("missing/deltad.sqlite")
    let error = refusal(path)
    #expect(error?.reason == .input)
    #expect(
      error?.description
        == "the archive \(path) cannot be used: cannot open \(path).lock: "
        + "No such file or directory")
  }

  /// In a process of its own, since root may write anywhere.
  @Test func `what may not be written to is refused`() async throws {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let file = try folder.write("", to: "file")
      unsafe chmod(file, 0o444)
      try folder.write("", to: "file.lock")
      unsafe chmod(file + ".lock", 0o666)
      unsafe chmod(folder.path, 0o555)
      let isRoot = geteuid() == 0
      let nobody: uid_t = 65534
      if isRoot { #expect(seteuid(nobody) == 0) }
      for name in ["new", "file"] {
        let error = #expect(throws: ArchiveError.self) {
          try Archive(.file(folder.path(name)), now: 0)
        }
        #expect(error?.reason == .input)
        #expect(error?.description.hasSuffix("Permission denied") == true)
      }
      if isRoot { #expect(seteuid(0) == 0) }
      unsafe chmod(folder.path, 0o700)
    }
  }

  @Test func `a lock is given up also while somebody has a copy of its descriptor`() throws {
    var lock: FileLock? = try FileLock(path)
    let copy = dup(lock?.descriptor ?? -1)
    #expect(copy >= 0)
    lock = nil
    lock = try FileLock(path)
    Glibc.close(copy)
  }

  @Test func `a name like a URI is a name`() throws {
    // Relative, and so against the working folder: it must not be found.
    let error = refusal("file:/tmp/missing/deltad.sqlite?mode=memory")
    #expect(error?.reason == .input)
  }
}
