// Facts at a node: what its kernel counted, what its programs wrote and held; and facts at a fault.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/expect/counter_names.hh"
#include "harness/expect/facts.hh"
#include "harness/expect/selection.hh"

namespace etimedout {

namespace {

struct NodeView {
    const LogIndex& log;
    const Expectation& expectation;
    Window window{};
};

// The window of a node's facts: that of `during` and `since`, and the time in which `of` ran.
std::variant<Window, Check> node_window(const LogIndex& log, const Expectation& expectation) {
    auto window = window_of(log, expectation);
    auto* found = std::get_if<Window>(&window);
    if (found == nullptr) return window;
    if (expectation.during) found->to = log.sampled_after(found->to);
    if (!expectation.of) return window;
    const Window call = *log.window_of_call(*expectation.of);
    found->from = std::max(found->from, call.from);
    found->to =
        std::min(found->to, log.sampled_after(call.to) + expectation.settle.value_or(Duration{}));
    return window;
}

bool has_begin(const Expectation& expectation) {
    return expectation.of || expectation.during || expectation.since;
}

std::string suggestion(const std::string& word, const std::vector<std::string_view>& among) {
    const std::string_view near = did_you_mean(word, among);
    return near.empty() ? std::string{} : fmt::format("did you mean `{}`? ", near);
}

// ------------------------------------------------------------------ counter

// A counter that no sample lists has never moved, provided that the kernel has one of that name.
std::optional<Check> unknown_counter(const LogIndex& log, const std::string& name) {
    std::set<std::string, std::less<>> seen;
    for (const NamedNode& node : log.scenario().topology.nodes) {
        for (const auto& sample : log.counters_of(node.name)) {
            for (const auto& [counter, value] : sample.what->values) seen.insert(counter);
        }
    }
    if (seen.contains(name) || is_counter_name(name)) return std::nullopt;
    std::vector<std::string_view> names = counter_names();
    names.insert(names.end(), seen.begin(), seen.end());
    return no_answer(ErrorCause::reference, fmt::format("no kernel counter is called `{}`", name),
                     suggestion(name, names) + "names are nstat's, such as TcpExtTCPSynRetrans");
}

Check check_counter(const NodeView& view) {
    const CounterBound& bound = *view.expectation.counter;
    const auto& samples = view.log.counters_of(view.expectation.at);
    if (samples.empty()) {
        return no_answer(ErrorCause::unseen,
                         fmt::format("no counters of `{}` were sampled", view.expectation.at),
                         "counters are read in nodes of the world, not in external ones");
    }
    if (auto unknown = unknown_counter(view.log, bound.name)) return *unknown;
    // The node's namespaces are new, so that a counter not sampled yet is zero.
    const Duration from = has_begin(view.expectation)
                              ? view.window.from
                              : std::max(view.window.from, view.log.steps_begin());
    std::int64_t before = 0;
    std::int64_t after = 0;
    std::optional<Duration> moved;
    for (const auto& sample : samples) {
        const auto value = sample.what->values.find(bound.name);
        if (value == sample.what->values.end() || sample.t > view.window.to) continue;
        if (sample.t <= from) before = value->second;
        if (value->second != after && sample.t > from) moved = sample.t;
        after = value->second;
    }
    Check check = measure(bound.delta, after - before);
    Finding& finding = check.finding;
    finding.expected = fmt::format("{} {}", bound.name, finding.expected);
    finding.observed = fmt::format("{} (from {} to {})", after - before, before, after);
    finding.at = moved;
    return check;
}

// ------------------------------------------------------------------ log

Check check_log(const NodeView& view) {
    const LogBound& bound = *view.expectation.log;
    const Bound<std::int64_t> count =
        bound.count.value_or(Bound<std::int64_t>{1, std::nullopt, "at least one line"});
    std::string expected = expected_of(count);
    if (!bound.count) expected = "a line";
    if (bound.contains) expected += fmt::format(" with \"{}\"", one_line(*bound.contains));
    if (bound.matches) expected += fmt::format(" matching /{}/", one_line(*bound.matches));

    std::int64_t lines = 0;
    std::int64_t found = 0;
    std::vector<std::string> evidence;
    std::vector<std::string> last;
    std::optional<Duration> at;
    for (const auto& line : view.log.lines_of(view.expectation.at)) {
        if (!view.window.contains(line.t)) continue;
        ++lines;
        const std::string shown = fmt::format("{} {}", show(line.t), one_line(line.what->text));
        last.push_back(shown);
        constexpr std::size_t few = 3;
        if (last.size() > few) last.erase(last.begin());
        const std::string& text = line.what->text;
        if (bound.contains && text.find(*bound.contains) == std::string::npos) continue;
        if (bound.matches) {
            const Result<bool> match = found_in(*bound.matches, text);
            if (!match) {
                return no_answer(ErrorCause::reference, match.error().message,
                                 match.error().advice);
            }
            if (!*match) continue;
        }
        ++found;
        at = line.t;
        if (evidence.size() < few) evidence.push_back(shown);
    }
    Check check = measure(count, found);
    Finding& finding = check.finding;
    finding.expected = expected;
    finding.window.clear();
    finding.observed = lines == 0
                           ? fmt::format("`{}` wrote nothing", view.expectation.at)
                           : fmt::format("{} of {} line{}", found == 0 ? "none" : show(found),
                                         lines, lines == 1 ? "" : "s");
    if (!bound.count) finding.missed_by.clear();
    finding.at = at;
    finding.evidence = finding.verdict == Verdict::pass || found > 0 ? evidence : last;
    return check;
}

// ------------------------------------------------------------------ peaks

// The largest of a state that is written down when it changes: what was last written before the
// window still holds in it.
template <class T, class Value>
std::optional<std::pair<std::int64_t, Duration>> peak_of(const std::vector<At<T>>& samples,
                                                         const Window& window, Value value) {
    std::optional<std::pair<std::int64_t, Duration>> peak;
    std::optional<std::pair<std::int64_t, Duration>> before;
    for (const auto& sample : samples) {
        if (sample.t > window.to) break;
        const std::pair<std::int64_t, Duration> now{value(*sample.what), sample.t};
        if (sample.t <= window.from) {
            before = now;
        } else if (!peak || now.first > peak->first) {
            peak = now;
        }
    }
    if (before && (!peak || before->first > peak->first)) return before;
    return peak;
}

// "ESTAB", "estab" and "SYN-SENT", "syn_sent" are the same.
std::string plain_state(const std::string& state) {
    std::string plain;
    for (const char c : state) {
        if (c >= 'A' && c <= 'Z') {
            plain += static_cast<char>(c - 'A' + 'a');
        } else if (c != '-' && c != '_') {
            plain += c;
        }
    }
    return plain == "established" ? "estab" : plain == "synreceived" ? "synrecv" : plain;
}

constexpr std::array<std::string_view, 11> socket_states{
    "ESTAB",      "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
    "CLOSE-WAIT", "LAST-ACK", "LISTEN",   "CLOSING",    "UNCONN"};

Check not_sampled(const std::string& node) {
    return no_answer(ErrorCause::unseen,
                     fmt::format("nothing was sampled of `{}` in that time", node),
                     "it is read in nodes of the world, not in external ones; a stub has no "
                     "processes");
}

template <class Bound>
Check measure_peak(const Bound& bound, const std::optional<std::pair<std::int64_t, Duration>>& peak,
                   const std::string& node) {
    if (!peak) return not_sampled(node);
    Check check;
    if constexpr (std::is_same_v<Bound, etimedout::Bound<Bytes>>) {
        check = measure(bound, Bytes{peak->first});
    } else {
        check = measure(bound, peak->first);
    }
    check.finding.evidence.push_back(fmt::format("highest at {}", show(peak->second)));
    check.finding.at = peak->second;
    return check;
}

Check check_socket_state(const NodeView& view, const std::string& state,
                         const Bound<std::int64_t>& bound) {
    const std::string wanted = plain_state(state);
    const bool known = std::any_of(socket_states.begin(), socket_states.end(), [&](auto name) {
        return plain_state(std::string{name}) == wanted;
    });
    if (!known) {
        const std::vector<std::string_view> names{socket_states.begin(), socket_states.end()};
        return no_answer(ErrorCause::reference,
                         fmt::format("`{}` is not a state of a TCP socket", state),
                         suggestion(state, names) + "states are named as ss names them");
    }
    const auto count = [&](const Sockets& sample) {
        std::int64_t sum = 0;
        for (const auto& [name, value] : sample.states) {
            if (plain_state(name) == wanted) sum += value;
        }
        return sum;
    };
    return measure_peak(bound,
                        peak_of(view.log.sockets_of(view.expectation.at), view.window, count),
                        view.expectation.at);
}

Check check_node_exit(const NodeView& view) {
    const auto& ends = view.log.process_ends_of(view.expectation.at);
    const Bound<std::int64_t>& bound = *view.expectation.exit_code;
    std::vector<Check> checks;
    for (const auto& end : ends) {
        if (!view.window.contains(end.t)) continue;
        checks.push_back(measure(bound, end.what->exit_code));
        checks.back().finding.missed_by.clear();
        checks.back().finding.at = end.t;
    }
    if (checks.empty()) return missed(expected_of(bound), "its program has not ended");
    return worst_of(std::move(checks), "ends of its program");
}

std::vector<std::string> node_keys(const LogIndex& log, const Expectation& expectation) {
    std::vector<std::string> keys;
    if (expectation.counter) keys.emplace_back("counter");
    if (expectation.log) keys.emplace_back("log");
    for (const auto& [state, bound] : expectation.sockets) keys.push_back("sockets " + state);
    if (expectation.fds) keys.emplace_back("fds");
    if (expectation.memory) keys.emplace_back("memory");
    if (expectation.exit_code && !log.is_call(expectation.at) && log.is_node(expectation.at)) {
        keys.emplace_back("exit_code");
    }
    return keys;
}

}  // namespace

void check_node_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const auto keys = node_keys(log, expectation);
    if (keys.empty()) return;
    const auto refuse = [&](const Check& problem) {
        for (const std::string& key : keys) facts.add(key, problem);
    };
    if (!log.is_node(expectation.at)) {
        return refuse(no_answer(ErrorCause::reference,
                                fmt::format("`{}` is not a node of this scenario", expectation.at),
                                "name one of its nodes with `at`"));
    }
    const auto window = node_window(log, expectation);
    if (const auto* problem = std::get_if<Check>(&window)) return refuse(*problem);
    const NodeView view{log, expectation, std::get<Window>(window)};
    if (expectation.counter) facts.add("counter", check_counter(view));
    if (expectation.log) facts.add("log", check_log(view));
    for (const auto& [state, bound] : expectation.sockets) {
        facts.add("sockets " + state, check_socket_state(view, state, bound));
    }
    const auto& usage = log.usage_of(expectation.at);
    if (expectation.fds) {
        const auto peak = peak_of(usage, view.window, [](const Usage& one) { return one.fds; });
        facts.add("fds", measure_peak(*expectation.fds, peak, expectation.at));
    }
    if (expectation.memory) {
        const auto peak = peak_of(usage, view.window, [](const Usage& one) { return one.memory; });
        facts.add("memory", measure_peak(*expectation.memory, peak, expectation.at));
    }
    if (keys.back() == "exit_code") facts.add("exit_code", check_node_exit(view));
}

void check_fault_facts(const LogIndex& log, const Expectation& expectation, Facts& facts) {
    const auto check = [&](const std::string& fact, const Bound<std::int64_t>& bound,
                           std::int64_t FaultWitness::*member) {
        const FaultLife& life = log.fault(expectation.at);
        if (life.witness != nullptr) {
            Check measured = measure(bound, life.witness->*member);
            if (!life.witness->evidence.empty()) {
                measured.finding.evidence.push_back(one_line(life.witness->evidence));
            }
            measured.finding.at = life.armed;
            return facts.add(fact, std::move(measured));
        }
        facts.add(
            fact,
            log.is_fault(expectation.at)
                ? no_answer(ErrorCause::absent,
                            fmt::format("there is no witness of the fault `{}`", expectation.at),
                            "look at whether the run came as far as arming it")
                : no_answer(ErrorCause::reference,
                            fmt::format("`{}` is not a fault of this scenario", expectation.at),
                            "give the fault an id, and name it with `at`"));
    };
    if (expectation.fired) check("fired", *expectation.fired, &FaultWitness::fired);
    if (expectation.matched) check("matched", *expectation.matched, &FaultWitness::matched);
}

}  // namespace etimedout
