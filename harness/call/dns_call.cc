// The dns call: a name looked up as programs in the node do, with getaddrinfo(3).
#include <algorithm>

#include "harness/call/call_state.hh"

namespace etimedout {

namespace {

int family_of(const std::string& type) {
    if (type == "A") return AF_INET;
    if (type == "AAAA") return AF_INET6;
    return AF_UNSPEC;
}

}  // namespace

CallEnd run_dns(const CallPlan& plan, const WorldClock& clock, CallState& state) {
    const auto& call = std::get<DnsCall>(plan.step.what);
    const Limits limits = Limits::of(plan.step, clock.now());
    CallEnd end;
    const LookupPlan lookup{call.name, 0, family_of(call.type), 0};
    const auto result = state.parts().lookups.look_up(lookup, clock, limits.afterwards());
    if (!result) {
        end.outcome = limits.is_own_afterwards() ? "dns_timeout" : "never_ended";
        end.detail = "still looking up " + call.name;
        return end;
    }
    if (result->code != 0) {
        describe_failure(*result, end);
        return end;
    }
    end.outcome = "ok";
    end.dns = result->took;
    for (const auto& address : result->addresses) end.addresses.push_back(address.host());
    std::sort(end.addresses.begin(), end.addresses.end());
    const auto last = std::unique(end.addresses.begin(), end.addresses.end());
    end.addresses.erase(last, end.addresses.end());
    return end;
}

}  // namespace etimedout
