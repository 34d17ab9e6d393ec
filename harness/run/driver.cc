// Driver: runs one scenario in a world of its own, from the host's side, and judges its log.
#include "harness/run/driver.hh"

#include <algorithm>
#include <chrono>
#include <fstream>

#include <fmt/format.h>

#include "harness/expect/judge.hh"
#include "harness/observe/merge.hh"
#include "harness/run/folder.hh"
#include "harness/run/preparations.hh"
#include "harness/run/real_world.hh"
#include "harness/scenario/parse.hh"
#include "simulator/base/timestamp.hh"
#include "simulator/events/jsonl.hh"
#include "simulator/proxy/address.hh"
#include "simulator/vm/kernel.hh"
#include "simulator/vm/virtual_machine.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

// How a world ended when its log does not say it.
struct Ending {
    std::string reason;
    std::string message;
    std::string advice;
    std::string console;
};

// "Out of memory: Killed process 42 (tail) total-vm:…" names the program in parentheses.
std::string victim_in(const std::string& line) {
    const auto open = line.find('(');
    const auto close = line.find(')', open);
    if (open == std::string::npos || close == std::string::npos) return "a program";
    return line.substr(open + 1, close - open - 1);
}

Ending ending_of(const MachineEnd& end, const RunLimit& limit) {
    switch (end.how) {
        case MachineEnd::How::powered_off:
            return {"world", "the world ended without finishing its log",
                    "this is a defect of etimedout: please report it with the output below",
                    end.console};
        case MachineEnd::How::out_of_memory:
            return {"out_of_memory",
                    fmt::format("out of memory: the world has {}, and its kernel had to kill {}",
                                Scalar<Bytes>::write(limit.memory), victim_in(end.detail)),
                    "give it more with `limit: {memory: 1gb}`", end.console};
        case MachineEnd::How::stands_still:
            return {"stands_still",
                    fmt::format("virtual time stands still: {} CPU seconds were used up{}",
                                human(limit.real), end.detail.empty() ? "" : "; " + end.detail),
                    "a program that spins without ever sleeping stops the clock; run it with "
                    "`time: real`, or raise `limit: {real: …}`",
                    end.console};
        case MachineEnd::How::panicked:
            return {"world", fmt::format("the virtual kernel stopped: {}", end.detail),
                    "the console's last lines are below", end.console};
        case MachineEnd::How::cannot_boot:
            return {"world", fmt::format("the virtual kernel does not boot: {}", end.detail),
                    "`etimedout doctor` says what this machine lacks", end.console};
        case MachineEnd::How::interrupted:
            return {"interrupted", "interrupted", "", end.console};
    }
    return {"world", "the world ended in an unknown way", "", end.console};
}

Ending run_virtual(const DriverPlan& plan, const RunRequest& request, const fs::path& folder,
                   const std::atomic<bool>& interrupted) {
    MachinePlan machine{
        .kernel = *plan.kernel,
        .run_dir = folder,
        .init = plan.program,
        .init_arguments = {"world", folder.string()},
        .seed = request.order.seed,
        .memory = request.scenario.limit.memory,
        .start = parse_timestamp(request.scenario.start) - virtual_prelude,
        .cpu_limit = request.scenario.limit.real,
        .keeper = plan.keeper,
    };
    const MachineEnd end = run_machine(machine, interrupted);
    return ending_of(end, request.scenario.limit);
}

// The names of external nodes mean what they mean on the host.
Result<std::map<std::string, std::vector<std::string>>> find_external(const Topology& topology) {
    std::map<std::string, std::vector<std::string>> found;
    for (const NamedNode& node : topology.nodes) {
        if (!node.spec.external) continue;
        const auto addresses = look_up({external_host(*node.spec.external),
                                        std::to_string(external_port(*node.spec.external))});
        if (!addresses) {
            return Problem{fmt::format("the node {} is {}, which is not to be found: {}", node.name,
                                       *node.spec.external, addresses.error().message),
                           "correct the name, or see why this machine cannot look it up"};
        }
        for (const SocketAddress& address : *addresses) {
            found[node.name].push_back(address.text());
        }
    }
    return found;
}

Ending run_real(const DriverPlan& plan, const RunRequest& request, const fs::path& folder,
                const std::atomic<bool>& interrupted) {
    RealWorldPlan world{.program = plan.program,
                        .folder = folder,
                        .limit = request.scenario.limit.real + request.scenario.limit.virtual_time};
    const RealWorldEnd end = run_real_world(world, interrupted);
    return {end.reason, end.message, end.advice, end.console};
}

