// Exchange: one attempt to get something over a link, what became of it, and which of its packets
// crossed the link.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/scene.hh"

namespace etimedout {

// What the near end's packets show of an exchange, the caller's view.
enum class Symptom {
    fine,
    connecting,      // SYNs, and no answer to them
    refused,         // a reset answers the SYN
    icmp,            // an ICMP error answers the SYN
    unacknowledged,  // data is sent again and again
    unread,          // the callee's window is closed
    unanswered,      // sent and acknowledged, no byte of an answer
    closed,          // the callee's side ended it without an answer
    stalled,         // a part of an answer, then nothing
    cut,             // a part of an answer, then the end
    error_status     // 408, 429 or 5xx
};

struct Exchange {
    const SceneLink* link = nullptr;
    Passage ends{};
    const Request* request = nullptr;      // at the near end; null: none was seen
    const Request* far_request = nullptr;  // the same at the far end
    Symptom symptom = Symptom::fine;
    Span ran{};           // from its first packet (of its request, where reused) to its end
    Duration given_up{};  // when whoever waited for it ended; only exchanges of a chain have it
    bool reused = false;  // an earlier request went over this connection
    bool left = false;    // its caller ended it, before it was answered

    const Connection& near() const { return *ends.near; }
    bool is_bad() const { return symptom != Symptom::fine; }
    // Answered, however late; what the caller did about that is not looked at.
    bool is_answered() const { return request != nullptr && request->response != nullptr; }
    std::int64_t status() const { return is_answered() ? request->response->status : 0; }
    Duration took() const { return ran.to - ran.from; }
};

// All of the link, in the order of their begin; those of DNS over TCP are left out.
std::vector<Exchange> exchanges_of(const SceneLink& link, Duration end_of_log);

// Whether this end saw such a packet of that side; `what` and `by` are TcpEvent's.
bool happened(const Connection& connection, std::string_view what, std::string_view by,
              const Span& span);

// What looks well on the wire and was not for its caller, who gave up at that time: the answer
// came, or became whole, afterwards; or he says that he has waited in vain (`timed_out`), or
// nothing had come for a second.
void end_as_its_caller_saw(Exchange& exchange, Duration gave_up, bool timed_out);

std::string_view name_of(Symptom symptom);

// A packet that one end of a link sent, and whether it came out at the other.
struct Crossing {
    enum class Phase { handshake, data };
    Duration t{};
    Phase phase{};
    bool passed = false;
    Duration delay{};                // of one that passed
    std::string what{};              // as TcpEvent has it
    const Connection* of = nullptr;  // as its sender's end saw it
};
enum class Way { up, down };

// In the order of time. Data counts as dropped where its sender sent it again later. What may still
// have been under way when the log ended is left out. Packets have no numbers here: of all delays
// that explain every arrival the shortest is taken, so that a late packet is not a lost one.
std::vector<Crossing> crossings_of(const SceneLink& link, Way way, Duration end_of_log);

// What became of one sender's packets of one phase, for a while.
struct Drops {
    std::int64_t dropped = 0;
    std::int64_t passed = 0;
    std::int64_t runs = 0;           // of drops one after the other
    std::int64_t recovered = 0;      // connections of which one was dropped, and a later one passed
    std::int64_t others_passed = 0;  // of other connections or phases, in the same time
    std::optional<Duration> first{};
    std::optional<Duration> last{};

    // The link itself works: other packets passed it in this direction meanwhile.
    bool is_selective() const { return others_passed > 0; }
};

// How the time of an exchange divides between the link and the callee.
struct TimeSpent {
    Duration on_link{};
    Duration at_callee{};
    Duration longest_way{};      // the longest of single crossings
    bool is_flowing = false;     // the answer was still coming in when it ended
    std::int64_t under_way = 0;  // bytes that one end had sent and the other never got
};
// Nothing where the far end was not captured or not reached.
std::optional<TimeSpent> time_spent(const Exchange& exchange, Duration end_of_log);

}  // namespace etimedout
