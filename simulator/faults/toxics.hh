// The list of all toxics, the faults of the proxy's API: adding one is a struct and a name here.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "simulator/faults/toxics_own.hh"
#include "simulator/faults/toxics_toxiproxy.hh"

namespace etimedout {

using AllToxics =
    List<toxic::Noop, toxic::Latency, toxic::Bandwidth, toxic::SlowClose, toxic::Timeout,
         toxic::ResetPeer, toxic::Slicer, toxic::LimitData, toxic::PacketLoss, toxic::Deadline,
         toxic::IdleTimeout, toxic::Stall, toxic::Hold, toxic::Corrupt, toxic::HalfClose,
         toxic::CloseAfter, toxic::SlowAccept, toxic::Refuse, toxic::Blackhole>;

template <class>
struct ToxicVariant;
template <class... Ts>
struct ToxicVariant<List<Ts...>> {
    using type = std::variant<Ts...>;
};
using Toxic = ToxicVariant<AllToxics>::type;

inline std::string_view kind_of(const Toxic& toxic) {
    return std::visit([](const auto& t) -> std::string_view { return t.kind; }, toxic);
}
inline ToxicPlan plan_of(const Toxic& toxic) {
    return std::visit([](const auto& t) { return t.plan(); }, toxic);
}
// What is wrong between the attributes, each of which is in its range; empty when nothing is.
inline std::string conflict_of(const Toxic& toxic) {
    return std::visit(
        [](const auto& t) -> std::string {
            if constexpr (requires { t.conflict(); }) {
                return t.conflict();
            } else {
                return {};
            }
        },
        toxic);
}
// The toxic of this kind, with its attributes as they are by default; nothing for another word.
inline std::optional<Toxic> toxic_of(std::string_view kind) {
    std::optional<Toxic> found;
    AllToxics::for_each([&](auto type) {
        using T = typename decltype(type)::type;
        if (T::kind == kind) found = T{};
    });
    return found;
}
inline std::vector<std::string_view> toxic_kinds() {
    std::vector<std::string_view> kinds;
    AllToxics::for_each([&](auto type) { kinds.push_back(decltype(type)::type::kind); });
    return kinds;
}

}  // namespace etimedout
