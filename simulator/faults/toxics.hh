// The list of all toxics, the faults of the proxy's API: adding one is a struct and a name here.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "simulator/faults/toxics_datagram.hh"
#include "simulator/faults/toxics_own.hh"
#include "simulator/faults/toxics_toxiproxy.hh"

namespace etimedout {

using AllToxics =
    List<toxic::Noop, toxic::Latency, toxic::Bandwidth, toxic::SlowClose, toxic::Timeout,
         toxic::ResetPeer, toxic::Slicer, toxic::LimitData, toxic::PacketLoss, toxic::Deadline,
         toxic::IdleTimeout, toxic::Stall, toxic::Hold, toxic::Corrupt, toxic::HalfClose,
         toxic::CloseAfter, toxic::SlowAccept, toxic::Refuse, toxic::Blackhole, toxic::Duplicate,
         toxic::Reorder>;

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
// Whether toxics of this type mean anything there.
template <class T>
constexpr bool is_for(Protocol protocol) {
    if (protocol == Protocol::udp) return requires(const T& t) {
            t.datagram_plan();
        };
    return requires(const T& t) { t.plan(); };
}
inline bool is_for(const Toxic& toxic, Protocol protocol) {
    return std::visit([&]<class T>(const T&) { return is_for<T>(protocol); }, toxic);
}
// The toxic must be for this protocol.
inline ToxicPlan plan_of(const Toxic& toxic, Protocol protocol = Protocol::tcp) {
    return std::visit(
        [&]<class T>(const T& t) -> ToxicPlan {
            if constexpr (requires { t.datagram_plan(); }) {
                if (protocol == Protocol::udp) return t.datagram_plan();
            }
            if constexpr (requires { t.plan(); }) {
                return t.plan();
            } else {
                return t.datagram_plan();
            }
        },
        toxic);
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
