// What faults decide about the datagrams of one direction of one UDP connection, as plain data.
#pragma once

#include <cstdint>
#include <variant>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// What a proxy carries.
enum class Protocol { tcp, udp };

template <>
struct Words<Protocol> {
    static constexpr std::array<std::pair<std::string_view, Protocol>, 2> words{
        {{"tcp", Protocol::tcp}, {"udp", Protocol::udp}}};
};

struct DatagramPass {  // nothing
    bool operator==(const DatagramPass&) const = default;
};

// Each datagram leaves `delay` after it came, give or take a whole multiple of `grain` within
// [-jitter, jitter), whatever the others do: with jitter they overtake each other.
struct DatagramDelay {
    Duration delay{};
    Duration jitter{};
    Duration grain = 1ms;
    bool operator==(const DatagramDelay&) const = default;
};

// So many bytes each second, a datagram at a time; 0 keeps everything. `shared`: all connections
// together.
struct DatagramThrottle {
    std::int64_t bytes_per_second = 0;
    bool shared = false;
    bool operator==(const DatagramThrottle&) const = default;
};

// `correlation` adds to the chance after a loss.
struct DatagramLoss {
    Probability chance{};
    Probability correlation{};
    bool operator==(const DatagramLoss&) const = default;
};

struct DatagramDuplicate {
    Probability chance{};
    bool operator==(const DatagramDuplicate&) const = default;
};

// One that is chosen waits until `distance` others have overtaken it, `patience` at the most.
struct DatagramReorder {
    Probability chance{};
    std::int64_t distance = 1;
    Duration patience{};
    bool operator==(const DatagramReorder&) const = default;
};

// Flips one bit of each byte with this chance.
struct DatagramCorrupt {
    Probability chance{};
    bool operator==(const DatagramCorrupt&) const = default;
};

// Throws all datagrams away, and ends the connection when none came for `idle`; zero: never.
struct DatagramDiscard {
    Duration idle{};
    bool operator==(const DatagramDiscard&) const = default;
};

using DatagramPlan =
    std::variant<DatagramPass, DatagramDelay, DatagramThrottle, DatagramLoss, DatagramDuplicate,
                 DatagramReorder, DatagramCorrupt, DatagramDiscard>;

}  // namespace etimedout
