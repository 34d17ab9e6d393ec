// The command line: commands, options and help, read once.
#pragma once

#include <functional>

#include "harness/cli/commands.hh"
#include "simulator/base/error.hh"

namespace etimedout {

// The user's words do not fit; exit code 2.
class UsageError : public Error {
public:
    using Error::Error;
};

class CommandLine {
public:
    // Throws UsageError; prints and remembers to do nothing more for --help and --version.
    CommandLine(int argc, char** argv);
    ExitCode run() const { return command_(); }

private:
    std::function<ExitCode()> command_;
};

}  // namespace etimedout
