// `etimedout proxy`: the proxy server, until a signal ends it.
#include "harness/cli/proxy_command.hh"

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/resource.h>

#include "harness/cli/command_line.hh"
#include "harness/cli/interrupt.hh"
#include "simulator/proxy/proxy_server.hh"

namespace etimedout {

namespace {

LogLevel log_level(LogHabit habit) {
    const char* text = std::getenv("LOG_LEVEL");
    if (text == nullptr || *text == '\0') {
        return habit == LogHabit::everything ? LogLevel::trace : LogLevel::warn;
    }
    if (const auto level = from_word<LogLevel>(text)) return *level;
    throw UsageError{fmt::format("LOG_LEVEL={}: not a level", text),
                     "write trace, debug, info, warn, error, fatal or panic"};
}

// A connection takes two descriptors, and the soft limit is often 1024: as Go programs do, take
// what the hard limit allows.
void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

ExitCode proxy_command(const ServerOptions& options, LogHabit habit) {
    ProxyServerPlan plan;
    plan.host = options.host;
    plan.port = options.port;
    plan.config_file = options.config;
    plan.seed = options.seed;
    plan.metrics = options.metrics;
    plan.log_level = log_level(habit);
    allow_many_descriptors();
    std::signal(SIGPIPE, SIG_IGN);  // whoever read the log may be gone
    const std::atomic<bool>& stop = interrupted_flag();
    ProxyServer server{std::move(plan)};
    server.run(stop, [&](const std::string& address) {
        fmt::print(stderr, "etimedout proxy: ready; API at http://{}, seed {}\n", address,
                   options.seed);
    });
    return ExitCode::passed;
}

}  // namespace etimedout
