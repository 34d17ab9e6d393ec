// IP addresses and endpoints: what a packet says about whence and whither.
#include "simulator/wire/address.hh"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace etimedout {

std::string to_text(const PacketAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(),
                static_cast<socklen_t>(text.size()));
    return text.data();
}

std::string to_text(const Endpoint& endpoint) {
    return endpoint.address.is_v6 ? fmt::format("[{}]:{}", to_text(endpoint.address), endpoint.port)
                                  : fmt::format("{}:{}", to_text(endpoint.address), endpoint.port);
}

}  // namespace etimedout
