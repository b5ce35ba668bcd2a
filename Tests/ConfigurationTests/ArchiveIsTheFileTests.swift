import FoundationEssentials
import Testing

@testable import Configuration

@Suite struct ArchiveIsTheFileTests {
  @Test(arguments: ["deltad.json5", "./deltad.json5", "link"])
  func `the database is not the configuration itself, whatever it is called`(
    _ name: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(demo("archive: {file: \"\(name)\"},"), to: "deltad.json5")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: path)
    guard case .failure(let problems) = ConfigurationFile.load(path: path) else {
      Issue.record("it was taken")
      return
    }
    #expect(
      problems.description == path + ": archive.file: found this file; "
        + "expected a file of its own for the database")
  }
}
