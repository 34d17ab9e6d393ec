// ModelCheck: the parts of a model, each checked by itself, as one finding.
#include "harness/expect/model_check.hh"

#include <algorithm>

#include <fmt/format.h>

namespace etimedout {

void ModelCheck::add(const std::string& part, Check check) {
    for (auto& [name, checks] : parts_) {
        if (name == part) {
            checks.push_back(std::move(check));
            return;
        }
    }
    parts_.emplace_back(part, std::vector<Check>{std::move(check)});
}

bool ModelCheck::has(const std::string& part) const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const auto& one) { return one.first == part; });
}

void ModelCheck::evidence(std::string line) {
    constexpr std::size_t most = 6;
    if (evidence_.size() < most) evidence_.push_back(std::move(line));
}

Check ModelCheck::finish() && {
    Check whole;
    Finding& finding = whole.finding;
    std::vector<std::string> expected;
    std::vector<std::string> observed;
    std::vector<std::string> missed_by;
    std::vector<std::string> lines;
    bool only_times = true;
    for (auto& [name, checks] : parts_) {
        Check worst = worst_of(std::move(checks), name);
        Finding& part = worst.finding;
        if (part.verdict == Verdict::error) return worst;
        expected.push_back(fmt::format("{} {}", name, part.expected));
        observed.push_back(fmt::format("{} {}", name, part.observed));
        const bool failed = part.verdict != Verdict::pass;
        if (failed) {
            if (!part.missed_by.empty()) {
                missed_by.push_back(fmt::format("{} {}", name, part.missed_by));
            }
            only_times = only_times && part.missed_time;
            finding.missed_time = std::max(finding.missed_time, part.missed_time);
            lines.insert(lines.end(), part.evidence.begin(), part.evidence.end());
        }
        if (failed && finding.verdict == Verdict::pass) finding.at = part.at;
        if (!finding.at) finding.at = part.at;
        finding.verdict = graver(finding.verdict, part.verdict);
    }
    if (!only_times) finding.missed_time.reset();
    finding.expected = fmt::format("{}", fmt::join(expected, ", "));
    finding.observed = fmt::format("{}", fmt::join(observed, ", "));
    finding.missed_by = fmt::format("{}", fmt::join(missed_by, ", "));
    finding.evidence = std::move(lines);
    finding.evidence.insert(finding.evidence.end(), std::make_move_iterator(evidence_.begin()),
                            std::make_move_iterator(evidence_.end()));
    return whole;
}

std::string amount(std::size_t count, const std::string& one, const std::string& many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace etimedout
