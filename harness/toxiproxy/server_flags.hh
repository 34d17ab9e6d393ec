// The arguments of toxiproxy-server, read as that program reads them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "simulator/proxy/proxy_server.hh"

namespace etimedout {

// What `etimedout proxy` starts with, by whichever name.
struct ServerOptions {
    std::string host = "localhost";  // a name or an address; empty: every address
    std::uint16_t port = 8474;       // 0: a free one
    std::string config{};            // a file of proxies; empty: none
    std::uint64_t seed = 1;
    MetricsEndpoint metrics = MetricsEndpoint::absent;
    bool operator==(const ServerOptions&) const = default;
};

// The program says this and ends.
struct SayAndEnd {
    std::string out{};
    std::string err{};
    int exit_code = 0;
    bool operator==(const SayAndEnd&) const = default;
};

// `argv` with the program's name first; `version` is what -version prints. Words behind the flags
// are ignored, as there.
std::variant<ServerOptions, SayAndEnd> toxiproxy_server_flags(const std::vector<std::string>& argv,
                                                              const std::string& version);

}  // namespace etimedout
