// Tables: how a map of the scenario is read, and what its keys are, said once.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "harness/scenario/form.hh"
#include "harness/scenario/reading.hh"
#include "simulator/base/bound.hh"
#include "simulator/base/fields.hh"

namespace etimedout {

// Inclusive, in a value's base unit, as a field declares it.
struct Range {
    std::optional<double> lowest{};
    std::optional<double> highest{};
};

// How values of one type are read from a scenario. A specialisation has
//   static Form form(const Range&)
//   static bool read(Reading&, std::string_view key, const YamlNode&, const Range&, T&)
// `read` reports what is wrong and then returns false.
template <class T>
struct Value;

// One key of a map that becomes a T.
template <class T>
struct KeySpec {
    std::string_view name;
    std::string_view doc;
    Presence presence = Presence::optional;
    Form form{};
    std::function<bool(Reading&, const YamlNode&, T&)> read{};
    std::string initial{};
    unsigned places = 0;  // of an expectation's key: the places that know it
};

// A key that the language has and this version does not.
struct LaterKey {
    std::string_view name;
    std::string_view instead;
};

template <class T>
struct Table {
    std::string_view what;  // "a call", for messages
    std::vector<KeySpec<T>> keys{};
    std::vector<LaterKey> later{};

    const KeySpec<T>* find(std::string_view name) const {
        for (const auto& key : keys) {
            if (key.name == name) return &key;
        }
        return nullptr;
    }
    Form form() const {
        Form object;
        object.kind = Form::Kind::object;
        object.name = what;
        for (const auto& key : keys) {
            object.keys.push_back({std::string{key.name},
                                   std::string{key.doc},
                                   key.presence == Presence::required,
                                   key.form,
                                   key.initial,
                                   {}});
        }
        return object;
    }
};

// An error for a key that nobody knows: with a suggestion, or what the version lacks. Returns the
// key that was probably meant, which is then not missing as well; empty where none is near.
std::string_view unknown_key(Reading& reading, const YamlNode& key, std::string_view what,
                             const std::vector<std::string_view>& known,
                             const std::vector<LaterKey>& later);

void missing_key(Reading& reading, const Span& at, std::string_view what, std::string_view key,
                 std::string_view doc, std::string_view example);

// The text of a value left out: its default, where that says something.
template <class M>
std::string initial_text(const M& value) {
    if constexpr (HasWords<M>) {
        return std::string{word_of(value)};
    } else if constexpr (std::same_as<M, std::string>) {
        return value;
    } else if constexpr (HasScalar<M>) {
        return Scalar<M>::write(value);
    } else {
        return {};
    }
}

// A quantity in its base unit, for ranges.
inline double base_value(Duration value) { return static_cast<double>(value.count()); }
inline double base_value(Bytes value) { return static_cast<double>(value.count); }
inline double base_value(Rate value) { return static_cast<double>(value.bits_per_second); }
inline double base_value(Probability value) { return value.value; }
inline double base_value(std::int64_t value) { return static_cast<double>(value); }
inline double base_value(double value) { return value; }
inline double base_value(Port value) { return value.number; }

template <class T>
concept HasRange = requires(const T& value) {
    { base_value(value) } -> std::same_as<double>;
}
&&!std::same_as<T, bool>;

// An example of a field: its default where that is one, or else its type's.
template <class M>
void prefer_default(Form& form, const Range& range, const M& value) {
    if constexpr (HasWords<M>) {
        form.example = word_of(value);
    } else if constexpr (HasRange<M>) {
        const double number = base_value(value);
        if (number > 0 && number >= range.lowest.value_or(number) &&
            number <= range.highest.value_or(number)) {
            form.example = Scalar<M>::write(value);
        }
    }
}

template <class T, class M>
KeySpec<T> key_from(const Field<T, M>& field) {
    const Range range{field.lowest, field.highest};
    KeySpec<T> spec;
    spec.name = field.name;
    spec.doc = field.doc;
    spec.presence = field.presence;
    spec.form = Value<M>::form(range);
    prefer_default(spec.form, range, T{}.*field.member);
    spec.read = [field, range](Reading& reading, const YamlNode& node, T& out) {
        return Value<M>::read(reading, field.name, node, range, out.*field.member);
    };
    if (field.presence == Presence::optional) spec.initial = initial_text(T{}.*field.member);
    return spec;
}

// A key without a field table: `member` may belong to a base of T.
template <class T, class Owner, class M>
KeySpec<T> key(std::string_view name, M Owner::*member, std::string_view doc,
               const Range& range = {}) {
    KeySpec<T> spec;
    spec.name = name;
    spec.doc = doc;
    spec.form = Value<M>::form(range);
    spec.read = [name, member, range](Reading& reading, const YamlNode& node, T& out) {
        return Value<M>::read(reading, name, node, range, out.*member);
    };
    spec.initial = initial_text(T{}.*member);
    return spec;
}

// A key with a reader of its own.
template <class T, class Read>
KeySpec<T> custom_key(std::string_view name, Form form, std::string_view doc, Read read) {
    KeySpec<T> spec;
    spec.name = name;
    spec.doc = doc;
    spec.form = std::move(form);
    spec.read = std::move(read);
    return spec;
}

template <class T>
KeySpec<T> mandatory(KeySpec<T> spec) {
    spec.presence = Presence::required;
    return spec;
}

// The table of a struct that declares its fields.
template <HasFields T>
const Table<T>& table_of(std::string_view what) {
    static const Table<T> table = [&] {
        Table<T> made{what};
        for_each_field<T>([&](const auto& field) { made.keys.push_back(key_from(field)); });
        return made;
    }();
    return table;
}

// Reads the keys of a map that a table knows; false when anything is wrong with it. `what` names
// the map in messages.
template <class T>
bool read_map(Reading& reading, const YamlNode& node, const Table<T>& table, T& out,
              std::string_view what) {
    bool good = true;
    std::vector<std::string_view> meant;
    std::vector<std::string_view> known;
    for (const auto& key : table.keys) known.push_back(key.name);
    for (const YamlPair& pair : node.pairs) {
        const KeySpec<T>* spec = table.find(pair.key.text);
        if (spec == nullptr) {
            meant.push_back(unknown_key(reading, pair.key, what, known, table.later));
            good = false;
        } else {
            good = spec->read(reading, pair.value, out) && good;
        }
    }
    for (const auto& key : table.keys) {
        if (key.presence == Presence::required && node.find(key.name) == nullptr) {
            good = false;
            if (std::find(meant.begin(), meant.end(), key.name) != meant.end()) continue;
            missing_key(reading, node.at, what, key.name, key.doc, key.form.example);
        }
    }
    return good;
}

// The shortest spelling in round units: "24h", "64gb".
std::string round_text(Duration value);
std::string round_text(Bytes value);

// A limit of a range, written as values of its type are.
template <class T>
std::string limit_text(double limit) {
    if constexpr (std::same_as<T, Duration> || std::same_as<T, Bytes>) {
        return round_text(T{static_cast<std::int64_t>(limit)});
    } else if constexpr (std::same_as<T, Rate>) {
        return Scalar<T>::write(Rate{static_cast<std::int64_t>(limit)});
    } else if constexpr (std::same_as<T, Probability>) {
        return Scalar<T>::write(Probability{limit});
    } else {
        return fmt::format("{:.15g}", limit);
    }
}

// An error where a value is outside its range; the range in the value's own unit.
template <HasRange T>
bool check_range(Reading& reading, std::string_view key, const YamlNode& node, const Range& range,
                 const T& value) {
    const double number = base_value(value);
    const auto complain = [&](std::string_view side, double limit) {
        reading.error(node.at,
                      fmt::format("`{}` must be at {} {}, and is {}", key, side,
                                  limit_text<T>(limit), quote(node.text)),
                      range.lowest && range.highest
                          ? fmt::format("from {} to {}", limit_text<T>(*range.lowest),
                                        limit_text<T>(*range.highest))
                          : std::string{});
        return false;
    };
    if (range.lowest && number < *range.lowest) return complain("least", *range.lowest);
    if (range.highest && number > *range.highest) return complain("most", *range.highest);
    return true;
}

// The regular expression of all spellings of a scalar, and its type in JSON.
struct ScalarForm {
    std::string_view pattern;
    std::string_view json_type;
};
ScalarForm scalar_form(std::string_view name);

template <class T>
Form form_of_scalar(const Range& range) {
    Form form;
    form.name = Scalar<T>::name;
    form.example = Scalar<T>::example;
    const ScalarForm how = scalar_form(form.name);
    form.pattern = how.pattern;
    form.json_type = how.json_type;
    if constexpr (HasRange<T>) {
        if (range.lowest) form.lowest = limit_text<T>(*range.lowest);
        if (range.highest) form.highest = limit_text<T>(*range.highest);
    }
    return form;
}

// A text of which people see this name and this example.
Form text_like(std::string name, std::string example);

// What is described elsewhere, under this name.
Form named_form(std::string name);

template <HasScalar T>
struct Value<T> {
    static Form form(const Range& range) { return form_of_scalar<T>(range); }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, T& out) {
        if (!want_scalar(reading, key, node,
                         fmt::format("a {} such as {}", Scalar<T>::name, Scalar<T>::example))) {
            return false;
        }
        const Result<T> value = Scalar<T>::parse(node.text);
        if (!value) {
            reading.error(node.at, fmt::format("`{}`: {}", key, value.error().message),
                          value.error().advice);
            return false;
        }
        out = *value;
        if constexpr (HasRange<T>) return check_range(reading, key, node, range, *value);
        return true;
    }
};

