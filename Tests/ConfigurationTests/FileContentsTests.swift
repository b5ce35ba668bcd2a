import FoundationEssentials
import Glibc
import Testing

@testable import Configuration

@Suite struct FileContentsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ path: String) -> String? {
    guard case .failure(let refusal) = ConfigurationFile.load(path: path) else { return nil }
    return refusal.description.replacing(folder.path, with: "@")
  }

  @Test func `a file is read whole`() throws {
    for count in [0, 1, 16 << 10, 16 << 10 + 1, 100_000] {
      let text = String(repeating: "x", count: count)
      let file = try folder.write(text, to: "f")
      #expect(try FileContents.read(file, atMost: 100_000).bytes == Array(text.utf8))
    }
  }

  @Test func `a configuration is loaded from its file`() throws {
    let file = try folder.write(demo("loops: 2,"), to: "c.json5")
    #expect(try ConfigurationFile.load(path: file).get().loops == 2)
  }

  @Test func `a file of 1 MiB is taken and one byte more refused`() throws {
    let text = demo("")
    let blanks = String(repeating: " ", count: 1 << 20 - text.utf8.count)
    #expect(refusal(try folder.write(text + blanks, to: "c")) == nil)
    #expect(
      refusal(try folder.write(text + blanks + " ", to: "c"))
        == "@/c: more than 1MiB; expected at most 1MiB")
  }

  @Test func `a file that is missing, a folder or a pipe is one problem`() throws {
    let pipe = folder.path + "/pipe"
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    _ = try folder.write("", to: "f")
    let missing = "no such file; expected the path of a file"
    #expect(refusal(folder.path + "/none") == "@/none: \(missing)")
    #expect(refusal(folder.path + "/f/g") == "@/f/g: \(missing)")
    #expect(refusal("") == ": \(missing)")
    #expect(refusal(folder.path) == "@: not a regular file; expected a regular file")
    #expect(refusal(pipe) == "@/pipe: not a regular file; expected a regular file")
  }

  @Test(.enabled(if: geteuid() != 0, "the superuser may read everything"))
  func `a file that we may not read is one problem`() throws {
    let file = try folder.write("{}", to: "c", mode: 0o000)
    #expect(
      refusal(file)
        == "@/c: permission denied; expected a file that the daemon's user may read")
  }
}
