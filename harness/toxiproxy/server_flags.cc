// The arguments of toxiproxy-server, read as that program reads them.
#include "harness/toxiproxy/server_flags.hh"

#include <fmt/format.h>

#include "harness/toxiproxy/go_flags.hh"

namespace etimedout {

namespace {

const std::vector<GoFlag>& server_flags() {
    static const std::vector<GoFlag> flags{
        {{"host"}, GoFlagKind::text, "where the API listens", "\"localhost\""},
        {{"port"}, GoFlagKind::text, "the API's port", "\"8474\""},
        {{"config"}, GoFlagKind::text, "JSON or YAML file of proxies to begin with", ""},
        {{"seed"}, GoFlagKind::integer, "of everything random", "1"},
        {{"proxy-metrics"}, GoFlagKind::boolean, "serve /metrics", "\"false\""},
        {{"runtime-metrics"}, GoFlagKind::boolean, "serve /metrics", "\"false\""},
        {{"version"}, GoFlagKind::boolean, "print the version, then end", "\"false\""}};
    return flags;
}

// As package flag ends a program: 0 for help, 2 for a mistake.
SayAndEnd usage(const std::string& program, const std::string& mistake) {
    const std::string first = mistake.empty() ? "" : mistake + "\n";
    return {"", first + go_usage(program, server_flags()), mistake.empty() ? 0 : 2};
}

}  // namespace

std::variant<ServerOptions, SayAndEnd> toxiproxy_server_flags(const std::vector<std::string>& argv,
                                                              const std::string& version) {
    const std::string program = argv.empty() ? "toxiproxy-server" : argv.front();
    const std::vector<std::string> words(argv.empty() ? argv.begin() : argv.begin() + 1,
                                         argv.end());
    const auto read = read_go_flags(server_flags(), words, GoFlagsEnd::at_first_word);
    if (!read) return usage(program, read.error().message);
    if (read->wants_help) return usage(program, "");
    if (read->is_on("version")) {
        return SayAndEnd{fmt::format("toxiproxy-server version {}\n", version), "", 0};
    }
    ServerOptions options;
    options.host = read->text("host").value_or(options.host);
    if (const auto text = read->text("port")) {
        const auto port = go_integer(*text);
        if (!port || *port < 0 || *port > 65535) {
            return usage(program,
                         fmt::format("invalid value \"{}\" for flag -port: write a number from 0 "
                                     "to 65535",
                                     *text));
        }
        options.port = static_cast<std::uint16_t>(*port);
    }
    options.config = read->text("config").value_or("");
    if (const auto text = read->text("seed")) {
        options.seed = static_cast<std::uint64_t>(*go_integer(*text));
    }
    if (read->is_on("proxy-metrics") || read->is_on("runtime-metrics")) {
        options.metrics = MetricsEndpoint::present;
    }
    return options;
}

}  // namespace etimedout
