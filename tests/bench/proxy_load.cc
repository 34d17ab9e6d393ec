// proxy_load: loads an address on loopback in one of several ways and prints one line of JSON.
#include <iostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "load_client.hh"
#include "load_server.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace {

struct Options {
    std::string address = "127.0.0.1:0";
    double seconds = 1;
    std::int64_t rounds = 20'000;
    int connections = 1;
    std::int64_t rate = 200;
    std::int64_t delay_ms = 50;
    Duration lasts() const { return std::chrono::duration_cast<Duration>(seconds * 1.0s); }
};

std::string json(const Spread& spread) {
    return fmt::format(R"({{"p50":{:.1f},"p99":{:.1f},"max":{:.1f}}})", spread.p50, spread.p99,
                       spread.max);
}

void print_ping_pong(const Options& options) {
    const PingPong result = ping_pong(options.address, options.rounds, options.lasts());
    fmt::print("{{\"rounds\":{},\"round_trip_us\":{}}}\n", result.rounds, json(result.round_trip));
}

void print_stream(const Options& options) {
    const StreamRate result = stream_rate(options.address, options.connections, options.lasts());
    fmt::print("{{\"bytes_per_second\":{:.0f},\"bytes\":{}}}\n", result.per_second, result.bytes);
}

void print_connections(const Options& options) {
    const ConnectionRate result =
        connection_rate(options.address, options.connections, options.lasts());
    fmt::print("{{\"per_second\":{:.1f},\"finished\":{},\"failed\":{}}}\n", result.per_second,
               result.finished, result.failed);
}

void print_delay(const Options& options) {
    const DelayError result =
        delay_error(options.address, options.rate, std::chrono::milliseconds{options.delay_ms},
                    options.lasts());
    fmt::print("{{\"messages\":{},\"error_us\":{},\"least_us\":{:.1f},\"timer_us\":{}}}\n",
               result.messages, json(result.delay), result.least, json(result.timer));
}

// The modes, each with the options it knows.
void add_modes(CLI::App& app, Options& options) {
    const auto mode = [&](const char* name, const char* doc, auto run) {
        CLI::App* command = app.add_subcommand(name, doc);
        command->add_option("address", options.address, "IPv4:port")->capture_default_str();
        command->add_option("--for", options.seconds, "seconds at most")
            ->check(CLI::Range(0.01, 3600.0));
        command->callback([&options, run] { run(options); });
        return command;
    };
    const auto connections = [&](CLI::App* command) {
        command->add_option("--connections", options.connections, "at the same time")
            ->check(CLI::Range(1, 60'000));
    };
    mode("serve", "the upstream: writes its address, ends with standard input",
         [](const Options& o) { serve(o.address, o.lasts()); });
    mode("pingpong", "64 bytes there and back over one connection", print_ping_pong)
        ->add_option("--rounds", options.rounds, "at most")
        ->check(CLI::Range(1, 10'000'000));
    connections(mode("stream", "bytes per second from the upstream", print_stream));
    connections(mode("connections", "connect, one byte each way, close", print_connections));
    connections(mode("idle", "open, say ready, hold until standard input ends",
                     [](const Options& o) { hold_idle(o.address, o.connections, o.lasts()); }));
    CLI::App* delay = mode("delay", "error of a one-way delay, and of timers", print_delay);
    delay->add_option("--rate", options.rate, "messages per second")
        ->check(CLI::Range(1, 1'000'000));
    delay->add_option("--asked", options.delay_ms, "the delay in ms")->check(CLI::Range(0, 60'000));
}

}  // namespace

}  // namespace etimedout

int main(int argc, char** argv) {
    CLI::App app{"Loads an address on loopback; see proxy_against_haproxy.py."};
    app.require_subcommand(1);
    etimedout::Options options;
    etimedout::add_modes(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const etimedout::Error& error) {
        fmt::print(stderr, "proxy_load: {}\n", error.what());
        if (!error.advice().empty()) fmt::print(stderr, "  {}\n", error.advice());
        return 1;
    }
    return 0;
}
