// Reading: names, and the mistakes found so far.
#include "harness/scenario/reading.hh"

#include <algorithm>

#include <fmt/format.h>

#include "simulator/base/fields.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_kept = 200;  // mistakes kept; the caller sorts and shows 20

bool is_name(std::string_view text) {
    constexpr std::size_t longest = 63;  // of a label of a host name (RFC 1035)
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && text.size() <= longest && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

}  // namespace

void Reading::error(const Span& at, std::string message, std::string advice) {
    if (errors_.size() >= most_kept) return;
    const bool spoilt = std::any_of(spoilt_.begin(), spoilt_.end(), [&](const Span& wrong) {
        return at.line == wrong.line && at.column >= wrong.column &&
               at.column < wrong.column + std::max(wrong.width, 1U);
    });
    if (spoilt) return;
    errors_.push_back(source_.error(at, std::move(message), std::move(advice)));
}

void Reading::warning(const Span& at, std::string message, std::string advice) {
    if (warnings_.size() >= most_kept) return;
    warnings_.push_back(source_.error(at, std::move(message), std::move(advice)));
    warnings_.back().severity = Severity::warning;
}

bool Reading::is_well_formed(const YamlNode& name) {
    if (is_name(name.text)) return true;
    error(name.at, fmt::format("{} is not a name", quote(name.text)),
          "a name begins with a letter and goes on with letters, digits, - and _; at most 63");
    return false;
}

bool Reading::declare(const YamlNode& name, NameKind kind) {
    if (!is_well_formed(name)) return false;
    const auto [entry, fresh] = names_.emplace(name.text, NameUse{kind, name.at});
    if (!fresh) {
        error(
            name.at,
            fmt::format("{} already names {}", quote(name.text), with_article(entry->second.kind)),
            fmt::format("see line {}: choose another name", entry->second.at.line));
        return false;
    }
    return true;
}

void Reading::declare_default(const std::string& name, NameKind kind, const Span& at) {
    names_.emplace(name, NameUse{kind, at});
}

const NameUse* Reading::find(std::string_view name) const {
    const auto entry = names_.find(name);
    return entry != names_.end() ? &entry->second : nullptr;
}

std::vector<std::string_view> Reading::names(std::initializer_list<NameKind> kinds) const {
    std::vector<std::pair<Span, std::string_view>> found;
    for (const auto& [name, use] : names_) {
        if (std::find(kinds.begin(), kinds.end(), use.kind) == kinds.end()) continue;
        found.emplace_back(use.at, name);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return std::pair{a.first.line, a.first.column} < std::pair{b.first.line, b.first.column};
    });
    std::vector<std::string_view> names;
    for (const auto& [at, name] : found) names.push_back(name);
    return names;
}

bool Reading::check_name(const YamlNode& name, std::initializer_list<NameKind> kinds,
                         std::string_view what) {
    if (!want_scalar(*this, what, name, "a name")) return false;
    const NameUse* use = find(name.text);
    if (use != nullptr && std::find(kinds.begin(), kinds.end(), use->kind) != kinds.end()) {
        return true;
    }
    const auto among = names(kinds);
    if (use != nullptr) {
        error(name.at,
              fmt::format("{} is {}, not a {}", quote(name.text), with_article(use->kind), what),
              suggest({}, among, fmt::format("{}s", what)));
    } else {
        error(name.at, fmt::format("no {} is called {}", what, quote(name.text)),
              suggest(name.text, among, fmt::format("{}s", what)));
    }
    return false;
}

std::string_view with_article(NameKind kind) {
    switch (kind) {
        case NameKind::node:
            return "a node";
        case NameKind::link:
            return "a link";
        case NameKind::call:
            return "a call";
        case NameKind::fault:
            return "a fault";
        case NameKind::step:
            return "a step";
    }
    return "?";
}

std::string suggest(std::string_view word, const std::vector<std::string_view>& among,
                    std::string_view plural) {
    const std::string_view meant = word.empty() ? std::string_view{} : did_you_mean(word, among);
    if (!meant.empty()) return fmt::format("did you mean `{}`?", meant);
    if (among.empty()) return fmt::format("there are no {} here", plural);
    constexpr std::size_t shown = 16;
    return fmt::format(
        "{}: {}{}", plural,
        fmt::join(among.begin(),
                  among.begin() + static_cast<std::ptrdiff_t>(std::min(shown, among.size())), ", "),
        among.size() > shown ? ", …" : "");
}

std::string what_stands(const YamlNode& node) {
    switch (node.kind) {
        case YamlKind::null:
            return "nothing";
        case YamlKind::scalar:
            return node.text.empty() ? "an empty text" : quote(node.text);
        case YamlKind::list:
            return "a list";
        case YamlKind::map:
            return "a map";
    }
    return {};
}

bool want_scalar(Reading& reading, std::string_view key, const YamlNode& node,
                 std::string_view wanted) {
    if (node.is_scalar()) return true;
    reading.error(node.at, fmt::format("`{}` wants {}, not {}", key, wanted, what_stands(node)));
    return false;
}

bool want_map(Reading& reading, std::string_view key, const YamlNode& node) {
    if (node.is_map()) return true;
    reading.error(node.at, fmt::format("`{}` wants a map, not {}", key, what_stands(node)),
                  "write {key: value, …}, or the keys on lines of their own, indented");
    return false;
}

bool want_list(Reading& reading, std::string_view key, const YamlNode& node) {
    if (node.is_list()) return true;
    reading.error(node.at, fmt::format("`{}` wants a list, not {}", key, what_stands(node)),
                  "write [one, two], or each item on a line of its own after `- `");
    return false;
}

}  // namespace etimedout
