// Bounds: reading them, each of the three ways they may be written.
#include "harness/scenario/bounds.hh"

#include <cmath>
#include <regex>

namespace etimedout {

namespace {

constexpr std::array<std::string_view, 3> bound_words{"at_most", "at_least", "between"};

bool is_bound_word(std::string_view word) {
    return std::find(bound_words.begin(), bound_words.end(), word) != bound_words.end();
}

// A window whose tolerance passes a tenth of the value needs a reason; the default one does not.
void advise_width(Reading& reading, std::string_view key, const YamlNode& node, double low,
                  double value, double high) {
    constexpr double widest = 0.10 + 1e-9;
    if (value <= 0 || (value - low <= value * widest && high - value <= value * widest)) return;
    reading.warning(
        node.at,
        fmt::format("`{}: {}` is a window wider than 10 % and gives no reason", key, to_flow(node)),
        "name the setting it follows from in a comment or in `because`, or narrow it");
}

// How one type's bounds are read.
template <class T>
struct BoundReader {
    Result<Bound<T>> (*parse_text)(std::string_view);
    Result<T> (*parse_value)(std::string_view);
    std::string example;
    std::string plain;  // without a tolerance
};

const BoundReader<Duration> duration_bounds{parse_duration_bound, Scalar<Duration>::parse,
                                            "30s ±100ms", "30s"};
const BoundReader<std::int64_t> count_bounds{parse_count_bound, Scalar<std::int64_t>::parse, "3",
                                             "3"};
const BoundReader<Bytes> size_bounds{parse_size_bound, Scalar<Bytes>::parse, "64k", "64k"};

Result<double> parse_share(std::string_view text) {
    const auto share = Scalar<Probability>::parse(text);
    if (!share) return share.error();
    return share->value;
}

Result<Bound<double>> parse_share_bound(std::string_view text) {
    const auto share = parse_share(text);
    if (!share) return share.error();
    return Bound<double>{*share, *share, std::string{text}};
}

const BoundReader<double> share_bounds{parse_share_bound, parse_share, "99%", "99%"};

double number_of(Duration value) { return static_cast<double>(value.count()); }

template <class T>
bool read_value(Reading& reading, std::string_view key, const YamlNode& node,
                const BoundReader<T>& how, T& out) {
    if (!want_scalar(reading, key, node, "a single value")) return false;
    const auto value = how.parse_value(node.text);
    if (!value) {
        reading.error(node.at, fmt::format("`{}`: {}", key, value.error().message),
                      value.error().advice);
        return false;
    }
    out = *value;
    return true;
}

template <class T>
bool read_between(Reading& reading, const YamlNode& node, const BoundReader<T>& how,
                  Bound<T>& out) {
    if (!node.is_list() || node.items.size() != 2) {
        reading.error(node.at, fmt::format("`between` wants two values, not {}", what_stands(node)),
                      "write between: [low, high]");
        return false;
    }
    T low{};
    T high{};
    if (!read_value(reading, "between", node.items[0], how, low) ||
        !read_value(reading, "between", node.items[1], how, high)) {
        return false;
    }
    if (high < low) {
        reading.error(
            node.items[1].at, "`between` wants the lower value first",
            fmt::format("write between: [{}, {}]", node.items[1].text, node.items[0].text));
        return false;
    }
    out.at_least = low;
    out.at_most = high;
    return true;
}

// {at_most: …}, {at_least: …}, both, or {between: [a, b]}. Other keys are the caller's affair.
template <class T>
bool read_words(Reading& reading, const YamlNode& node, const BoundReader<T>& how, Bound<T>& out) {
    std::vector<std::string> said;
    for (const YamlPair& pair : node.pairs) {
        const std::string_view word = pair.key.text;
        if (!is_bound_word(word)) continue;
        if (word == "between") {
            if (!read_between(reading, pair.value, how, out)) return false;
            said.push_back(fmt::format("between {} and {}", pair.value.items[0].text,
                                       pair.value.items[1].text));
        } else {
            T value{};
            if (!read_value(reading, word, pair.value, how, value)) return false;
            (word == "at_most" ? out.at_most : out.at_least) = value;
            said.push_back(fmt::format("at {} {}", word.substr(3), pair.value.text));
        }
    }
    if (said.size() > 1 && node.find("between") != nullptr) {
        reading.error(node.at, "`between` says both ends already", "remove the other bound");
        return false;
    }
    if (out.at_least && out.at_most && *out.at_most < *out.at_least) {
        reading.error(node.at, "no value can be within this bound: at_least is above at_most",
                      "swap them, or write between: [low, high]");
        return false;
    }
    out.text = fmt::format("{}", fmt::join(said, ", "));
    return true;
}

template <class T>
bool read_text(Reading& reading, std::string_view key, const YamlNode& node,
               const BoundReader<T>& how, Bound<T>& out) {
    const std::string_view text = node.text;
    if (text.starts_with('<') || text.starts_with('>') || text.starts_with("≤") ||
        text.starts_with("≥")) {
        reading.error(node.at, fmt::format("`{}`: bounds are words, not {}", key, quote(text)),
                      fmt::format("write {{at_most: {0}}}, {{at_least: {0}}} or "
                                  "{{between: [a, b]}}",
                                  how.plain));
        return false;
    }
    if (text.starts_with('-')) {
        reading.error(node.at, fmt::format("`{}` cannot be negative: {}", key, quote(text)),
                      "write 0 or more");
        return false;
    }
    const auto bound = how.parse_text(text);
    if (!bound) {
        reading.error(node.at, fmt::format("`{}`: {}", key, bound.error().message),
                      bound.error().advice);
        return false;
    }
    out = *bound;
    return true;
}

template <class T>
bool read_bound(Reading& reading, std::string_view key, const YamlNode& node,
                const BoundReader<T>& how, Bound<T>& out) {
    if (node.is_scalar()) return read_text(reading, key, node, how, out);
    if (!node.is_map()) {
        reading.error(node.at, fmt::format("`{}` wants a bound, not {}", key, what_stands(node)),
                      fmt::format("write {}, or {{at_most: {}}}", how.example, how.plain));
        return false;
    }
    const std::vector<std::string_view> known{bound_words.begin(), bound_words.end()};
    for (const YamlPair& pair : node.pairs) {
        if (is_bound_word(pair.key.text)) continue;
        unknown_key(reading, pair.key, "a bound", known, {});
        return false;
    }
    if (node.pairs.empty()) {
        reading.error(node.at, fmt::format("`{}`: this bound says nothing", key),
                      "write at_most, at_least or between");
        return false;
    }
    return read_words(reading, node, how, out);
}

Form bound_form(const Form& exact, std::string name) {
    Form text = exact;
    text.name = name;
    text.pattern.clear();
    text.json_type = "quantity";
    Form pair;
    pair.kind = Form::Kind::list;
    pair.of.push_back(exact);
    Form words;
    words.kind = Form::Kind::object;
    words.name = "bound";
    words.keys = {{"at_most", "this or less", false, exact, {}, {}},
                  {"at_least", "this or more", false, exact, {}, {}},
                  {"between", "two values, the lower first", false, pair, {}, {}}};
    Form either;
    either.kind = Form::Kind::either;
    either.name = std::move(name);
    either.example = text.example;
    if (!exact.json_type.empty() && exact.json_type != "string") either.of.push_back(exact);
    either.of.push_back(std::move(text));
    either.of.push_back(std::move(words));
    return either;
}

// The value a tolerance is around, in nanoseconds; nothing when a bound has no explicit one.
std::optional<double> centre_of(std::string_view text) {
    for (const std::string_view sign :
         {std::string_view{"±"}, std::string_view{"+/-"}, std::string_view{"-"}}) {
        const auto at = text.find(sign);
        if (at == std::string_view::npos) continue;
        const auto value = Scalar<Duration>::parse(text.substr(0, at));
        if (!value) return std::nullopt;
        return number_of(*value);
    }
    return std::nullopt;
}

}  // namespace

bool Value<Bound<Duration>>::read(Reading& reading, std::string_view key, const YamlNode& node,
                                  const Range& /*range*/, Bound<Duration>& out) {
    if (!read_bound(reading, key, node, duration_bounds, out)) return false;
    if (!out.at_least || !out.at_most) return true;
    const double low = number_of(*out.at_least);
    const double high = number_of(*out.at_most);
    if (node.is_map()) {
        advise_width(reading, key, node, low, (low + high) / 2, high);
    } else if (const auto centre = centre_of(node.text)) {
        advise_width(reading, key, node, low, *centre, high);
    }
    return true;
}

Form Value<Bound<Duration>>::form(const Range& range) {
    Form form = bound_form(form_of_scalar<Duration>(range), "duration with tolerance");
    form.example = duration_bounds.example;
    return form;
}

bool Value<Bound<std::int64_t>>::read(Reading& reading, std::string_view key, const YamlNode& node,
                                      const Range& /*range*/, Bound<std::int64_t>& out) {
    return read_bound(reading, key, node, count_bounds, out);
}

Form Value<Bound<std::int64_t>>::form(const Range& range) {
    return bound_form(form_of_scalar<std::int64_t>(range), "count");
}

bool Value<Bound<Bytes>>::read(Reading& reading, std::string_view key, const YamlNode& node,
                               const Range& /*range*/, Bound<Bytes>& out) {
    return read_bound(reading, key, node, size_bounds, out);
}

Form Value<Bound<Bytes>>::form(const Range& range) {
    return bound_form(form_of_scalar<Bytes>(range), "size with tolerance");
}

bool Value<Bound<double>>::read(Reading& reading, std::string_view key, const YamlNode& node,
                                const Range& /*range*/, Bound<double>& out) {
    return read_bound(reading, key, node, share_bounds, out);
}

Form Value<Bound<double>>::form(const Range& range) {
    return bound_form(form_of_scalar<Probability>(range), "share");
}

bool check_regular_expression(Reading& reading, std::string_view key, const YamlNode& node) {
    constexpr std::size_t longest = 500;  // libstdc++ compiles recursively
    if (node.text.size() > longest) {
        reading.error(node.at,
                      fmt::format("`{}`: a regular expression of more than {} bytes", key, longest),
                      "match a shorter part of the text");
        return false;
    }
    try {
        const std::regex compiled{node.text, std::regex::ECMAScript};
        return true;
    } catch (const std::regex_error& error) {
        const bool large = error.code() == std::regex_constants::error_space ||
                           error.code() == std::regex_constants::error_complexity;
        reading.error(node.at,
                      fmt::format("`{}`: {} is not a regular expression: {}", key, quote(node.text),
                                  large ? "it repeats too much" : error.what()),
                      "the syntax is ECMAScript's; escape ( ) [ ] { } . * + ? with a backslash, or "
                      "use `contains`");
        return false;
    }
}

Form Value<TextBound>::form(const Range& range) {
    const Form text = form_of_scalar<std::string>(range);
    Form words;
    words.kind = Form::Kind::object;
    words.name = "text";
    words.keys = {{"equals", "exactly this", false, text, {}, {}},
                  {"contains", "this somewhere", false, text, {}, {}},
                  {"matches", "an ECMAScript regular expression", false, text, {}, {}}};
    Form either;
    either.kind = Form::Kind::either;
    either.name = "text, or {contains: …}";
    either.example = "ok";
    either.of = {text, words};
    return either;
}

bool Value<TextBound>::read(Reading& reading, std::string_view key, const YamlNode& node,
                            const Range& /*range*/, TextBound& out) {
    if (node.is_scalar()) {
        out.equals = node.text;
        return true;
    }
    if (!want_map(reading, key, node)) return false;
    const std::vector<std::string_view> known{"equals", "contains", "matches"};
    bool good = true;
    for (const YamlPair& pair : node.pairs) {
        const std::string_view word = pair.key.text;
        if (std::find(known.begin(), known.end(), word) == known.end()) {
            unknown_key(reading, pair.key, fmt::format("`{}`", key), known, {});
            good = false;
        } else if (want_scalar(reading, word, pair.value, "a text")) {
            (word == "equals"     ? out.equals
             : word == "contains" ? out.contains
                                  : out.matches) = pair.value.text;
            if (word == "matches")
                good = check_regular_expression(reading, key, pair.value) && good;
        } else {
            good = false;
        }
    }
    if (node.pairs.empty()) {
        reading.error(node.at, fmt::format("`{}` says nothing", key),
                      "write equals, contains or matches");
        return false;
    }
    return good;
}

Form Value<InAnyBound>::form(const Range& range) {
    Form peak;
    peak.kind = Form::Kind::object;
    peak.name = "peak";
    peak.keys = {{"window", "how long each window is", true, form_of_scalar<Duration>({}), {}, {}}};
    const Form count = Value<Bound<std::int64_t>>::form(range);
    for (const KeyForm& key : count.of.back().keys) peak.keys.push_back(key);
    peak.keys.push_back({"count", "a bound on the most in any window", false, count, {}, {}});
    Form either;
    either.kind = Form::Kind::either;
    either.example = "1s";
    either.of = {form_of_scalar<Duration>(range), peak};
    return either;
}

bool Value<InAnyBound>::read(Reading& reading, std::string_view key, const YamlNode& node,
                             const Range& range, InAnyBound& out) {
    if (node.is_scalar()) {  // the bound stands beside it, at what is counted
        return Value<Duration>::read(reading, key, node, {1.0, {}}, out.window);
    }
    if (!want_map(reading, key, node)) return false;
    const std::vector<std::string_view> known{"window", "count", "at_most", "at_least", "between"};
    for (const YamlPair& pair : node.pairs) {
        if (std::find(known.begin(), known.end(), pair.key.text) != known.end()) continue;
        unknown_key(reading, pair.key, fmt::format("`{}`", key), known, {});
        return false;
    }
    const YamlNode* window = node.find("window");
    if (window == nullptr) {
        missing_key(reading, node.at, fmt::format("`{}`", key), "window", "how long each window is",
                    "1s");
        return false;
    }
    if (!Value<Duration>::read(reading, "window", *window, {1.0, {}}, out.window)) return false;
    const bool in_words = node.find("at_most") != nullptr || node.find("at_least") != nullptr ||
                          node.find("between") != nullptr;
    const YamlNode* count = node.find("count");
    if (in_words == (count != nullptr)) {
        reading.error(node.at, fmt::format("`{}` wants one bound on the peak", key),
                      "write {window: 1s, at_most: 5}");
        return false;
    }
    if (count != nullptr) {
        return Value<Bound<std::int64_t>>::read(reading, "count", *count, range, out.count);
    }
    return read_words(reading, node, count_bounds, out.count);
}

}  // namespace etimedout
