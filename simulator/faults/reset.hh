// Reset: the server aborts the connection.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Reset {
    static constexpr std::string_view kind = "reset";
    static constexpr std::string_view doc =
        "Abort the connection with a TCP reset when a request, or the first data, arrives.";
    static constexpr std::string_view recipe =
        "SO_LINGER 0 and close when the first bytes have arrived";
    static constexpr std::string_view witness = "TcpOutRsts of the server's node";
    static constexpr std::string_view caller_sees =
        "ECONNRESET on reading; a client that has not yet written: EPIPE";
    static constexpr std::string_view look_alike =
        "`half_open`: the RST comes only after data was sent; `kill`: all connections at once";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::stream;
    static constexpr Accepts accepts = stream_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    static constexpr auto fields() { return std::tuple<>{}; }
    Decision decide() const { return StreamPlan{Abort{}}; }
    bool operator==(const Reset&) const = default;
};

}  // namespace etimedout
