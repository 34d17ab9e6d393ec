// EventStreamReader: the events of a text/event-stream, and StreamWatch: when what of a body came.
#include "simulator/wire/event_stream.hh"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

namespace etimedout {

namespace {

namespace json = boost::json;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool names_event_stream(std::string_view content_type) {
    constexpr std::string_view wanted = "text/event-stream";
    const auto begin = content_type.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return false;
    content_type.remove_prefix(begin);
    if (content_type.size() < wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (lower_case(content_type[i]) != wanted[i]) return false;
    }
    const char next = content_type.size() > wanted.size() ? content_type[wanted.size()] : ';';
    return next == ';' || next == ' ' || next == '\t' || next == ',';
}

bool holds_something(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr) return false;
    if (const json::string* text = value->if_string()) return !text->empty();
    if (const json::array* list = value->if_array()) return !list->empty();
    return value->is_object();
}

// Of a chunk of chat completions, or of the older completions.
bool choices_carry(const json::array& choices) {
    return std::any_of(choices.begin(), choices.end(), [](const json::value& choice) {
        const json::object* object = choice.if_object();
        if (object == nullptr) return false;
        if (holds_something(*object, "text")) return true;
        const json::value* delta = object->if_contains("delta");
        const json::object* fields = delta != nullptr ? delta->if_object() : nullptr;
        return fields != nullptr &&
               (holds_something(*fields, "content") || holds_something(*fields, "refusal") ||
                holds_something(*fields, "reasoning_content") ||
                holds_something(*fields, "tool_calls") ||
                holds_something(*fields, "function_call"));
    });
}

bool is_about_the_stream(std::string_view type) {
    constexpr std::array<std::string_view, 7> types{
        "message_start", "content_block_start", "content_block_stop",
        "message_delta", "message_stop",        "ping",
        "error"};
    if (type.starts_with("response.")) return !type.ends_with(".delta");
    return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

std::vector<EventStreamReader::Item> EventStreamReader::feed(std::string_view text) {
    std::vector<Item> items;
    while (!text.empty()) {
        if (after_cr_) {
            after_cr_ = false;
            if (text.front() == '\n') {
                text.remove_prefix(1);
                continue;
            }
        }
        const auto end = std::min(text.find_first_of("\r\n"), text.size());
        // A line longer than what is kept goes on being read, and not being kept.
        const std::size_t room = most_kept + 16 - std::min(line_.size(), most_kept + 16);
        line_ += text.substr(0, std::min(end, room));
        if (end == text.size()) break;
        after_cr_ = text[end] == '\r';
        text.remove_prefix(end + 1);
        end_line(items);
    }
    return items;
}

void EventStreamReader::end_line(std::vector<Item>& items) {
    std::string_view line = line_;
    if (std::exchange(at_begin_, false) && line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    if (line.empty()) {
        if (has_data_) {
            items.push_back({Item::Kind::event, type_.empty() ? "message" : std::move(type_),
                             std::move(data_)});
        }
        type_.clear();
        data_.clear();
        has_data_ = false;
    } else if (line.front() == ':') {
        items.push_back({Item::Kind::comment, {}, {}});
    } else {
        const auto colon = std::min(line.find(':'), line.size());
        std::string_view value = line.substr(std::min(colon + 1, line.size()));
        if (value.starts_with(' ')) value.remove_prefix(1);
        take_field(line.substr(0, colon), value);
    }
    line_.clear();
}

void EventStreamReader::take_field(std::string_view name, std::string_view value) {
    if (name == "event") {
        type_ = value;
    } else if (name == "data") {
        if (has_data_ && data_.size() < most_kept) data_ += '\n';
        has_data_ = true;
        data_ += value.substr(0, most_kept - std::min(data_.size(), most_kept));
    }
}

bool carries_content(const EventStreamReader::Item& event) {
    if (event.type == "content_block_delta") return true;
    if (is_about_the_stream(event.type) || event.data == "[DONE]") return false;
    json::error_code error;
    const json::value value = json::parse({event.data.data(), event.data.size()}, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return true;
    if (object->if_contains("error") != nullptr && object->size() == 1) return false;
    const json::value* choices = object->if_contains("choices");
    if (const json::array* list = choices != nullptr ? choices->if_array() : nullptr) {
        return choices_carry(*list);
    }
    const json::value* type = object->if_contains("type");
    const json::string* text = type != nullptr ? type->if_string() : nullptr;
    return text == nullptr || !is_about_the_stream({text->data(), text->size()});
}

StreamWatch::StreamWatch(Duration headers, std::string_view content_type) {
    seen_.headers = headers;
    if (names_event_stream(content_type)) reader_.emplace();
}

void StreamWatch::note(Duration t) {
    if (seen_.last) seen_.largest_gap = std::max(seen_.largest_gap, t - *seen_.last);
    seen_.last = t;
}

void StreamWatch::take_line(std::string_view piece) {
    for (const char c : piece) {
        if (c == '\n' || c == '\r') {
            line_ended_ = true;
            continue;
        }
        if (std::exchange(line_ended_, false)) line_.clear();
        if (line_.size() < StreamSeen::most_of_last) line_ += c;
    }
}

void StreamWatch::add(std::string_view piece, Duration t) {
    if (piece.empty()) return;
    if (!seen_.first_byte) seen_.first_byte = t;
    if (!reader_) {
        note(t);
        take_line(piece);
        return;
    }
    for (EventStreamReader::Item& item : reader_->feed(piece)) {
        if (item.kind == EventStreamReader::Item::Kind::comment) {
            ++seen_.comments;
            continue;
        }
        ++seen_.events;
        note(t);
        if (!seen_.first_event) seen_.first_event = t;
        if (!seen_.first_content && carries_content(item)) seen_.first_content = t;
        seen_.last_type = item.type.substr(0, StreamSeen::most_of_last);
        seen_.last_data = item.data.substr(0, StreamSeen::most_of_last);
    }
}

StreamSeen StreamWatch::seen() const {
    StreamSeen seen = seen_;
    if (!reader_) seen.last_data = line_;
    return seen;
}

}  // namespace etimedout
