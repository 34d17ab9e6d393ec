// Scenario text to scenarios: load, expand, read, one row of the matrix after the other.
#include "harness/scenario/parse.hh"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "harness/scenario/document.hh"
#include "harness/scenario/expectations.hh"
#include "harness/scenario/overrides.hh"
#include "harness/scenario/preparations.hh"
#include "harness/scenario/steps.hh"
#include "harness/scenario/topology.hh"
#include "harness/scenario/variables.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_errors = 20;

struct Parsed {
    std::vector<Scenario> scenarios{};
    std::vector<ScenarioError> errors{};
    std::vector<ScenarioError> warnings{};
};

void sort_and_cut(std::vector<ScenarioError>& errors) {
    const auto key = [](const ScenarioError& error) {
        return std::tuple{error.where.line, error.where.column};
    };
    std::stable_sort(errors.begin(), errors.end(),
                     [&](const auto& a, const auto& b) { return key(a) < key(b); });
    if (errors.size() > most_errors) errors.resize(most_errors);
}

std::size_t count_values(const YamlNode& node) {
    std::size_t count = 1;
    for (const YamlNode& item : node.items) count += count_values(item);
    for (const YamlPair& pair : node.pairs) count += 1 + count_values(pair.value);
    return count;
}

// What all rows have in common.
struct Frame {
    const YamlNode& root;  // as written, but for overrides
    const Declarations& vars;
    const ParseOptions& options;
    const std::string& file;
};

// Faults of the stream and message layers act in a proxy in the middle of their link, which is
// there in every run of the scenario.
void place_proxies(Scenario& scenario) {
    for (const Step& step : scenario.steps) {
        const auto* fault = std::get_if<FaultStep>(&step.what);
        if (fault == nullptr) continue;
        const Layer layer = layer_of(fault->armed.fault);
        if (layer != Layer::stream && layer != Layer::message) continue;
        for (NamedLink& link : scenario.topology.links) {
            if (link.name == fault->target) link.spec.proxied = true;
        }
    }
}

// One row, read in the order in which things become known: links, so that ${links.*} has a
// meaning; then nodes, steps and expectations.
Scenario read_row(Reading& reading, const Frame& frame, const MatrixRow& row) {
    YamlNode root = frame.root;
    Scenario scenario;
    scenario.file = frame.file;
    scenario.row = row.title;
    Substitution substitution{reading, frame.vars, row, frame.options.scenario_dir};
    substitution.expand_variables(root);
    if (YamlNode* links = root.find("links")) substitution.finish_without_links(*links);
    read_links(reading, root);
    substitution.finish(root);
    read_nodes(reading, root);
    check_topology(reading, root);
    read_preparations(reading, root, scenario.preparations);
    read_document(reading, root, scenario);
    read_steps(reading, root, scenario.steps);
    read_expectations(reading, root, scenario.expectations);
    scenario.variables = substitution.values();
    scenario.topology = std::move(reading.topology);
    place_proxies(scenario);
    if (!scenario.row.empty()) scenario.name += fmt::format(" [{}]", scenario.row);
    return scenario;
}

// Errors of all rows, each once; those of some rows only name the first of them.
class RowErrors {
public:
    void add(const std::vector<ScenarioError>& errors, const std::string& row) {
        for (const ScenarioError& error : errors) {
            const auto key = std::tuple{error.where.line, error.where.column, error.message};
            const auto [entry, fresh] = index_.emplace(key, found_.size());
            if (fresh) found_.push_back({error, row, {}});
            found_[entry->second].rows.insert(row);
        }
    }
    void into(std::vector<ScenarioError>& errors, std::size_t rows) const {
        for (const Found& found : found_) {
            errors.push_back(found.error);
            if (found.rows.size() < rows) {
                errors.back().message += fmt::format(" (in the row {})", found.first_row);
            }
        }
    }

private:
    struct Found {
        ScenarioError error;
        std::string first_row;
        std::set<std::string> rows;
    };
    std::vector<Found> found_;
    std::map<std::tuple<std::size_t, std::size_t, std::string>, std::size_t> index_;
};

