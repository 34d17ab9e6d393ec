// YAML as the JSON it stands for, with the place of each part.
#include "simulator/proxy/yaml_input.hh"

#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "simulator/proxy/json_input.hh"

namespace etimedout {

namespace json = boost::json;

namespace {

constexpr std::size_t most_values = 200'000;

YamlMark mark_of(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    return {static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column)};
}

// Carries an error out of yaml-cpp's parser; never leaves this file.
struct Stop {
    std::string message;
    YamlMark at;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As JSON writes numbers.
std::optional<json::value> number_in(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || !is_digit(digits.front())) return std::nullopt;
    const char* end = text.data() + text.size();
    std::int64_t whole = 0;
    const auto as_whole = std::from_chars(text.data(), end, whole);
    if (as_whole.ec == std::errc{} && as_whole.ptr == end) return json::value(whole);
    double fraction = 0;
    const auto as_fraction = std::from_chars(text.data(), end, fraction);
    if (as_fraction.ec == std::errc{} && as_fraction.ptr == end && std::isfinite(fraction)) {
        return json::value(fraction);
    }
    return std::nullopt;
}

json::value plain_scalar(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
        return nullptr;
    }
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    if (const auto number = number_in(text)) return *number;
    return json::value(text);
}

class JsonBuilder final : public YAML::EventHandler {
public:
    explicit JsonBuilder(YamlInput& input) : input_{input} {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) throw Stop{"a second document; one file is one list", mark_of(mark)};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { put(nullptr, mark); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        throw Stop{"aliases are not read here; write the value out", mark_of(mark)};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  const std::string& value) override {
        const bool quoted = tag == "!";
        if (wants_key()) {
            take_key(value, mark);
        } else {
            put(quoted ? json::value(value) : plain_scalar(value), mark);
        }
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                         YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
        open(json::array{}, mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                    YAML::EmitterStyle::value /*style*/) override {
        open(json::object{}, mark);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        json::value value;
        std::string place;
        std::optional<std::string> key{};  // of a map, when its value comes next
    };

    bool wants_key() const {
        return !levels_.empty() && levels_.back().value.is_object() && !levels_.back().key;
    }
    void take_key(const std::string& key, const YAML::Mark& mark) {
        if (levels_.back().value.get_object().contains(key)) {
            throw Stop{fmt::format("the key `{}` is there twice", key), mark_of(mark)};
        }
        levels_.back().key = key;
    }
    std::string next_place() const {
        if (levels_.empty()) return {};
        const Level& level = levels_.back();
        if (level.key) return level.place + "/" + *level.key;
        return fmt::format("{}/{}", level.place, level.value.get_array().size());
    }
    void note(const YAML::Mark& mark) {
        if (wants_key()) throw Stop{"a key must be text", mark_of(mark)};
        if (++values_ > most_values) {
            throw Stop{fmt::format("more than {} values", most_values), mark_of(mark)};
        }
        input_.places.emplace_back(next_place(), mark_of(mark));
    }
    void open(json::value value, const YAML::Mark& mark) {
        note(mark);
        if (levels_.size() >= deepest_json) {
            throw Stop{fmt::format("nested deeper than {} levels", deepest_json), mark_of(mark)};
        }
        levels_.push_back({std::move(value), next_place()});
    }
    void close() {
        json::value done = std::move(levels_.back().value);
        levels_.pop_back();
        add(std::move(done));
    }
    void put(json::value value, const YAML::Mark& mark) {
        note(mark);
        add(std::move(value));
    }
    void add(json::value value) {
        if (levels_.empty()) {
            input_.value = std::move(value);
        } else if (Level& level = levels_.back(); level.key) {
            level.value.get_object()[*level.key] = std::move(value);
            level.key.reset();
        } else {
            level.value.get_array().push_back(std::move(value));
        }
    }

    YamlInput& input_;
    std::vector<Level> levels_;
    std::size_t values_ = 0;
    int documents_ = 0;
};

}  // namespace

YamlInput read_yaml(const std::string& text) {
    YamlInput input;
    try {
        std::istringstream stream{text};
        YAML::Parser parser{stream};
        JsonBuilder builder{input};
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop& stop) {
        input.error = stop.message;
        input.at = stop.at;
    } catch (const YAML::Exception& error) {
        input.error = fmt::format("not YAML: {}", error.msg);
        input.at = mark_of(error.mark);
    }
    return input;
}

}  // namespace etimedout
