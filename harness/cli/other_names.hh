// The program under the names of Toxiproxy's programs.
#pragma once

#include <optional>

namespace etimedout {

// The exit code, when argv[0] ends in toxiproxy-server or toxiproxy-cli.
std::optional<int> run_under_other_name(int argc, char** argv);

}  // namespace etimedout