// A counter-example that is no scenario would be found out only when it is run.
void check_counter_examples(Reading& reading, const Frame& frame, const MatrixRow& row,
                            const std::vector<CounterExample>& examples) {
    const YamlPair* place = frame.root.find_pair("counter_example");
    if (place == nullptr) return;
    for (const CounterExample& example : examples) {
        YamlNode root = frame.root;
        Reading attempt{reading.source()};
        apply_overrides(attempt, example.set, root);
        const Declarations vars = attempt.failed() ? Declarations{} : read_vars(attempt, root);
        if (!attempt.failed()) {
            read_row(attempt, Frame{root, vars, frame.options, frame.file}, row);
        }
        if (!attempt.failed()) continue;
        const ScenarioError& first = attempt.errors().front();
        reading.error(place->key.at,
                      fmt::format("{}: with it, line {}: {}",
                                  example.name == "counter-example"
                                      ? example.name
                                      : fmt::format("counter-example {}", quote(example.name)),
                                  first.where.line, first.message),
                      first.advice);
    }
}

void warn_unused(Reading& reading, const Declarations& vars, const MatrixRow& row) {
    const auto check = [&](const std::string& name, const Span& at) {
        if (reading.source().text().find(fmt::format("${{{}}}", name)) != std::string_view::npos) {
            return;
        }
        reading.warning(at, fmt::format("nothing uses the variable `{}`", name),
                        fmt::format("write ${{{}}} where it is meant, or remove it", name));
    };
    for (const auto& [name, value] : vars) check(name, value.at);
    for (const auto& [name, value] : row.values) {
        if (name != "name" || !row.name) check(name, value.at);
    }
}

void read_tree(const SourceText& source, YamlNode& root, const ParseOptions& options,
               Parsed& parsed) {
    Reading common{source};
    if (!root.is_map()) {
        common.error(root.at, fmt::format("a scenario is a map of keys, not {}", what_stands(root)),
                     "begin with `scenario: 1`");
        parsed.errors = common.errors();
        return;
    }
    apply_overrides(common, options.set, root);
    Declarations vars = read_vars(common, root);
    std::vector<MatrixRow> rows = read_matrix(common, root);
    override_variables(common, root, options.variables, vars, rows);
    name_rows(rows);
    const std::vector<CounterExample> examples = read_counter_examples(common, root);
    // Every row is read from a tree of its own.
    constexpr std::size_t most_values = 1'000'000;
    if (rows.size() > 1 && rows.size() * count_values(root) > most_values) {
        common.error(root.find_pair("matrix")->key.at, "the matrix makes too much of this file",
                     "write fewer rows, or several files");
        rows.resize(1);
    }
    const Frame frame{root, vars, options, source.file()};
    RowErrors errors;
    RowErrors warnings;
    for (const MatrixRow& row : rows) {
        Reading reading{source};
        Scenario scenario = read_row(reading, frame, row);
        scenario.counter_examples = examples;
        errors.add(reading.errors(), scenario.row);
        warnings.add(reading.warnings(), scenario.row);
        parsed.scenarios.push_back(std::move(scenario));
    }
    errors.into(parsed.errors, rows.size());
    warnings.into(parsed.warnings, rows.size());
    // Each is another change of the scenario as it is written, not of one that is changed already.
    if (parsed.errors.empty() && !common.failed() && options.set.empty()) {
        check_counter_examples(common, frame, rows.front(), examples);
    }
    warn_unused(common, vars, rows.front());
    parsed.errors.insert(parsed.errors.end(), common.errors().begin(), common.errors().end());
    parsed.warnings.insert(parsed.warnings.end(), common.warnings().begin(),
                           common.warnings().end());
}

Parsed parse_all(std::string_view text, const std::string& file, const ParseOptions& options) {
    Parsed parsed;
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (text.size() > largest_scenario_text) {
        const SourceText nothing{{}, file};
        parsed.errors.push_back(
            nothing.error({},
                          fmt::format("the file has {} bytes, and a scenario at most {}",
                                      text.size(), largest_scenario_text),
                          "write several scenarios"));
        return parsed;
    }
    const SourceText source{text, file};
    LoadedYaml loaded = load_yaml(source);
    if (loaded.complete) read_tree(source, loaded.root, options, parsed);
    parsed.errors.insert(parsed.errors.end(), loaded.errors.begin(), loaded.errors.end());
    sort_and_cut(parsed.errors);
    sort_and_cut(parsed.warnings);
    return parsed;
}

}  // namespace

ParsedScenarios parse_scenarios(std::string_view text, const std::string& file,
                                const ParseOptions& options) {
    Parsed parsed = parse_all(text, file, options);
    if (!parsed.errors.empty()) return std::move(parsed.errors);
    return std::move(parsed.scenarios);
}

std::vector<ScenarioError> advice(std::string_view text, const std::string& file,
                                  const ParseOptions& options) {
    Parsed parsed = parse_all(text, file, options);
    if (!parsed.errors.empty()) return {};
    return std::move(parsed.warnings);
}

}  // namespace etimedout
