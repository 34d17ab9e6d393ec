// Kernel counters under nstat's names, and which of them changed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

struct KernelCounter {
    std::string_view prefix;  // "TcpExt"; empty in snmp6, whose names are whole
    std::string_view name;    // "TCPSynRetrans"
    std::int64_t value = 0;
};

// The text of /proc/net/snmp or /proc/net/netstat (a line of names and a line of values per
// prefix) or of /proc/net/snmp6 (a name and a value per line). The views are into `text`. Lines
// of another form are left out.
std::vector<KernelCounter> parse_kernel_counters(std::string_view text);

// One such file over time.
class CounterHistory {
public:
    CounterHistory() = default;
    CounterHistory(const CounterHistory&) = delete;
    CounterHistory& operator=(const CounterHistory&) = delete;

    // Adds to `changed` every counter whose value is not what it was in the text before; of the
    // first text, those that are not 0. Absolute values, names as `nstat -az` has them.
    void update(std::string text, std::map<std::string, std::int64_t>& changed);

private:
    struct Snapshot {
        std::string text{};
        std::vector<KernelCounter> counters{};  // views into the text, which therefore never moves
    };
    std::array<Snapshot, 2> snapshots_{};
    std::size_t latest_ = 0;
};

}  // namespace etimedout
