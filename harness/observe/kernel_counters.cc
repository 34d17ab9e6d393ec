// Kernel counters under nstat's names, and which of them changed.
#include "harness/observe/kernel_counters.hh"

#include <algorithm>
#include <charconv>
#include <optional>

namespace etimedout {

namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    constexpr std::string_view blank = " \t";
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blank));
    line.remove_prefix(word.size());
    return word;
}

// Counters are unsigned in the kernel and may, in theory, pass 2^63; a few are signed.
std::optional<std::int64_t> read_number(std::string_view word) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error == std::errc{} && end == word.data() + word.size()) return value;
    std::uint64_t large = 0;
    const auto [large_end, large_error] =
        std::from_chars(word.data(), word.data() + word.size(), large);
    if (large_error == std::errc{} && large_end == word.data() + word.size()) {
        return static_cast<std::int64_t>(large);
    }
    return std::nullopt;
}

// "Tcp: ActiveOpens …" and the line behind it, "Tcp: 3 …".
void add_pair(std::vector<KernelCounter>& counters, std::string_view names,
              std::string_view values) {
    const std::string_view prefix = take_word(names);
    if (take_word(values) != prefix) return;
    for (;;) {
        const std::string_view name = take_word(names);
        const auto value = read_number(take_word(values));
        if (name.empty() || !value) return;
        counters.push_back({prefix.substr(0, prefix.size() - 1), name, *value});
    }
}

std::string full_name(const KernelCounter& counter) {
    return std::string{counter.prefix} + std::string{counter.name};
}

bool same_name(const KernelCounter& a, const KernelCounter& b) {
    return a.name == b.name && a.prefix == b.prefix;
}

}  // namespace

std::vector<KernelCounter> parse_kernel_counters(std::string_view text) {
    std::vector<KernelCounter> counters;
    counters.reserve(256);
    while (!text.empty()) {
        std::string_view line = take_line(text);
        std::string_view rest = line;
        const std::string_view first = take_word(rest);
        if (first.empty()) continue;
        if (first.ends_with(':')) {
            add_pair(counters, line, take_line(text));
        } else if (const auto value = read_number(take_word(rest))) {
            counters.push_back({{}, first, *value});
        }
    }
    return counters;
}

void CounterHistory::update(std::string text, std::map<std::string, std::int64_t>& changed) {
    const Snapshot& old = snapshots_[latest_];
    if (text == old.text) return;
    Snapshot& fresh = snapshots_[1 - latest_];
    fresh.text = std::move(text);
    fresh.counters = parse_kernel_counters(fresh.text);
    for (std::size_t i = 0; i < fresh.counters.size(); ++i) {
        // Places stay the same, but for IcmpMsg, whose counters appear when first needed.
        const KernelCounter& counter = fresh.counters[i];
        const auto place = std::min(i, old.counters.size());
        auto before = old.counters.begin() + static_cast<std::ptrdiff_t>(place);
        if (before == old.counters.end() || !same_name(*before, counter)) {
            before = std::find_if(old.counters.begin(), old.counters.end(),
                                  [&](const KernelCounter& o) { return same_name(o, counter); });
        }
        const std::int64_t value_before = before == old.counters.end() ? 0 : before->value;
        if (counter.value != value_before) changed[full_name(counter)] = counter.value;
    }
    latest_ = 1 - latest_;
}

}  // namespace etimedout
