// Limits: the timers that can end a call, the client's own and the harness's patience.
#pragma once

#include <algorithm>
#include <optional>

#include "harness/scenario/model.hh"
#include "simulator/base/clock.hh"

namespace etimedout {

// Points in time on the world's clock.
struct Limits {
    Duration begin{};
    Duration deadline{};
    std::optional<Duration> timeout{};          // the client's own, for all of it
    std::optional<Duration> connect_timeout{};  // the client's own, until connected

    static Limits of(const CallStep& step, Duration begin);

    // When the client itself gives up, if it ever does.
    std::optional<Duration> own_while_connecting() const;
    // The earliest limit in each phase.
    Duration while_connecting() const {
        return std::min(deadline, own_while_connecting().value_or(deadline));
    }
    Duration afterwards() const { return std::min(deadline, timeout.value_or(deadline)); }
    // Whether it was the client's own timer: it wins when both come at once.
    bool is_own_while_connecting() const {
        return own_while_connecting().value_or(Duration::max()) <= deadline;
    }
    bool is_own_afterwards() const { return timeout.value_or(Duration::max()) <= deadline; }
};

// Waits with ppoll(2) until `events` are there, or `until` has come (false).
bool wait_for(int fd, short events, const WorldClock& clock, Duration until);

// When bytes came, and whether they were still coming.
class Flow {
public:
    void arrived(Duration now);
    bool has_begun() const { return last_.has_value(); }
    // Whether a limit that passes now ends a flow, or a silence: the silence since the last byte
    // is longer than twice the longest one before it.
    bool is_flowing(Duration now) const;
    // What a timeout now is called.
    const char* timeout_word(Duration now) const;

private:
    std::optional<Duration> last_{};
    Duration longest_silence_{};
};

// At most 64 KiB of what came; the rest is only counted.
struct Collected {
    std::string text{};
    std::int64_t size = 0;
    void add(std::string_view more);
};

}  // namespace etimedout
