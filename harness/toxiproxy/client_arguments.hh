// The arguments of toxiproxy-cli, read as that program reads them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "harness/toxiproxy/client_plan.hh"
#include "harness/toxiproxy/server_flags.hh"

namespace etimedout {

// `argv` with the program's name first; `api` is used unless -h names another. Flags may also
// stand behind the proxy's name, as before its version 2.1.6.
std::variant<ClientPlan, SayAndEnd> toxiproxy_cli_arguments(const std::vector<std::string>& argv,
                                                            const std::string& api,
                                                            const std::string& version);

}  // namespace etimedout
