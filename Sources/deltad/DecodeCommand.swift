import EventStream
import Glibc
import JSONWire

/// `deltad decode`: an event stream on standard input, one JSON object an event on standard output.
///
/// It shows what the daemon makes of an upstream's bytes. Events are written before the next read,
/// so that it can stand in a pipe behind a live stream. The options cut the input at chosen places,
/// to see that cutting never shows.
struct DecodeCommand {
  /// The daemon's own default limit of one event.
  private static let maximumEventBytes = 16 * 1024 * 1024
  private static let readBytes = 64 * 1024

  /// Runs with the arguments that follow `decode`. Blocks until the input ends. Returns the exit
  /// code: 0 at the end of the input, 1 on an event too large or a failed read or write, 2 on bad
  /// arguments.
  static func run(arguments: [String]) -> Int32 {
    let options: Options
    do throws(Options.UsageError) {
      options = try Options(arguments)
    } catch {
      report("\(error)\n\(Options.usage)")
      return 2
    }
    do throws(Failure) {
      if options.wantsHelp {
        try write(Array("\(Options.usage)\n".utf8))
      } else {
        try decode(options)
      }
      return 0
    } catch {
      report("\(error)")
      return 1
    }
  }

  private static func decode(_ options: Options) throws(Failure) {
    var parser = EventStreamParser(maximumEventBytes: maximumEventBytes)
    var input = [UInt8](repeating: 0, count: readBytes)
    var output: [UInt8] = []
    var offset = 0
    while true {
      let count = try read(into: &input)
      guard count > 0 else { break }
      var tooLarge: EventStreamError?
      do throws(EventStreamError) {
        var start = 0
        while start < count {
          let end = min(count, start + options.bytesToCut(after: offset + start))
          try parser.consume(input.span.extracting(start..<end)) { fields, data in
            appendObject(fields, data, to: &output)
            return .proceed
          }
          start = end
        }
      } catch {
        tooLarge = error
      }
      offset += count
      try write(output)
      output.removeAll(keepingCapacity: true)
      if let tooLarge { throw .input(tooLarge) }
    }
    if parser.hasUnfinishedEvent {
      report("note: the input ends within an event, which is discarded")
    }
  }

