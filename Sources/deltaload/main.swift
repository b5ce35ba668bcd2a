// The load generator: what the command line says becomes a run, and what the run found is told.

import Glibc

exit(Command.run(Array(CommandLine.arguments.dropFirst())))
