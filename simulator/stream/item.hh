// Item: what travels through one direction of a connection: bytes, or an end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace etimedout {

// The monotonic clock, which is the world's own in a virtual kernel.
using Moment = std::chrono::steady_clock::time_point;

struct Item {
    enum class Kind {
        data,
        fin,    // the sender has nothing more to say; the other direction goes on
        close,  // both directions end in order
        reset   // both directions end with a RST
    };
    Kind kind = Kind::data;
    std::string bytes{};
    // When it entered where it is: the moment at which the stage before was due to give it, so that
    // lateness of the machine does not add up over stages.
    Moment at{};

    static Item data(std::string bytes, Moment at) { return {Kind::data, std::move(bytes), at}; }
    static Item end(Kind kind, Moment at) { return {kind, {}, at}; }
};

}  // namespace etimedout
