// EventStreamReader: the events of a text/event-stream, and StreamWatch: when what of a body came.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/events/event.hh"

namespace etimedout {

// Pure. WHATWG HTML, sections 9.2.5 and 9.2.6: lines end in CRLF, LF or CR, a byte order mark may
// begin the stream, and an event is a block of lines with a `data` line among them, up to an empty
// line. What comes out depends on the bytes alone, not on how they are split.
class EventStreamReader {
public:
    struct Item {
        enum class Kind { event, comment };
        Kind kind = Kind::event;
        std::string type{};  // `message` where the stream names none
        std::string data{};  // lines joined by \n; of a longer one the first `most_kept` bytes
        bool operator==(const Item&) const = default;
    };
    static constexpr std::size_t most_kept = 64U << 10U;

    std::vector<Item> feed(std::string_view text);

private:
    void end_line(std::vector<Item>& items);
    void take_field(std::string_view name, std::string_view value);

    std::string line_{};
    std::string type_{};
    std::string data_{};
    bool has_data_ = false;
    bool after_cr_ = false;  // whose LF, if it has one, belongs to it
    bool at_begin_ = true;
};

// Whether an event of a stream carries a piece of the answer, as OpenAI (chat.completion.chunk,
// Responses) and Anthropic (Messages) stream it; true of what is none of theirs.
bool carries_content(const EventStreamReader::Item& event);

// Follows one response's body. Pure: times are what it is told.
class StreamWatch {
public:
    // The head is complete. `content_type` decides whether it is an event stream.
    StreamWatch(Duration headers, std::string_view content_type);

    void add(std::string_view piece, Duration t);
    void end(Duration t) { seen_.end = t; }
    bool is_event_stream() const { return reader_.has_value(); }
    // What was seen so far.
    StreamSeen seen() const;

private:
    void note(Duration t);
    void take_line(std::string_view piece);

    StreamSeen seen_{};
    std::optional<EventStreamReader> reader_{};
    std::string line_{};  // of a body that is no event stream: the newest line with something in it
    bool line_ended_ = false;
};

}  // namespace etimedout
