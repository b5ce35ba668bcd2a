import TestSupport
import Testing

@Suite
struct CommandLineTests {
  private static let usage = """
    usage: deltad COMMAND [OPTIONS]

      serve --config FILE   run the relay as FILE says
      demo                  run it on 127.0.0.1:8080 with the built-in model
      check --config FILE   say whether FILE is right, and what is wrong with it
      decode                read an event stream, print its events as JSON

    deltad COMMAND --help says more of each; deltad --version says which this is.

    """

  @Test(arguments: ["--version", "version"])
  func `the version is three numbers`(argument: String) throws {
    let ended = try ChildProcess.deltad([argument])
    #expect(ended.status == 0)
    #expect(ended.errors.isEmpty)
    #expect(ended.output.wholeMatch(of: /deltad [0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
  }

  @Test(arguments: ["--help", "-h", "help"])
  func `help names every command`(argument: String) throws {
    let ended = try ChildProcess.deltad([argument])
    #expect(ended == ChildProcess.Ended(status: 0, output: Self.usage, errors: ""))
  }

  @Test func `no command is wrong usage`() throws {
    let ended = try ChildProcess.deltad([])
    #expect(ended == ChildProcess.Ended(status: 2, output: "", errors: Self.usage))
  }

  @Test(arguments: [
    ("sevre", "; did you mean serve?"), ("Serve", "; did you mean serve?"),
    ("chek", "; did you mean check?"), ("--verison", "; did you mean --version?"),
    ("xyzzyxyzzy", ""), ("", ""),
  ])
  func `an unknown command gets a suggestion where there is one`(
    command: String, suggestion: String
  ) throws {
    let ended = try ChildProcess.deltad([command])
    let errors = "deltad: unknown command \(command)\(suggestion)\n\n" + Self.usage
    #expect(ended == ChildProcess.Ended(status: 2, output: "", errors: errors))
  }

  @Test(arguments: ["serve", "check", "demo", "decode"])
  func `each command has its help`(command: String) throws {
    for argument in ["--help", "-h"] {
      let ended = try ChildProcess.deltad([command, argument])
      #expect(ended.status == 0)
      #expect(ended.output.hasPrefix("usage: deltad \(command)"))
      #expect(ended.output.hasSuffix("\n"))
      #expect(ended.errors.isEmpty)
    }
  }

  @Test(arguments: [
    (["serve"], "deltad serve: --config FILE is missing\n"),
    (["check"], "deltad check: --config FILE is missing\n"),
    (["check", "file"], "deltad check: unexpected argument \"file\"; a file is given with"),
    (
      ["check", "--confg", "x"],
      "deltad check: unknown option \"--confg\"; did you mean \"--config\"?"
    ),
    (["serve", "--config"], "deltad serve: --config needs a FILE\n"),
    (["serve", "--config="], "deltad serve: --config needs a FILE\n"),
    (["serve", "--config", "a", "--config", "b"], "deltad serve: --config was given twice\n"),
    (["demo", "x"], "deltad demo: takes no arguments\n"),
    (["decode", "--chunk"], "deltad decode: unknown argument '--chunk'\n"),
    (["decode", "--chunk-size"], "deltad decode: --chunk-size needs a value\n"),
    (["decode", "--chunk-size", "0"], "deltad decode: --chunk-size needs whole numbers from 1"),
    (["decode", "--split-at", "3,x"], "deltad decode: --split-at needs whole numbers from 0"),
  ])
  func `wrong arguments are named, and the usage is shown`(
    arguments: [String], message: String
  ) throws {
    let ended = try ChildProcess.deltad(arguments)
    #expect(ended.status == 2)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.hasPrefix(message))
    #expect(ended.errors.contains("\nusage: deltad \(arguments[0])"))
  }
}