template <>
struct Value<std::string> {
    static Form form(const Range& range) { return form_of_scalar<std::string>(range); }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& /*range*/, std::string& out) {
        if (!want_scalar(reading, key, node, "a text")) return false;
        out = node.text;
        return true;
    }
};

Form words_form(std::vector<std::string> words);
void not_a_word(Reading& reading, std::string_view key, const YamlNode& node,
                const std::vector<std::string_view>& words);

template <HasWords E>
struct Value<E> {
    static Form form(const Range& /*range*/) {
        std::vector<std::string> words;
        for (const auto& [word, value] : Words<E>::words) words.emplace_back(word);
        return words_form(std::move(words));
    }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& /*range*/, E& out) {
        if (node.is_scalar()) {
            if (const auto value = from_word<E>(node.text)) {
                out = *value;
                return true;
            }
        }
        std::vector<std::string_view> words;
        for (const auto& [word, value] : Words<E>::words) words.push_back(word);
        not_a_word(reading, key, node, words);
        return false;
    }
};

template <class T>
struct Value<std::optional<T>> {
    static Form form(const Range& range) { return Value<T>::form(range); }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, std::optional<T>& out) {
        T value{};
        if (!Value<T>::read(reading, key, node, range, value)) return false;
        out = std::move(value);
        return true;
    }
};

