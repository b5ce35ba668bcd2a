// An OpenAI-compatible server whose every answer is scripted, byte by byte and in time.
//
// It stands where a model provider would stand. Its only aim is that a test can decide exactly
// what comes over the wire and can ask afterwards what the other side did.
//
// - One thread per connection and blocking calls: an answer is read top to bottom in one place
//   (AttemptRunner), and a slow or stuck connection cannot disturb another one.
// - Nothing is added to what the script says, but for the defaults listed in
//   docs/scripted-model.md, and each of those can be taken away.
// - Every wait also watches the client (ConnectedSocket), so that the record of its leaving is
//   prompt whatever the script does at the moment.
// - It is a test tool: it trusts its callers, keeps everything in memory and has no time-outs
//   for clients that send half a request.

let options = CommandLineOptions.parseOrExit(CommandLine.arguments)
let registry = Registry()
options.loadScriptsOrExit(into: registry)

prepareProcess()
if options.exitWithStandardInput { exitWhenStandardInputCloses() }

let listener = Listener.openOrExit(host: options.host, port: options.port)
announce("listening on \(options.host):\(listener.port)")
listener.serveForever(registry: registry)
