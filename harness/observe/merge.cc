// Merge: the world's raw events and the facts of all captures, as one log.
#include "harness/observe/merge.hh"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "simulator/base/timestamp.hh"
#include "simulator/wire/facts.hh"

namespace etimedout {

namespace {

std::int64_t wall_begin_of(const EventLog& raw) {
    const auto* begin = raw.empty() ? nullptr : std::get_if<LogBegin>(&raw.front().what);
    if (begin == nullptr) {
        throw Error{"the log does not begin with `log_begin`, so its captures have no time",
                    "run the scenario again"};
    }
    return read_timestamp(begin->start).value().time_since_epoch().count();
}

// A file that does not hold all that its capture saw has lost it, wherever that happened.
void mark_lost(EventLog& raw, const CaptureFile& capture, const CaptureFacts& facts) {
    for (Event& event : raw) {
        auto* end = std::get_if<CaptureEnd>(&event.what);
        if (end == nullptr || end->link != capture.link || end->end != capture.end) continue;
        const std::int64_t missing = std::max<std::int64_t>(0, end->packets - facts.packets);
        end->dropped += std::max<std::int64_t>(missing, facts.truncated ? 1 : 0);
    }
}

EventLog facts_of(EventLog& raw, const CaptureFile& capture, std::int64_t wall_begin) {
    const CaptureName name{capture.link, capture.end, capture.callers};
    const ByteView bytes = std::as_bytes(std::span{capture.bytes});
    try {
        CaptureFacts facts = facts_of_capture(bytes, name, wall_begin);
        mark_lost(raw, capture, facts);
        return std::move(facts.events);
    } catch (const Error& error) {
        throw Error{fmt::format("the capture at the {} end of link `{}`: {}", capture.end,
                                capture.link, error.what()),
                    error.advice()};
    }
}

// What `log_begin` and `log_end` frame.
enum class Place { first, between, last };

Place place_of(const Event& event) {
    if (std::holds_alternative<LogBegin>(event.what)) return Place::first;
    if (std::holds_alternative<LogEnd>(event.what)) return Place::last;
    return Place::between;
}

}  // namespace

EventLog merge_log(EventLog raw, std::vector<CaptureFile> captures) {
    std::sort(captures.begin(), captures.end(), [](const CaptureFile& a, const CaptureFile& b) {
        const auto key = [](const CaptureFile& file) {
            return std::tuple{std::string_view{file.link}, file.end != "near",
                              std::string_view{file.end}};
        };
        return key(a) < key(b);
    });
    EventLog seen;
    if (!captures.empty()) {
        const std::int64_t wall_begin = wall_begin_of(raw);
        for (const CaptureFile& capture : captures) {
            EventLog facts = facts_of(raw, capture, wall_begin);
            std::move(facts.begin(), facts.end(), std::back_inserter(seen));
        }
    }
    EventLog log = std::move(raw);
    std::move(seen.begin(), seen.end(), std::back_inserter(log));
    std::stable_sort(log.begin(), log.end(), [](const Event& a, const Event& b) {
        return std::pair{place_of(a), a.t} < std::pair{place_of(b), b.t};
    });
    return log;
}

}  // namespace etimedout
