// Session: what run and prove share: scenarios loaded, a world's ingredients found, runs planned.
#include "harness/cli/session.hh"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "harness/cli/interrupt.hh"
#include "harness/run/preflight.hh"
#include "simulator/vm/kernel.hh"

namespace etimedout {

namespace fs = std::filesystem;

namespace {

// Worlds of one seed are alike; this one is used where neither scenario nor user names another.
constexpr std::uint64_t default_seed = 1;

bool is_selected(const Scenario& scenario, const std::vector<std::string>& tags) {
    return tags.empty() || std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
               return std::find(scenario.tags.begin(), scenario.tags.end(), tag) !=
                      scenario.tags.end();
           });
}

std::optional<fs::path> kernel_if_any() {
    try {
        return find_kernel();
    } catch (const Error&) {
        return std::nullopt;  // choose_clock() says what follows from that
    }
}

ScenarioResult skipped(const RunRequest& request, std::string reason, std::string remedy) {
    ScenarioResult result;
    result.scenario = request.scenario;
    result.judgement.verdict = Verdict::skipped;
    result.seed = request.order.seed;
    result.clock = request.order.clock;
    result.skip_reason = std::move(reason);
    result.skip_remedy = std::move(remedy);
    return result;
}

std::string shell_quoted(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"_-./=:,+%@"}.find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

}  // namespace

Session::Session(const RunOptions& options) : kernel_{kernel_if_any()} {
    const LoadedScenarios loaded = load_scenarios(options.paths, options.variables);
    for (const ScenarioError& error : loaded.errors) fmt::print(stderr, "{}\n", error.render());
    if (!loaded.errors.empty()) {
        fmt::print(stderr, "{} {}; nothing was started\n", loaded.errors.size(),
                   loaded.errors.size() == 1 ? "mistake" : "mistakes");
        throw UsageShown{};
    }
    driver_ = std::make_unique<Driver>(
        DriverPlan{
            .program = fs::read_symlink("/proc/self/exe"), .kernel = kernel_, .keeper = &keeper_},
        interrupted_flag());
    jobs_ = options.jobs != 0 ? options.jobs
                              : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    for (const ScenarioFile& file : loaded.files) plan(file, options);
}

void Session::plan(const ScenarioFile& file, const RunOptions& options) {
    const fs::path dir = fs::absolute(file.path).parent_path();
    for (std::size_t row = 0; row < file.rows.size(); ++row) {
        const Scenario& scenario = file.rows[row];
        if (!is_selected(scenario, options.tags)) continue;
        const ClockChoice clock = choose_clock(scenario, options.time, kernel_);
        PoolEntry entry;
        entry.request.scenario = scenario;
        entry.request.text = file.text;
        entry.request.order = RunOrder{
            .file = file.path.string(),
            .scenario_dir = dir.string(),
            .row = row,
            .seed = options.seed.value_or(scenario.seed.value_or(default_seed)),
            .clock = clock.name,
            .firewall = options.firewall,
            .variables = options.variables,
        };
        if (clock.name.empty()) {
            entry.skipped = skipped(entry.request, clock.because, clock.remedy);
        } else if (const auto missing = missing_for(scenario, clock.name, dir)) {
            entry.skipped = skipped(entry.request, missing->message, missing->advice);
        }
        entries_.push_back(std::move(entry));
    }
}

Scenario scenario_with(const RunRequest& request, const std::map<std::string, std::string>& set) {
    ParseOptions options;
    options.variables = request.order.variables;
    options.set = set;
    auto parsed = parse_scenarios(request.text, request.order.file, options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
        throw Error{errors->front().render()};
    }
    auto& rows = std::get<std::vector<Scenario>>(parsed);
    return std::move(rows.at(request.order.row));
}

std::string repeat_command_of(const RunRequest& request) {
    const RunOrder& order = request.order;
    std::string command = fmt::format("etimedout run {} --seed {} --time {}",
                                      shell_quoted(order.file), order.seed, order.clock);
    for (const auto& [name, value] : order.variables) {
        command += fmt::format(" --var {}", shell_quoted(name + "=" + value));
    }
    if (order.firewall != "auto") command += fmt::format(" --firewall {}", order.firewall);
    return command;
}

std::string folder_name_of(const RunRequest& request) {
    std::string name = fs::path{request.order.file}.stem().string();
    if (!request.scenario.row.empty()) name += "-" + request.scenario.row;
    for (char& c : name) {
        const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '=';
        if (!safe) c = '_';
    }
    return name;
}

}  // namespace etimedout
