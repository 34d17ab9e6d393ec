// DnsMalformed: answers that are no messages of DNS, or the wrong ones.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct DnsMalformed {
    static constexpr std::string_view kind = "dns_malformed";
    static constexpr std::string_view doc = "Answer with what is no proper message.";
    static constexpr std::string_view recipe =
        "the resolver builds the message wrongly, as `what` says";
    static constexpr std::string_view witness = "the resolver's own record of queries";
    static constexpr std::string_view caller_sees =
        "glibc and most others ignore it and wait on, so as with silence; a few fail at once";
    static constexpr std::string_view look_alike =
        "`corrupt` on the link to the resolver: the checksum is wrong, and the kernel drops it";
    static constexpr std::string_view needs = needs_text::resolver;
    static constexpr Layer layer = Layer::resolver;
    static constexpr Accepts accepts = resolver_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    DnsMalformation what = DnsMalformation::garbage;

    static constexpr auto fields() {
        return std::tuple{optional("what", &DnsMalformed::what, "what is wrong with it")};
    }
    Decision decide() const { return ResolverPlan{DnsMalform{what}}; }
    bool operator==(const DnsMalformed&) const = default;
};

}  // namespace etimedout
