// A thousand connections through a proxy, each with a byte that a toxic keeps.
#pragma once

#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

#include "simulator/base/fd.hh"
#include "simulator/proxy/address.hh"

namespace etimedout::test {

inline constexpr int crowd_size = 1000;
// What it takes, with the proxy's own sockets in the same process.
inline constexpr rlim_t crowd_descriptors = 4 * crowd_size + 200;

// False when this user may not have so many.
inline bool allow_descriptors(rlim_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < wanted) return false;
    limit.rlim_cur = std::max(limit.rlim_cur, wanted);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

class Crowd {
public:
    Crowd() : upstream_{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))} {
        const auto here = numeric_address({"127.0.0.1", "0"}).value();
        checked("bind", ::bind(upstream_.get(), here.get(), here.size));
        checked("listen", ::listen(upstream_.get(), 4096));
    }
    std::string upstream() const { return own_address_of(upstream_.get()).text(); }
    void gather(const std::string& proxy) {
        const auto there = numeric_address(split_host_port(proxy).value()).value();
        for (int i = 0; i < crowd_size; ++i) {
            Fd client{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
            checked("connect", ::connect(client.get(), there.get(), there.size));
            checked("send", ::send(client.get(), "x", 1, MSG_NOSIGNAL));
            ends_.push_back(std::move(client));
            ends_.emplace_back(
                checked("accept", ::accept4(upstream_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        }
    }

private:
    Fd upstream_;
    std::vector<Fd> ends_;
};

}  // namespace etimedout::test
