// PingSocket: ICMP echo requests to one address, their answers, and what routers say instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "harness/call/lookup.hh"
#include "simulator/base/fd.hh"

namespace etimedout {

// An answer to the request of this number, from 1.
struct EchoReply {
    std::int64_t number = 0;
};
// A request was refused: by a router or the host (RFC 792, RFC 4443), or by our own kernel.
struct EchoError {
    int error_number = 0;
};
using EchoNews = std::variant<std::monostate, EchoReply, EchoError>;

class PingSocket {
public:
    // A datagram socket where net.ipv4.ping_group_range allows one, else a raw one. `tag` tells
    // our requests from others' (56 bytes of payload carry it). Throws Error when neither can be
    // opened.
    PingSocket(const CalleeAddress& to, std::string tag);

    int fd() const { return fd_.get(); }
    // 0, or the errno with which the kernel refused.
    int send(std::int64_t number);
    // What has arrived, without waiting; monostate when there is nothing more.
    EchoNews receive();

private:
    std::string payload(std::int64_t number) const;
    std::optional<EchoReply> reply_in(std::string_view packet) const;

    bool is_raw_ = false;  // before the socket, whose opening sets it
    Fd fd_;
    int family_;
    std::uint16_t id_;
    std::string tag_;
};

}  // namespace etimedout
