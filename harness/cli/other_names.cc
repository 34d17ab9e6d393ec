// The program under the names of Toxiproxy's programs.
#include "harness/cli/other_names.hh"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/proxy_command.hh"
#include "harness/toxiproxy/client.hh"
#include "harness/toxiproxy/client_arguments.hh"
#include "harness/toxiproxy/server_flags.hh"
#include "simulator/proxy/api_routes.hh"

namespace etimedout {

namespace {

int say(const SayAndEnd& words) {
    fmt::print("{}", words.out);
    fmt::print(stderr, "{}", words.err);
    return words.exit_code;
}

int run_server(const std::vector<std::string>& words) {
    const auto read = toxiproxy_server_flags(words, std::string{api_version});
    if (const auto* said = std::get_if<SayAndEnd>(&read)) return say(*said);
    return static_cast<int>(proxy_command(std::get<ServerOptions>(read), LogHabit::everything));
}

// That program knows one exit code for whatever went wrong.
int run_cli(const std::vector<std::string>& words) {
    const auto read =
        toxiproxy_cli_arguments(words, api_from_environment(), std::string{api_version});
    if (const auto* said = std::get_if<SayAndEnd>(&read)) return say(*said);
    try {
        run_client(std::get<ClientPlan>(read));
        return 0;
    } catch (const Error& error) {
        const std::string advice =
            error.advice().empty() ? "" : fmt::format("  help: {}\n", error.advice());
        return say({"", fmt::format("toxiproxy-cli: {}\n{}", error.what(), advice), 1});
    }
}

}  // namespace

std::optional<int> run_under_other_name(int argc, char** argv) {
    if (argc < 1) return std::nullopt;
    const std::vector<std::string> words(argv, argv + argc);
    const std::string_view path = words.front();
    const std::string_view name = path.substr(path.find_last_of('/') + 1);
    if (name == "toxiproxy-server") return run_server(words);
    if (name == "toxiproxy-cli") return run_cli(words);
    return std::nullopt;
}

}  // namespace etimedout