  private static func appendObject(
    _ fields: borrowing EventFields, _ data: Span<UInt8>, to output: inout [UInt8]
  ) {
    output.append(contentsOf: #"{"event":"#.utf8)
    if fields.name.isEmpty {
      output.append(contentsOf: #""message""#.utf8)
    } else {
      JSONText.appendQuoted(fields.name.span, to: &output)
    }
    output.append(contentsOf: #","data":"#.utf8)
    JSONText.appendQuoted(data, to: &output)
    output.append(contentsOf: #","id":"#.utf8)
    JSONText.appendQuoted(fields.lastEventID.span, to: &output)
    output.append(contentsOf: #","retry":"#.utf8)
    output.append(contentsOf: (fields.reconnectionTime?.description ?? "null").utf8)
    output.append(contentsOf: "}\n".utf8)
  }
}

// MARK: - Arguments

extension DecodeCommand {
  /// What the command line asks for.
  struct Options {
    static let usage = "usage: deltad decode [--chunk-size BYTES] [--split-at OFFSET,OFFSET,...]"

    /// Cut the input at every multiple of this, in bytes.
    private(set) var chunkBytes: Int?
    /// Cut the input at these byte offsets, ascending.
    private(set) var cuts: [Int] = []
    private(set) var wantsHelp = false

    init(_ arguments: [String]) throws(UsageError) {
      var rest = arguments[...]
      while let argument = rest.popFirst() {
        switch argument {
        case "--chunk-size":
          let text = try Self.value(of: argument, from: &rest)
          chunkBytes = try Self.number(text, of: argument, atLeast: 1)
        case "--split-at":
          let text = try Self.value(of: argument, from: &rest)
          cuts = []
          for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            cuts.append(try Self.number(String(part), of: argument, atLeast: 0))
          }
          cuts.sort()
        case "--help", "-h":
          wantsHelp = true
        default:
          throw .unknownArgument(argument)
        }
      }
    }

    /// How many bytes from `offset` may be fed before the next cut. O(log cuts).
    func bytesToCut(after offset: Int) -> Int {
      var bytes = Int.max - offset
      if let chunkBytes { bytes = min(bytes, chunkBytes - offset % chunkBytes) }
      var low = 0
      var high = cuts.count
      while low < high {
        let middle = (low + high) / 2
        if cuts[middle] > offset { high = middle } else { low = middle + 1 }
      }
      if low < cuts.count { bytes = min(bytes, cuts[low] - offset) }
      return bytes
    }

    private static func value(
      of option: String, from rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
      guard let value = rest.popFirst() else { throw .missingValue(option: option) }
      return value
    }

    private static func number(
      _ text: String, of option: String, atLeast least: Int
    ) throws(UsageError) -> Int {
      guard let number = Int(text), number >= least else {
        throw .badNumber(option: option, found: text, least: least)
      }
      return number
    }
  }
}

extension DecodeCommand.Options {
  enum UsageError: Error, CustomStringConvertible {
    case unknownArgument(String)
    case missingValue(option: String)
    case badNumber(option: String, found: String, least: Int)

    var description: String {
      switch self {
      case .unknownArgument(let argument): "unknown argument '\(argument)'"
      case .missingValue(let option): "\(option) needs a value"
      case .badNumber(let option, let found, let least):
        "\(option) needs whole numbers from \(least), found '\(found)'"
      }
    }
  }
}

// MARK: - Input and output

extension DecodeCommand {
  private enum Failure: Error, CustomStringConvertible {
    case input(EventStreamError)
    case read(errno: Int32)
    case write(errno: Int32)

    var description: String {
      switch self {
      case .input(.eventTooLarge(let limitBytes)):
        "a line or an event exceeds \(limitBytes) bytes"
      case .read(let code): "cannot read standard input: \(Self.text(of: code))"
      case .write(let code): "cannot write standard output: \(Self.text(of: code))"
      }
    }

    private static func text(of code: Int32) -> String {
      // SAFETY: strerror returns a terminated string, copied before any other call; one thread.
      unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
  }

  /// Waits for input and reads what there is; 0 at the end of the input.
  private static func read(into buffer: inout [UInt8]) throws(Failure) -> Int {
    while true {
      // SAFETY: the kernel writes within the buffer, whose size it is told, during the call only.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
      }
      if count >= 0 { return count }
      let code = errno
      guard mayTryAgain(code, STDIN_FILENO, POLLIN) else { throw .read(errno: code) }
    }
  }

  /// Writes all of `bytes`, waiting as long as the reader needs.
  private static func write(_ bytes: [UInt8]) throws(Failure) {
    var start = 0
    while start < bytes.count {
      // SAFETY: the kernel reads the slice, whose size it is told, during the call only.
      let count = unsafe bytes[start...].withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        start += count
        continue
      }
      let code = errno
      guard mayTryAgain(code, STDOUT_FILENO, POLLOUT) else { throw .write(errno: code) }
    }
  }

  /// Whether a call that failed with `code` can be made again, after waiting for a descriptor that
  /// whoever shares it has made non-blocking.
  private static func mayTryAgain(_ code: Int32, _ descriptor: Int32, _ events: Int32) -> Bool {
    if code == EINTR { return true }
    guard code == EAGAIN else { return false }
    var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    // SAFETY: one pollfd, and a count that says so.
    return unsafe Glibc.poll(&poll, 1, -1) >= 0 || errno == EINTR
  }

  /// One message on standard error. That it cannot be written has nowhere to be reported.
  private static func report(_ message: String) {
    let line = Array("deltad decode: \(message)\n".utf8)
    // SAFETY: the kernel reads the array, whose size it is told, during the call only.
    _ = unsafe line.withUnsafeBytes {
      unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
    }
  }
}
