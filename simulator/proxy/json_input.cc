// JSON from clients and files, read by the rules of Go's encoding/json.
#include "simulator/proxy/json_input.hh"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <boost/json/stream_parser.hpp>

#include "simulator/events/json_text.hh"

namespace etimedout {

namespace json = boost::json;

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "true or false";
        case json::kind::int64:
        case json::kind::uint64:
            return "a whole number";
        case json::kind::double_:
            return "a number with a fraction, an exponent or too many digits";
        case json::kind::string:
            return "text";
        case json::kind::array:
            return "a list";
        case json::kind::object:
            return "an object";
    }
    return "?";
}

}  // namespace

ParsedJson parse_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = deepest_json;
    options.allow_invalid_utf8 = true;  // as Go does; what comes out is made well-formed
    json::stream_parser parser{{}, options};
    ParsedJson result;
    json::error_code error;
    result.offset = parser.write_some(text.data(), text.size(), error);
    if (!error && !parser.done()) {
        const bool blank = std::all_of(text.begin(), text.end(), is_space);
        parser.finish(error);  // a number may end with the text
        if (error) {
            result.error = blank ? "EOF" : "unexpected EOF";
            return result;
        }
    }
    if (error) {
        result.error = error == json::error::too_deep
                           ? fmt::format("nested deeper than {} levels", deepest_json)
                           : fmt::format("not JSON: {} at byte {}", error.message(), result.offset);
        return result;
    }
    result.value = parser.release();
    return result;
}

namespace {

// Walks over JSON that is known to be well-formed, and stops where a place begins.
class PlaceFinder {
public:
    PlaceFinder(std::string_view text, std::string_view place) : text_{text}, place_{place} {}

    std::size_t find() {
        value(std::string{});
        return best_;
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void blanks() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
    std::string_view string() {
        const std::size_t begin = ++at_;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
        const std::size_t end = std::min(at_, text_.size());
        at_ = end + 1;
        return text_.substr(begin, end - begin);
    }
    // Later ones win, as they do when a key is there twice.
    void note(const std::string& here, std::size_t offset) {
        const bool on_the_way =
            place_ == here || (place_.starts_with(here) && place_[here.size()] == '/');
        if (!on_the_way || here.size() < best_size_) return;
        best_size_ = here.size();
        best_ = offset;
    }
    void value(const std::string& here) {
        blanks();
        note(here, at_);
        if (peek() == '"') {
            string();
        } else if (peek() == '[') {
            list(here);
        } else if (peek() == '{') {
            object(here);
        } else {
            while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' &&
                   text_[at_] != ']' && text_[at_] != '}') {
                ++at_;
            }
        }
        blanks();
    }
    void list(const std::string& here) {
        ++at_;
        blanks();
        for (std::size_t index = 0; peek() != ']' && peek() != '\0'; ++index) {
            value(fmt::format("{}/{}", here, index));
            if (peek() == ',') ++at_;
        }
        ++at_;
    }
    void object(const std::string& here) {
        ++at_;
        blanks();
        while (peek() == '"') {
            const std::string inner = fmt::format("{}/{}", here, string());
            blanks();
            ++at_;  // the colon
            value(inner);
            if (peek() == ',') ++at_;
            blanks();
        }
        ++at_;
    }

    std::string_view text_;
    std::string_view place_;
    std::size_t at_ = 0;
    std::size_t best_ = 0;
    std::size_t best_size_ = 0;
};

}  // namespace

std::size_t offset_of_place(std::string_view json, std::string_view place) {
    return PlaceFinder{json, place}.find();
}

bool same_key(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

void wrong_type(const json::value& value, std::string_view wanted, const JsonSpot& spot) {
    constexpr std::size_t longest_word = 60;
    std::string given;
    if (value.is_string() && value.get_string().size() <= longest_word && wanted.starts_with('"')) {
        append_json_string(given, value.get_string());  // so that no control character is shown
    } else {
        given = kind_name(value);
    }
    throw ApiError{
        400, fmt::format("bad request body: `{}` must be {}, not {}", spot.key, wanted, given),
        spot.place};
}

void decode(const json::value& value, std::string& into, const JsonSpot& spot) {
    if (value.is_null()) return;
    if (!value.is_string()) wrong_type(value, "text", spot);
    into = std::string_view{value.get_string()};
}

void decode(const json::value& value, bool& into, const JsonSpot& spot) {
    if (value.is_null()) return;
    if (!value.is_bool()) wrong_type(value, "true or false", spot);
    into = value.get_bool();
}

void decode(const json::value& value, std::int64_t& into, const JsonSpot& spot) {
    if (value.is_null()) return;
    if (value.is_uint64()) wrong_type(value, "a whole number below 2^63", spot);
    if (!value.is_int64()) wrong_type(value, "a whole number", spot);
    into = value.get_int64();
}

void decode(const json::value& value, double& into, const JsonSpot& spot) {
    if (value.is_null()) return;
    if (!value.is_number()) wrong_type(value, "a number", spot);
    into = value.to_number<double>();
}

JsonObject::JsonObject(const json::value& value, std::string place) : place_{std::move(place)} {
    if (value.is_null()) return;
    if (!value.is_object()) {
        const auto slash = place_.rfind('/');
        const std::string name = slash == std::string::npos ? "body" : place_.substr(slash + 1);
        wrong_type(value, "an object", {name, place_});
    }
    object_ = &value.get_object();
}

const json::value* JsonObject::find(std::string_view key) const {
    const json::value* found = nullptr;
    if (object_ == nullptr) return found;
    for (const auto& member : *object_) {
        if (same_key(member.key(), key)) found = &member.value();
    }
    return found;
}

std::string JsonObject::place_of(std::string_view key) const {
    if (object_ != nullptr) {
        for (const auto& member : *object_) {
            if (same_key(member.key(), key)) return place_ + "/" + std::string{member.key()};
        }
    }
    return place_;
}

namespace {

std::string bound_text(double bound) { return fmt::format("{:.0f}", bound); }

}  // namespace

void out_of_range(std::string_view key, std::optional<double> lowest, std::optional<double> highest,
                  const std::string& is, std::string place) {
    std::string range;
    if (lowest && highest) {
        range = fmt::format("from {} to {}", bound_text(*lowest), bound_text(*highest));
    } else if (lowest) {
        range = fmt::format("at least {}", bound_text(*lowest));
    } else {
        range = fmt::format("at most {}", bound_text(highest.value_or(0)));
    }
    throw ApiError{400, fmt::format("`{}` must be {}, not {}", key, range, is), std::move(place)};
}

}  // namespace etimedout
