// EventSplitter: takes the text of an event stream apart into events.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// text/event-stream (WHATWG HTML, 9.2.5 and 9.2.6): lines end in CRLF, LF or CR, an event is a
// block of lines up to an empty one, with a `data` line among them. Where it cuts depends on the
// bytes alone, not on how they are split when they come; where a stream ends its lines in CRLF, a
// CR waits for its LF.
class EventSplitter {
public:
    struct Part {
        enum class Kind {
            event,  // a whole event, or the last part of one
            piece,  // of an event that is too long to be kept
            aside   // comments, and blocks without data: no event
        };
        Kind kind;
        std::string text;
        bool operator==(const Part&) const = default;
    };
    // An event that is longer is given in pieces.
    static constexpr std::size_t most_kept = 16U << 10U;

    std::vector<Part> feed(std::string_view text);
    // The stream ends: what is left of it.
    std::string rest();
    std::size_t held() const { return block_.size(); }

private:
    enum class LineEnd { unknown, lf_follows_cr, cr_alone };

    void add(char c, std::vector<Part>& parts);
    void end_line(std::vector<Part>& parts);
    void give(Part::Kind kind, std::vector<Part>& parts);

    std::string block_;       // since the last part
    std::string line_;        // the beginning of this line, as far as it says what it is
    bool has_field_ = false;  // in this block
    bool has_data_ = false;
    bool after_cr_ = false;  // whether that CR ends a line alone is not known yet
    bool at_begin_ = true;   // of the stream, where there may be a byte order mark
    LineEnd line_end_ = LineEnd::unknown;
};

}  // namespace etimedout
