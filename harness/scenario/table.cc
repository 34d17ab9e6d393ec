// Tables: the errors of keys, and the spellings of scalars.
#include "harness/scenario/table.hh"

#include <algorithm>
#include <array>

namespace etimedout {

std::string_view unknown_key(Reading& reading, const YamlNode& key, std::string_view what,
                             const std::vector<std::string_view>& known,
                             const std::vector<LaterKey>& later) {
    for (const LaterKey& absent : later) {
        if (absent.name != key.text) continue;
        reading.error(key.at, fmt::format("this version does not have `{}` yet", key.text),
                      std::string{absent.instead});
        return {};
    }
    if (key.text == "<<") {
        reading.error(key.at, "merge keys (`<<`) are not part of the language",
                      "write the keys out, or use `vars`");
        return {};
    }
    reading.error(key.at, fmt::format("{} has no key {}", what, quote(key.text)),
                  suggest(key.text, known, "keys"));
    return did_you_mean(key.text, known);
}

void missing_key(Reading& reading, const Span& at, std::string_view what, std::string_view key,
                 std::string_view doc, std::string_view example) {
    reading.error(
        at, fmt::format("{} needs the key `{}`: {}", what, key, doc),
        example.empty() ? std::string{} : fmt::format("for example `{}: {}`", key, example));
}

namespace {

struct RoundUnit {
    std::string_view name;
    std::int64_t factor;
};

template <class T, std::size_t N>
std::string in_round_units(T value, std::int64_t count, const std::array<RoundUnit, N>& units) {
    for (const RoundUnit& unit : units) {
        if (count >= unit.factor && count % unit.factor == 0) {
            return fmt::format("{}{}", count / unit.factor, unit.name);
        }
    }
    return Scalar<T>::write(value);
}

}  // namespace

std::string round_text(Duration value) {
    static constexpr std::array units{RoundUnit{"h", 3'600'000'000'000},
                                      RoundUnit{"m", 60'000'000'000}};
    return in_round_units(value, value.count(), units);
}

std::string round_text(Bytes value) {
    static constexpr std::array units{RoundUnit{"gb", 1'000'000'000}, RoundUnit{"mb", 1'000'000},
                                      RoundUnit{"kb", 1000}};
    return in_round_units(value, value.count, units);
}

ScalarForm scalar_form(std::string_view name) {
    struct Entry {
        std::string_view name;
        ScalarForm form;
    };
    static constexpr std::array entries{
        Entry{"duration", {"^ *[0-9.]+ *(ns|us|ms|s|m|h) *$", {}}},
        Entry{"size", {"^ *[0-9.]+ *(b|kb|mb|gb|k|M|byte|bytes)( bytes)? *$", {}}},
        Entry{"size or number of events",
              {"^ *[0-9.]+ *(b|kb|mb|gb|k|M|byte|bytes)( bytes)? *$|^[0-9]+ ?events?$", {}}},
        Entry{"number of events", {"^[0-9]+ ?events?$", {}}},
        Entry{"rate", {"^ *[0-9.]+ *(bit|kbit|mbit|gbit) *$", {}}},
        Entry{"share",
              {"^ *[0-9.]+ *%( (of )?(connections?|requests?|requests? per connection))?$", {}}},
        Entry{"count", {"^[0-9]+( (connections?|requests?|requests? per connection))?$", {}}},
        Entry{"port", {{}, "integer"}},
        Entry{"whole number", {{}, "integer"}},
        Entry{"number", {{}, "number"}},
        Entry{"true or false", {{}, "boolean"}}};
    const auto* const found = std::find_if(entries.begin(), entries.end(),
                                           [&](const Entry& entry) { return entry.name == name; });
    return found != entries.end() ? found->form : ScalarForm{{}, "string"};
}

Form words_form(std::vector<std::string> words) {
    Form form;
    form.kind = Form::Kind::words;
    form.example = words.empty() ? std::string{} : words.front();
    form.words = std::move(words);
    return form;
}

void not_a_word(Reading& reading, std::string_view key, const YamlNode& node,
                const std::vector<std::string_view>& words) {
    const std::string choices = fmt::format("{}", fmt::join(words, ", "));
    if (!node.is_scalar()) {
        reading.error(node.at,
                      fmt::format("`{}` wants one of {}, not {}", key, choices, what_stands(node)));
        return;
    }
    const std::string_view meant = did_you_mean(node.text, words);
    if (words.size() == 1) {
        reading.error(node.at, fmt::format("`{}` cannot be {}", key, quote(node.text)),
                      fmt::format("write {}: {}", key, choices));
        return;
    }
    reading.error(node.at,
                  fmt::format("`{}` cannot be {}: it is one of {}", key, quote(node.text), choices),
                  meant.empty() ? std::string{} : fmt::format("did you mean `{}`?", meant));
}

Form text_like(std::string name, std::string example) {
    Form form = Value<std::string>::form({});
    form.name = std::move(name);
    form.example = std::move(example);
    return form;
}

Form named_form(std::string name) {
    Form form;
    form.kind = Form::Kind::named;
    form.name = std::move(name);
    return form;
}

std::string describe(const Form& form) {
    const auto all = [&](std::string_view separator) {
        std::vector<std::string> parts;
        for (const Form& part : form.of) parts.push_back(describe(part));
        return fmt::format("{}", fmt::join(parts, separator));
    };
    switch (form.kind) {
        case Form::Kind::words:
            return fmt::format("{}", fmt::join(form.words, " | "));
        case Form::Kind::list:
            return fmt::format("list of: {}", all(", "));
        case Form::Kind::map:
            return fmt::format("map of names to: {}", all(", "));
        case Form::Kind::either:
            return all(", or ");
        case Form::Kind::named:
            return form.name;
        case Form::Kind::object: {
            std::vector<std::string> names;
            for (const KeyForm& key : form.keys) names.push_back(key.name);
            return fmt::format("map of {}", fmt::join(names, ", "));
        }
        case Form::Kind::scalar:
            break;
    }
    if (!form.lowest.empty() && !form.highest.empty()) {
        return fmt::format("{}, {} to {}", form.name, form.lowest, form.highest);
    }
    if (!form.lowest.empty()) return fmt::format("{}, at least {}", form.name, form.lowest);
    if (!form.highest.empty()) return fmt::format("{}, at most {}", form.name, form.highest);
    return form.name;
}

}  // namespace etimedout
