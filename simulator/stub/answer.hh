// Answer: what a stub sends for a request, and at which pace; decided before a byte is sent.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulator/base/clock.hh"
#include "simulator/stream/request.hh"
#include "simulator/stream/response_head.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

// Text, or so many bytes of the pattern.
struct BodySource {
    std::string text{};
    std::int64_t size = 0;
    bool generated = false;

    // `count` bytes from `offset` on. The pattern is lines of 64 characters, each beginning with
    // its own offset in 12 digits, so that a reader sees which part is missing.
    std::string bytes(std::int64_t offset, std::int64_t count) const;
};

struct Pace {
    Duration first_byte{};
    Duration between{};
    std::int64_t piece = 1;  // bytes; means something only with `between`
    // How much to write at once.
    std::int64_t step() const;
};

// Where an answer ends: `at` bytes of its body are sent, and then what `end` says. `complete`
// before the body's end means that nothing comes any more, and nothing is closed.
struct Ending {
    std::int64_t at = 0;
    bool is_cut = false;
    StubEnd end = StubEnd::complete;
};

struct Answer {
    std::int64_t status = 200;
    std::map<std::string, std::string> headers{};
    BodySource body{};
    bool wants_chunks = false;
    Pace pace{};
    Ending ending{};
};

// The route a path has: the longest that matches, exact before a prefix of the same length;
// `all` when there is none.
const StubRoute& route_for(const StubSpec& spec, const RequestHead& head);

Answer answer_of(const StubRoute& route);

// The head of an answer that is given now.
RenderedHead render_head(const Answer& answer, const RequestHead& request, const WorldClock& clock);

// One behind which the connection is closed.
Answer last_answer(std::int64_t status, std::string text);

}  // namespace etimedout
