// What both ends of the load tool share: loopback sockets, the clock, percentiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// The first byte of a connection says what the server is to do with it.
enum class Wish : char {
    answer = 'c',  // one byte back, then nothing
    echo = 'e',    // all bytes back
    source = 's',  // bytes without end
    ticks = 't'    // a TickOrder follows; Ticks come back
};

struct TickOrder {
    std::int64_t per_second = 0;
    std::int64_t count = 0;
};

// One message of the delay measurement, 64 bytes; nanoseconds of the monotonic clock, which all
// processes of a machine share.
struct Tick {
    std::int64_t due = 0;    // what the timer was set to
    std::int64_t fired = 0;  // when it was back from waiting
    std::int64_t sent = 0;   // just before the message was written
    std::int64_t unused[5] = {};
};
static_assert(sizeof(Tick) == 64);

std::int64_t now_ns();

// `address` is IPv4:port.
Fd listen_at(const std::string& address);
// "127.0.0.1:43210", as the kernel chose it.
std::string name_of(const Fd& listener);
Fd connect_to(const std::string& address);
// Without waiting: not connected yet, perhaps.
Fd begin_connect(const std::string& address);

// False when the peer is gone.
bool send_all(const Fd& socket, const void* data, std::size_t size);
bool receive_all(const Fd& socket, void* data, std::size_t size);

// Connects and says the wish; throws when the peer does not take it.
Fd connect_and_wish(const std::string& address, Wish wish);

struct Spread {
    double p50 = 0;
    double p99 = 0;
    double max = 0;
};
// Of nanoseconds, in microseconds. Sorts.
Spread spread_us(std::vector<std::int64_t>& samples);

// Until standard input ends (the script that started this is gone) or so long has passed.
void wait_for_end_of_input(Duration at_most);

}  // namespace etimedout
