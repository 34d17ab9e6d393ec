// The command line: commands, options and help, read once.
#include "harness/cli/command_line.hh"

#include <CLI/CLI.hpp>

#include "harness/cli/command_app.hh"

namespace etimedout {

CommandLine::CommandLine(int argc, char** argv) {
    CommandApp commands;
    try {
        commands.parser().parse(argc, argv);
        command_ = commands.chosen();
    } catch (const CLI::Success& asked) {  // --help, --version
        commands.parser().exit(asked);
        command_ = [] { return ExitCode::passed; };
    } catch (const CLI::ParseError& problem) {
        throw UsageError{problem.what(), "`etimedout --help` shows what there is"};
    }
}

}  // namespace etimedout
