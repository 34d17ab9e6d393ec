// Selection: the part of a link's traffic that an expectation is about.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/expect/log_index.hh"
#include "harness/expect/measure.hh"
#include "harness/scenario/model.hh"

namespace etimedout {

// What `of`, `during`, `since` and `ignore` leave of a link's traffic.
struct Selection {
    std::vector<const Connection*> connections{};  // by their begin
    std::vector<const Connection*> fresh{};        // of these, those that began in the window
    std::vector<const Request*> requests{};        // by their begin
    std::vector<DatagramMoment> datagrams{};
    Window window{};
    // From here on, nothing of its kind came any more.
    Duration last_activity{};
    // From the end of the last attempt but one to the begin of the last; zero without one.
    Duration last_gap{};
    bool open_ended = true;  // false: what comes after the window does not count
};

// Where an expectation looks: the times it means.
std::variant<Window, Check> window_of(const LogIndex& log, const Expectation& expectation);

// A Check where the selection has no answer: an unknown name, or a capture that cannot be believed.
std::variant<Selection, Check> select(const LogIndex& log, const Expectation& expectation);

// The selected requests of a connection, and whether it carried something that is not HTTP.
std::optional<Check> unseen_requests(const Selection& selection, const std::string& link);

}  // namespace etimedout
