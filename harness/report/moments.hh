// Moments: what happened on a run's links, as the few lines that tell the story.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/expect/log_index.hh"
#include "harness/expect/verdict.hh"

namespace etimedout {

enum class MomentKind {
    packet,   // something went over a link
    mark,     // a call, a fault, a process
    silence,  // nothing for so long
    omitted   // so many moments are not shown
};

struct Moment {
    Duration t{};
    std::optional<Duration> until{};  // of what was repeated: when the last of it came
    MomentKind kind = MomentKind::mark;
    std::string link{};
    std::string from{};  // node at the arrow's tail, for packets
    std::string to{};
    bool against = false;  // against the link's arrow
    std::string label{};   // on the arrow, or the mark's whole text
    std::string note{};    // behind it
    bool operator==(const Moment&) const = default;
};

// What a picture shows: these links, this time.
struct Focus {
    std::vector<std::string> links{};
    Window window{};
    std::optional<Duration> at{};  // what must not be omitted
};

// What a finding is about: the repetition of its call that it was observed in, or the whole run.
Focus focus_of(const LogIndex& log, const Finding& finding);

// In the order of time: handshakes and repetitions folded, long silences named, and at most `most`
// of them beside those.
std::vector<Moment> moments_of(const LogIndex& log, const Focus& focus, std::size_t most = 14);

// Lines of at most `columns` columns:
//     1.200s  up     gateway ────── GET / ──────▶ upstream  #1
std::vector<std::string> picture_of(const LogIndex& log, const Focus& focus,
                                    const std::vector<Moment>& moments, std::size_t columns = 100);

}  // namespace etimedout
