// EventMatch against events: fields compared as a scenario writes them.
#pragma once

#include <optional>
#include <string>

#include "harness/scenario/model.hh"
#include "simulator/events/event.hh"

namespace etimedout {

// What is wrong with the match itself: an event or a field that does not exist.
std::optional<Problem> problem_with(const EventMatch& match);

// `event` is the kind; every other key is a field of it. A text is equal, or fits a pattern with *
// for anything; a number or a duration is what a bound in a scenario may be ("3", "30s ±100ms");
// an entry of a map is written with a dot ("values.TcpExtTCPSynRetrans"). `at` is short for
// whichever of link, node, call and fault it has. What captures saw is taken from the near end
// unless `end` says otherwise, so that nothing is counted twice.
bool matches(const EventMatch& match, const Event& event);

// "30.00s http link=up what=request method=GET": time, kind and the fields that are set.
std::string in_one_line(const Event& event);

// "{event: http, link: up}", as a scenario would have it.
std::string in_one_line(const EventMatch& match);

}  // namespace etimedout
