// Changes: faults left out, hops bypassed; and what became of the calls.
#include "harness/cli/isolate_plan.hh"

#include <algorithm>

#include <fmt/format.h>

#include "harness/diagnose/detective.hh"

namespace etimedout {

namespace {

std::string of_ports(const LinkSpec& from, const LinkSpec& to) {
    if (!from.port) return fmt::format("`{} -> {}` names no port", from.from, from.to);
    if (!to.port) return fmt::format("`{} -> {}` names no port", to.from, to.to);
    return {};
}

// Who calls over `to_node` calls over `beyond` instead.
Change bypass_of(const NamedLink& to_node, const NamedLink& beyond, std::size_t ways) {
    Change change;
    change.name = fmt::format("`{}` bypassed", to_node.spec.to);
    if (ways > 1) change.name += fmt::format(" to `{}`", beyond.spec.to);
    change.impossible = of_ports(to_node.spec, beyond.spec);
    if (beyond.spec.to == to_node.spec.from) {
        change.impossible = fmt::format("`{}` would call itself", beyond.spec.to);
    }
    if (!change.impossible.empty()) return change;
    change.set.emplace(
        "links." + to_node.name,
        fmt::format("{} -> {}:{}", to_node.spec.from, beyond.spec.to, beyond.spec.port->number));
    return change;
}

std::string text_of(const CallEnd& end) {
    if (end.outcome == "response" && end.status) {
        return fmt::format(
            "status {}{}", *end.status,
            end.completeness == "cut" || end.completeness == "silently_cut" ? ", cut" : "");
    }
    if (end.exit_code && *end.exit_code != 0) return fmt::format("exit code {}", *end.exit_code);
    return end.error.empty() ? end.outcome : fmt::format("{} ({})", end.outcome, end.error);
}

}  // namespace

std::vector<Change> changes_of(const Scenario& scenario) {
    std::vector<Change> changes;
    for (const Step& step : scenario.steps) {
        const auto* fault = std::get_if<FaultStep>(&step.what);
        if (fault == nullptr) continue;
        changes.push_back({.name = fmt::format("without the fault `{}`", fault->armed.id),
                           .without = fault->armed.id});
    }
    const auto& links = scenario.topology.links;
    for (const NamedLink& to_node : links) {
        const auto goes_on = [&](const NamedLink& link) {
            return link.spec.from == to_node.spec.to;
        };
        const auto ways =
            static_cast<std::size_t>(std::count_if(links.begin(), links.end(), goes_on));
        for (const NamedLink& beyond : links) {
            if (goes_on(beyond)) changes.push_back(bypass_of(to_node, beyond, ways));
        }
    }
    return changes;
}

std::vector<CallResult> call_results(const EventLog& log) {
    std::map<std::string, std::int64_t> repetitions;
    std::vector<CallResult> results;
    std::map<std::string, std::size_t> open;
    for (const Event& event : log) {
        if (const auto* begin = std::get_if<CallBegin>(&event.what)) {
            repetitions[begin->call] = std::max(repetitions[begin->call], begin->index);
            open[fmt::format("{}/{}", begin->call, begin->index)] = results.size();
            results.push_back({fmt::format("{}/{}", begin->call, begin->index), "never_ended",
                               log.back().t - event.t, true});
        }
        if (const auto* end = std::get_if<CallEnd>(&event.what)) {
            const auto found = open.find(fmt::format("{}/{}", end->call, end->index));
            if (found == open.end()) continue;
            CallResult& result = results[found->second];
            result.what = text_of(*end);
            result.took = end->total;
            result.failed = !needs_no_diagnosis(*end) || end->completeness == "silently_cut";
        }
    }
    for (CallResult& result : results) {
        const std::string name = result.call.substr(0, result.call.rfind('/'));
        if (repetitions[name] == 1) result.call = name;
    }
    return results;
}

std::vector<std::string> turned(const std::vector<CallResult>& as_written,
                                const std::vector<CallResult>& changed) {
    std::vector<std::string> calls;
    for (const CallResult& before : as_written) {
        if (!before.failed) continue;
        const auto after = std::find_if(changed.begin(), changed.end(), [&](const CallResult& one) {
            return one.call == before.call;
        });
        if (after != changed.end() && !after->failed) calls.push_back(before.call);
    }
    return calls;
}

}  // namespace etimedout
