// The client's side of the benchmark: one measurement for each function, each bounded in time.
#pragma once

#include <cstdint>
#include <string>

#include "load_sockets.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

struct PingPong {
    std::int64_t rounds = 0;
    Spread round_trip;
};
// 64 bytes there and back over one connection, until `rounds` or `at_most`.
PingPong ping_pong(const std::string& address, std::int64_t rounds, Duration at_most);

struct StreamRate {
    double per_second = 0;   // bytes, after a short start
    std::int64_t bytes = 0;  // with the start
};
// From the server over so many connections at once.
StreamRate stream_rate(const std::string& address, int connections, Duration lasts);

struct ConnectionRate {
    double per_second = 0;      // after a short start
    std::int64_t finished = 0;  // with the start
    std::int64_t failed = 0;
};
// Connect, one byte each way, close; `parallel` at any time.
ConnectionRate connection_rate(const std::string& address, int parallel, Duration lasts);

// Opens them, each with one byte each way, says "ready", and holds them until standard input ends
// or so long has passed.
void hold_idle(const std::string& address, int connections, Duration at_most);

struct DelayError {
    std::int64_t messages = 0;
    Spread delay;      // one way, less what was asked
    double least = 0;  // its smallest, in microseconds
    Spread timer;      // of the sender, on the same machine in the same run
};
DelayError delay_error(const std::string& address, std::int64_t per_second, Duration asked,
                       Duration lasts);

}  // namespace etimedout