// The world's own log, with an end even when the world could not write one.
EventLog read_raw_log(const fs::path& folder, const Ending& ending) {
    EventLog log;
    if (const fs::path raw = folder / run_files::raw_events; fs::exists(raw)) {
        std::string text = read_whole_file(raw);
        // A world that was killed may have left half a line.
        text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
        log = read_event_log(text).value();
    }
    const bool finished = !log.empty() && std::holds_alternative<LogEnd>(log.back().what);
    // A world may end in order although its kernel had to kill one of its programs.
    const bool starved = ending.reason == "out_of_memory";
    if (finished && starved) log.pop_back();
    if (!finished || starved) {
        const Duration last = log.empty() ? Duration{} : log.back().t;
        log.push_back({last, LogEnd{ending.reason, ending.message, ending.advice}});
    }
    return log;
}

// The last lines of what a preparation wrote, and how its world ended.
Problem failure_of(const std::string& name, const EventLog& log) {
    constexpr std::size_t most_lines = 15;
    const auto& end = std::get<LogEnd>(log.back().what);
    std::vector<std::string> lines;
    for (const Event& event : log) {
        if (const auto* line = std::get_if<LogLine>(&event.what)) {
            lines.push_back("    " + line->text + "\n");
        }
    }
    std::string message = fmt::format("preparing {}: ", name);
    if (lines.size() > most_lines) lines.erase(lines.begin(), lines.end() - most_lines);
    if (!lines.empty()) message += fmt::format("it wrote\n{}", fmt::join(lines, ""));
    return {message + end.message, end.advice};
}

// One preparation in a world of its own, in a folder that is gone afterwards.
std::optional<Problem> prepare_layer(const DriverPlan& plan, const RunRequest& run,
                                     PreparingOrder preparing, const fs::path& folder,
                                     const fs::path& file, const std::atomic<bool>& interrupted) {
    constexpr std::uint64_t seed = 1;  // the same layer for all seeds
    constexpr auto before = std::chrono::hours{24};
    RunRequest request = run;
    request.order.seed = seed;
    request.order.clock = plan.kernel ? "virtual" : "real";
    const auto start = parse_timestamp(run.scenario.start).time_since_epoch() - before;
    request.scenario.start = write_timestamp(std::chrono::duration_cast<Duration>(start).count());
    const std::string name = preparing.name;
    request.order.preparing = std::move(preparing);
    fs::create_directory(folder);
    write_whole_file(folder / run_files::scenario, request.text);
    write_whole_file(folder / run_files::order, write_run_order(request.order));
    const Ending ending = plan.kernel ? run_virtual(plan, request, folder, interrupted)
                                      : run_real(plan, request, folder, interrupted);
    const EventLog log = read_raw_log(folder, ending);
    std::optional<Problem> failure;
    if (std::get<LogEnd>(log.back().what).reason == "ok") {
        fs::copy_file(folder / run_files::layer, file);
    } else {
        failure = failure_of(name, log);
    }
    fs::remove_all(folder);
    return failure;
}

// The layers of a scenario, made where the cache has none.
Result<std::vector<LaidLayer>> find_layers(const DriverPlan& plan, const RunRequest& request,
                                           const fs::path& folder,
                                           const std::atomic<bool>& interrupted) {
    std::vector<LaidLayer> layers;
    for (const Preparation& preparation : request.scenario.preparations) {
        const auto identity =
            identity_of(preparation, request.scenario,
                        {.scenario_dir = request.order.scenario_dir, .kernel = plan.kernel});
        if (!identity) return identity.error();
        const auto file =
            prepared_layer(preparation.name, *identity, interrupted, [&](const fs::path& target) {
                return prepare_layer(plan, request, {preparation.name, *identity},
                                     folder / "preparing", target, interrupted);
            });
        if (!file) return file.error();
        for (const std::string& node : preparation.nodes) {
            layers.push_back({node, preparation.keep, file->string()});
        }
    }
    return layers;
}

Ending run_world(const DriverPlan& plan, const RunRequest& request,
                 Result<std::vector<LaidLayer>> layers, const fs::path& folder,
                 const std::atomic<bool>& interrupted) {
    RunOrder order = request.order;
    auto external = find_external(request.scenario.topology);
    if (external) order.external = std::move(*external);
    if (layers) order.layers = std::move(*layers);
    if (!layers) {
        write_whole_file(folder / run_files::order, write_run_order(order));
        return {interrupted ? "interrupted" : "world", layers.error().message,
                layers.error().advice, ""};
    }
    write_whole_file(folder / run_files::order, write_run_order(order));
    if (!external) return {"world", external.error().message, external.error().advice, ""};
    return order.clock == "virtual" ? run_virtual(plan, request, folder, interrupted)
                                    : run_real(plan, request, folder, interrupted);
}

