// EventSplitter: takes the text of an event stream apart into events.
#include "simulator/stream/event_splitter.hh"

#include <utility>

namespace etimedout {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
// Enough of a line to know it, behind a byte order mark.
constexpr std::size_t enough_of_a_line = 3 + std::string_view{"data:"}.size();

}  // namespace

std::vector<EventSplitter::Part> EventSplitter::feed(std::string_view text) {
    std::vector<Part> parts;
    for (const char c : text) add(c, parts);
    return parts;
}

void EventSplitter::add(char c, std::vector<Part>& parts) {
    if (after_cr_) {
        after_cr_ = false;
        line_end_ = c == '\n' ? LineEnd::lf_follows_cr : LineEnd::cr_alone;
        if (c == '\n') {
            block_ += c;
            end_line(parts);
            return;
        }
        end_line(parts);
    }
    block_ += c;
    if (c == '\n') {
        end_line(parts);
    } else if (c == '\r') {
        if (line_end_ == LineEnd::cr_alone) {
            end_line(parts);
        } else {
            after_cr_ = true;
        }
    } else if (line_.size() < enough_of_a_line) {
        line_ += c;
    }
    if (block_.size() >= most_kept && !after_cr_) give(Part::Kind::piece, parts);
}

void EventSplitter::end_line(std::vector<Part>& parts) {
    std::string_view line = line_;
    if (std::exchange(at_begin_, false) && line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    const bool is_comment = line.starts_with(':');
    if (line.empty()) {
        give(has_data_ ? Part::Kind::event : Part::Kind::aside, parts);
        has_field_ = false;
        has_data_ = false;
    } else if (is_comment && !has_field_) {
        give(Part::Kind::aside, parts);
    } else if (!is_comment) {
        has_field_ = true;
        has_data_ = has_data_ || line == "data" || line.starts_with("data:");
    }
    line_.clear();
}

void EventSplitter::give(Part::Kind kind, std::vector<Part>& parts) {
    if (block_.empty()) return;
    parts.push_back({kind, std::exchange(block_, {})});
}

std::string EventSplitter::rest() {
    after_cr_ = false;
    return std::exchange(block_, {});
}

}  // namespace etimedout
