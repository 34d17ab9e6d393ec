// A node's TCP sockets, asked of the kernel through inet_diag.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simulator/base/fd.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// `Sockets` without its node.
struct SocketTable {
    std::map<std::string, std::int64_t> states{};  // as ss names them; those with none are absent
    std::vector<Listener> listeners{};             // by port
    std::int64_t send_queue = 0;                   // of all but listeners
    std::int64_t receive_queue = 0;
    bool operator==(const SocketTable&) const = default;
};

// ss's name of a TCP state as the kernel numbers them (include/net/tcp_states.h); "UNKNOWN" for a
// number without one.
std::string_view tcp_state_name(std::uint8_t state);

// What one answer of the kernel's says. Adds its sockets to the table. The errno of an error
// message; 0 and `more` otherwise.
struct DiagAnswer {
    int error = 0;
    bool more = true;
};
DiagAnswer add_diag_messages(std::span<const std::byte> datagram, SocketTable& table);

// Bound to the network namespace of the thread that makes it, whoever asks it later.
class SocketTableReader {
public:
    SocketTableReader();  // throws Error when the kernel cannot be asked
    SocketTable read();   // throws Error

private:
    Fd socket_;
    std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace etimedout
