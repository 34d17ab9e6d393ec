// `etimedout proxy`: the proxy server, until a signal ends it.
#pragma once

#include <string>

#include "harness/cli/exit_codes.hh"
#include "harness/toxiproxy/server_flags.hh"

namespace etimedout {

// How much the server logs where $LOG_LEVEL does not say: everything as toxiproxy-server, whose
// log is read by programs; as `etimedout proxy` what a person must know.
enum class LogHabit { everything, warnings };

// Returns when SIGINT or SIGTERM came. Throws Error where the API's address cannot be had.
ExitCode proxy_command(const ServerOptions& options, LogHabit habit);

}  // namespace etimedout