template <class T>
struct Value<std::vector<T>> {
    static Form form(const Range& range) {
        Form list;
        list.kind = Form::Kind::list;
        list.of.push_back(Value<T>::form(range));
        return list;
    }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, std::vector<T>& out) {
        if (!want_list(reading, key, node)) return false;
        bool good = true;
        for (const YamlNode& item : node.items) {
            T value{};
            good = Value<T>::read(reading, key, item, range, value) && good;
            out.push_back(std::move(value));
        }
        return good;
    }
};

template <class T>
struct Value<std::map<std::string, T>> {
    static Form form(const Range& range) {
        Form map;
        map.kind = Form::Kind::map;
        map.of.push_back(Value<T>::form(range));
        return map;
    }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& range, std::map<std::string, T>& out) {
        if (!want_map(reading, key, node)) return false;
        bool good = true;
        for (const YamlPair& pair : node.pairs) {
            T value{};
            good = Value<T>::read(reading, pair.key.text, pair.value, range, value) && good;
            out.insert_or_assign(pair.key.text, std::move(value));
        }
        return good;
    }
};

template <HasFields T>
struct Value<T> {
    static Form form(const Range& /*range*/) { return table_of<T>("this map").form(); }
    static bool read(Reading& reading, std::string_view key, const YamlNode& node,
                     const Range& /*range*/, T& out) {
        if (!want_map(reading, key, node)) return false;
        return read_map(reading, node, table_of<T>("this map"), out, fmt::format("`{}`", key));
    }
};

}  // namespace etimedout
