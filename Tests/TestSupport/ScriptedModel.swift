internal import Foundation

/// A running `scripted-model`, which stands where a model provider would. Ends with its owner.
public final class ScriptedModel {
  private let process: ChildProcess
  public let port: UInt16

  public init() throws {
    process = try ChildProcess(
      Repository.scriptedModel, ["--exit-with-stdin"], input: .live)
    let line = try Patience.wait(for: "the scripted model to listen") { [process] in
      process.output.hasSuffix("\n") ? process.output : nil
    }
    guard let number = line.dropLast().split(separator: ":").last, let port = UInt16(number) else {
      throw Disappointment("the scripted model said: \(line)")
    }
    self.port = port
  }

  /// An upstream of the daemon, for its configuration.
  public func upstream(_ name: String = "scripted", _ more: String = "") -> String {
    #"{ name: "\#(name)", kind: "openai", baseURL: "http://127.0.0.1:\#(port)/v1","#
      + #" retry: { retries: 0 }, breaker: { failures: 0 }, \#(more) }"#
  }

  /// Puts a script of one attempt in place.
  public func script(_ name: String, _ steps: String) throws {
    try control(
      "PUT", "/control/scripts/\(name)", body: #"{"attempts":[{"steps":[\#(steps)]}]}"#)
  }

  public func open(gate: String) throws {
    try control("POST", "/control/gates/\(gate)")
  }

  /// Waits for `attempt`, `gone` or `finished`, and returns the records of the script.
  @discardableResult
  public func wait(for event: String, of script: String, count: Int = 1) throws -> String {
    try control(
      "GET", "/control/wait?script=\(script)&event=\(event)&count=\(count)&timeout=9s")
  }

  @discardableResult
  private func control(_ method: String, _ path: String, body: String? = nil) throws -> String {
    let answer = try HTTPConnection(port: port).ask(method, path, body: body)
    guard (200...299).contains(answer.status) else {
      throw Disappointment("\(method) \(path): \(answer.statusLine) \(answer.text)")
    }
    return answer.text
  }
}
