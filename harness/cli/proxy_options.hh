// The command line of `etimedout proxy`: the server's options, and the client's commands.
#pragma once

#include <functional>

#include "harness/cli/exit_codes.hh"

namespace CLI {
class App;
}

namespace etimedout {

// Sets `chosen`, which outlives `app`, when one of its commands is read.
void add_proxy(CLI::App& app, std::function<ExitCode()>& chosen);

}  // namespace etimedout
