internal import Foundation
internal import Glibc

/// A running `deltad serve`. Ended by `terminate`, or killed with its owner.
public final class Daemon {
  private let process: ChildProcess
  public let folder: TemporaryFolder
  /// Of the first TCP address; 0 when there is none.
  public private(set) var port: UInt16 = 0

  /// Starts it, and waits until it listens.
  /// - Parameters:
  ///   - configuration: JSON5, all of the file. The folder of the file is `folder`.
  ///   - environment: What differs from ours.
  public init(
    _ configuration: String, in folder: TemporaryFolder? = nil,
    environment: [String: String?] = [:]
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    let file = try self.folder.write(configuration, to: "deltad.json5")
    process = try ChildProcess(
      Repository.deltad, ["serve", "--config", file], environment: environment)
    let line = try Patience.wait(for: "the daemon to listen") { [process] in
      if let status = process.exitStatusIfEnded {
        throw Disappointment("the daemon ended with \(status): \(process.errors)")
      }
      return Self.lines(process.errors).first { $0.contains("listening") }
    }
    let number = line.split(separator: "127.0.0.1:").last?.prefix { $0.isNumber }
    port = number.flatMap { UInt16($0) } ?? 0
  }

  /// All whole lines that it has logged.
  public var log: [String] { Self.lines(process.errors) }

  public var standardError: TextFile { process.standardError }

  /// Waits for as many lines of the log that `matches`, and returns all of those.
  public func lines(_ count: Int, where matches: (String) -> Bool) throws -> [String] {
    try Patience.wait(for: "\(count) lines of the log") {
      let found = log.filter(matches)
      return found.count >= count ? found : nil
    }
  }

  public func connect() throws -> HTTPConnection { try HTTPConnection(port: port) }

  /// One request on a connection of its own.
  public func ask(
    _ method: String, _ target: String, body: String? = nil, _ fields: [String] = []
  ) throws -> HTTPResponse {
    try connect().ask(method, target, body: body, fields)
  }

  /// SIGTERM.
  public func terminate() { process.signal(SIGTERM) }

  public func signal(_ number: Int32) { process.signal(number) }

  /// Waits for its end, and returns its exit status, or minus the signal that ended it.
  public func exitStatus() throws -> Int32 { try process.exitStatus() }

  public var hasExited: Bool { process.exitStatusIfEnded != nil }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
