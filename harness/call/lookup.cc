// Lookup: names to addresses through the node's own resolver, with a limit on the wait.
#include "harness/call/lookup.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include "harness/call/call.hh"
#include "harness/call/call_state.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace {

constexpr Duration shortest_resolver_timeout = 1s;

LookupResult resolve(const LookupPlan& plan, const WorldClock& clock) {
    LookupResult result;
    addrinfo hints{};
    hints.ai_family = plan.family;
    hints.ai_socktype = SOCK_STREAM;  // one entry per address
    hints.ai_flags = plan.flags | AI_NUMERICSERV;
    const std::string service = fmt::format("{}", plan.port);
    addrinfo* list = nullptr;
    const Duration begin = clock.now();
    result.code = ::getaddrinfo(plan.name.c_str(), service.c_str(), &hints, &list);
    if (result.code == EAI_SYSTEM) result.error_number = errno;
    result.took = clock.now() - begin;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        CalleeAddress address;
        address.size = entry->ai_addrlen;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
        result.addresses.push_back(address);
    }
    if (list != nullptr) ::freeaddrinfo(list);
    return result;
}

}  // namespace

std::string CalleeAddress::host() const {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(get(), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
        return {};
    }
    return text.data();
}

std::string CalleeAddress::text() const {
    if (family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        return fmt::format("[{}]:{}", host(), ntohs(v6.sin6_port));
    }
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return fmt::format("{}:{}", host(), ntohs(v4.sin_port));
}

std::string local_address(int fd) {
    CalleeAddress address;
    address.size = sizeof address.storage;
    auto* place = reinterpret_cast<sockaddr*>(&address.storage);
    if (::getsockname(fd, place, &address.size) != 0) return {};
    return address.text();
}

struct Lookups::Pending {
    std::mutex mutex{};
    std::condition_variable done{};
    std::optional<LookupResult> result{};
};

Lookups::~Lookups() {
    for (auto& thread : abandoned_) thread.join();
}

std::optional<LookupResult> Lookups::look_up(const LookupPlan& plan, const WorldClock& clock,
                                             Duration until) {
    const auto pending = std::make_shared<Pending>();
    std::thread thread{[pending, plan, &clock] {
        LookupResult result = resolve(plan, clock);
        const std::lock_guard lock{pending->mutex};
        pending->result = std::move(result);
        pending->done.notify_one();
    }};
    std::unique_lock lock{pending->mutex};
    const auto limit = std::chrono::steady_clock::now() + (until - clock.now());
    pending->done.wait_until(lock, limit, [&] { return pending->result.has_value(); });
    std::optional<LookupResult> result = pending->result;
    lock.unlock();
    if (result) {
        thread.join();
    } else {
        const std::lock_guard own{mutex_};
        abandoned_.push_back(std::move(thread));
    }
    return result;
}

void describe_failure(const LookupResult& result, CallEnd& end) {
    const bool timed_out = result.code == EAI_AGAIN && result.took >= shortest_resolver_timeout;
    end.outcome = timed_out ? "dns_timeout" : "dns_failure";
    end.detail = ::gai_strerror(result.code);
    if (result.code == EAI_SYSTEM) end.error = errno_name(result.error_number);
}

std::optional<std::vector<CalleeAddress>> callee_addresses(const CallPlan& plan,
                                                           const WorldClock& clock,
                                                           CallState& state, const Limits& limits,
                                                           CallEnd& end) {
    LookupPlan lookup{plan.host, plan.port, AF_UNSPEC, 0};
    const bool by_name = !plan.host.empty();
    if (!by_name) {
        lookup.name = plan.address;
        lookup.flags = AI_NUMERICHOST;
    }
    const auto result = state.parts().lookups.look_up(lookup, clock, limits.while_connecting());
    if (!result) {
        end.outcome = limits.is_own_while_connecting() ? "dns_timeout" : "never_ended";
        end.detail = fmt::format("still looking up {}", lookup.name);
        return std::nullopt;
    }
    if (result->code != 0) {
        describe_failure(*result, end);
        return std::nullopt;
    }
    if (by_name) end.dns = clock.now() - limits.begin;
    return result->addresses;
}

}  // namespace etimedout
