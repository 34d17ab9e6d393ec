// A capture's bytes to events: connections, HTTP messages, datagrams, on the world's time axis.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/events/event.hh"
#include "simulator/wire/address.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

// Which capture it is.
struct CaptureName {
    std::string link{};
    std::string end{};  // near or far
    // The caller's addresses; only for connections of which no SYN was captured.
    std::vector<PacketAddress> callers{};
};

struct CaptureFacts {
    EventLog events{};  // tcp, http, datagram and connection, in the order of time
    std::int64_t packets = 0;
    std::int64_t damaged = 0;  // whose checksum was wrong; no fact was taken from them
    bool truncated = false;    // the file ends in the middle of a packet
};

// `wall_begin` is the wall clock at t = 0, nanoseconds since 1970. A connection's summary has the
// time of its last packet, or of the capture's when it was not closed by then. Throws Error for
// what is not a capture of Ethernet in libpcap's classic format.
CaptureFacts facts_of_capture(ByteView pcap, const CaptureName& name, std::int64_t wall_begin);

}  // namespace etimedout