std::vector<CaptureFile> read_captures(const fs::path& folder) {
    std::vector<CaptureFile> captures;
    for (const auto& entry : fs::directory_iterator{folder}) {
        if (entry.path().extension() != ".pcap") continue;
        const fs::path stem = entry.path().stem();  // link.near, link.far
        captures.push_back({stem.stem().string(), stem.extension().string().substr(1),
                            read_whole_file(entry.path())});
    }
    std::sort(captures.begin(), captures.end(), [](const CaptureFile& a, const CaptureFile& b) {
        return std::pair{a.link, b.end} < std::pair{b.link, a.end};  // near before far
    });
    return captures;
}

JudgeOptions judge_options(const RunOrder& order) {
    JudgeOptions options;
    if (order.leaves_out_any()) options.faults = FaultPresence::left_out;
    return options;
}

const LogEnd& end_of(const EventLog& log) { return std::get<LogEnd>(log.back().what); }

}  // namespace

Driver::Driver(DriverPlan plan, const std::atomic<bool>& interrupted)
    : plan_{std::move(plan)}, interrupted_{interrupted} {}

ScenarioResult Driver::run(const RunRequest& request, const fs::path& folder) const {
    write_whole_file(folder / run_files::scenario, request.text);
    auto layers = find_layers(plan_, request, folder, interrupted_);
    const auto began = std::chrono::steady_clock::now();  // what is done once is not counted
    const Ending ending = run_world(plan_, request, std::move(layers), folder, interrupted_);
    EventLog log = merge_log(read_raw_log(folder, ending), read_captures(folder));
    write_whole_file(folder / run_files::events, write_event_log(log));
    fs::remove(folder / run_files::raw_events);
    if (!ending.console.empty()) write_whole_file(folder / run_files::console, ending.console);

    ScenarioResult result;
    result.judgement = judge(request.scenario, log, judge_options(request.order));
    result.scenario = request.scenario;
    result.virtual_time = log.back().t;
    result.real_time = std::chrono::steady_clock::now() - began;
    result.clock = request.order.clock;
    result.seed = request.order.seed;
    if (end_of(log).reason == "world" && end_of(log).message == ending.message) {
        result.program_output = ending.console;  // all there is, for a world without a last word
    }
    result.log = std::move(log);
    return result;
}

ClockChoice choose_clock(const Scenario& scenario, TimeChoice asked,
                         const std::optional<fs::path>& kernel) {
    const bool external =
        std::any_of(scenario.topology.nodes.begin(), scenario.topology.nodes.end(),
                    [](const NamedNode& node) { return node.spec.external.has_value(); });
    TimeChoice choice = asked != TimeChoice::automatic ? asked : scenario.time;
    if (scenario.time == TimeChoice::real_time && asked == TimeChoice::virtual_time) {
        return {"", "it asks for `time: real`", "run it without --time virtual"};
    }
    if (external && choice == TimeChoice::virtual_time) {
        return {"", "an external node exists in real time only", "run it with --time real"};
    }
    if (choice == TimeChoice::automatic) {
        if (external) return {"real", "an external node exists in real time only", ""};
        if (!kernel) {
            return {"real", "no virtual kernel is installed",
                    fmt::format("{} builds it", kernel_script())};
        }
        return {"virtual", "", ""};
    }
    if (choice == TimeChoice::virtual_time && !kernel) {
        return {"", "no virtual kernel is installed",
                fmt::format("{} builds it in about three minutes", kernel_script())};
    }
    return {choice == TimeChoice::virtual_time ? "virtual" : "real", "", ""};
}

ScenarioResult recheck_folder(const fs::path& folder) {
    if (!fs::exists(folder / run_files::events)) {
        throw Error{fmt::format("{}: no {} here", folder.string(), run_files::events),
                    "name a folder that was written by `etimedout run --keep DIR`"};
    }
    const RunOrder order = read_run_order(read_whole_file(folder / run_files::order));
    ParseOptions options;
    options.variables = order.variables;
    options.set = order.set;
    auto parsed =
        parse_scenarios(read_whole_file(folder / run_files::scenario), order.file, options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
        throw Error{errors->front().render()};
    }
    auto& rows = std::get<std::vector<Scenario>>(parsed);
    if (order.row >= rows.size()) {
        throw Error{fmt::format("{}: run.json names row {} of a matrix with {} rows",
                                folder.string(), order.row + 1, rows.size())};
    }
    ScenarioResult result;
    result.scenario = std::move(rows[order.row]);
    result.log = read_event_log(read_whole_file(folder / run_files::events)).value();
    result.judgement = judge(result.scenario, result.log, judge_options(order));
    result.virtual_time = result.log.back().t;
    result.clock = order.clock;
    result.seed = order.seed;
    result.kept_in = folder.string();
    return result;
}

}  // namespace etimedout
