import CSQLite
import Glibc
import TestSupport
import Testing

@testable import Archive

@Suite struct FullDiskTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Gives the archive room for `pages` more; nil for as much as it likes.
  private func limit(_ archive: Archive, pages: Int?) throws {
    try archive.writes.withDatabase { database in
      let used = Int(try database.runOnce("PRAGMA page_count") ?? "") ?? 0
      try database.runOnce("PRAGMA max_page_count = \(pages.map { used + $0 } ?? 1 << 30)")
    }
  }

  @Test(arguments: [true, false])
  func `a full disk is said, and what comes when there is room again is done`(isFile: Bool)
    async throws
  {
    let place: Archive.Place = isFile ? .file(folder.path("deltad.sqlite")) : .memory
    let archive = try Archive(place, now: 0)
    defer { archive.close() }
    try await archive.turn(.newChat("c"), "s")
    _ = try await archive.begin(TurnStart(.chat("c"), "t"))
    let before = try await archive.chat("c")
    try limit(archive, pages: 4)

    let long = user("m", String(repeating: "x", count: 100_000))
    let turn = TurnStart(.newChat("d"), "u", message: long)
    let part = JournalPart(streamID: "t", bytes: Array(long.text.utf8))
    #expect(await reason { archive.begin(turn, $0) } == .full)
    #expect(await reason { archive.journal([part], $0) } == .full)
    #expect(try await archive.chat("d") == nil)
    #expect(try await archive.chat("c") == before)
    // What is small still fits.
    #expect(try await archive.begin(TurnStart(.none, "small")) == .begun(nil, history: []))

    try limit(archive, pages: nil)
    _ = try await archive.beginning(turn)
    try await answer { archive.journal([part], $0) }
    #expect(try await archive.chat("d")?.messages == [long])
    _ = try await archive.finish(TurnEnd("t"))
    #expect(try await archive.stream("t")?.log.count == 100_000)
  }

  /// In a process of its own: the limit is the process's.
  @Test func `a file that reaches the limit on its size is full, and goes on when that is lifted`()
    async throws
  {
    await #expect(processExitsWith: .success) {
      func limitFiles(to bytes: rlim_t) {
        var limit = rlimit(rlim_cur: bytes, rlim_max: .max)
        #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      }
      signal(SIGXFSZ, SIG_IGN)
      let folder = try TemporaryFolder()
      let archive = try Archive(.file(folder.path("deltad.sqlite")), now: 0)
      _ = try await archive.begin(TurnStart(.none, "s"))
      let part = JournalPart(streamID: "s", bytes: [UInt8](repeating: 1, count: 100_000))
      limitFiles(to: 1 << 20)
      var written = 0
      var failure: ArchiveError.Reason?
      while failure == nil, written < 20 {
        failure = await reason { archive.journal([part], $0) }
        if failure == nil { written += 1 }
      }
      #expect(failure == .full)
      #expect(await reason { archive.journal([part], $0) } == .full)
      limitFiles(to: .max)
      try await answer { archive.journal([part], $0) }
      _ = try await archive.finish(TurnEnd("s"))
      #expect(try await archive.stream("s")?.log.count == (written + 1) * 100_000)
      archive.close()
    }
  }

  @Test(
    arguments: [
      (SQLITE_FULL, 0, .full), (SQLITE_IOERR, ENOSPC, .full), (SQLITE_IOERR, EDQUOT, .full),
      (SQLITE_IOERR, EFBIG, .full), (SQLITE_IOERR, EIO, .input), (778, ENOSPC, .full),
      (778, EIO, .input), (SQLITE_CANTOPEN, EACCES, .input), (SQLITE_CANTOPEN, ENOSPC, .full),
      (SQLITE_READONLY, 0, .input), (SQLITE_PERM, 0, .input), (SQLITE_NOTADB, 0, .unusable),
      (SQLITE_CORRUPT, 0, .unusable), (267, 0, .unusable), (SQLITE_BUSY, 0, .locked),
      (261, 0, .locked), (SQLITE_LOCKED, 0, .locked), (SQLITE_CONSTRAINT, ENOSPC, .other),
      (2067, 0, .other), (SQLITE_NOMEM, 0, .other),
    ] as [(CInt, CInt, ArchiveError.Reason)])
  func `SQLite's codes are told apart by who can help`(
    code: CInt, systemError: CInt, reason: ArchiveError.Reason
  ) {
    #expect(ArchiveError.Reason(code: code, systemError: systemError) == reason)
  }
}
