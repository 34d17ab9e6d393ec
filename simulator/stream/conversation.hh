// Conversation: what faults of the stream and message layers do with one connection, as two stages.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "simulator/stream/fault_table.hh"
#include "simulator/stream/stage.hh"

namespace etimedout {

// What the owner of a conversation gives it. The callbacks are called from take() and from
// rules_changed(), on the thread that calls these, and must not call back into the stages: they
// note that a lane is to be looked at again (next(), then give()).
struct ConversationOptions {
    std::function<void()> look_up{};    // the up stage has something because of what came down
    std::function<void()> look_down{};  // the down stage has something because of what went up
    // Nanoseconds from 1970 to the beginning of the clock of Moment, for the header Date of answers
    // that are made here; nothing: they have none.
    std::optional<Duration> wall_clock{};
};

// `up` takes what the client sends and gives what the server gets, `down` the other way. They stand
// in the two lanes of one connection from its beginning to its end, share what they know, and are
// used on one thread; either may go first. Once armed faults are healed the owner calls
// rules_changed(), so that what they kept back leaves; else it waits for the next bytes.
//
// Where HTTP/1 is spoken each request is judged by the table, once, at its first bytes, or at its
// head where an armed fault asks for it; the bytes of a request that no fault means, and those of
// its answer, pass as they came and at once. Only the beginning of a connection, up to the end of
// the first request line, is kept until it is known whether it is HTTP, and what follows a request
// to change the protocol (CONNECT, Upgrade) until that is answered. All else (TLS, PostgreSQL, a
// server that speaks first, what follows 101) is opaque: judged per connection, when bytes come.
//
// Ends: `close` and `reset` of a fault are given by `down`, for both directions. A server's end
// that comes while a fault keeps the connection mute is kept back until the fault is healed, or the
// client has said its own. Stage::change() does nothing: rules change in the table.
struct ConversationStages {
    // Either may keep so much because it cannot judge it before more has come; an owner that bounds
    // held() leaves room for it above.
    static constexpr std::size_t most_kept = 128U << 10U;

    std::unique_ptr<Stage> up;
    std::unique_ptr<Stage> down;
    std::function<void(Moment now)> rules_changed;
};

ConversationStages make_conversation(std::shared_ptr<FaultTable> table, ConnectionFacts facts,
                                     ConversationOptions options = {});

}  // namespace etimedout
