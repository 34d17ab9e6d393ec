// Scenario text to scenarios: every mistake with its line, column, a caret and what to write.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/scenario/model.hh"

namespace etimedout {

// An error stops the scenario; a warning is a finding of `check`.
enum class Severity { error, warning };

// A mistake, ready to be shown.
struct ScenarioError {
    std::string file{};
    Where where{};
    std::size_t width = 1;  // characters the caret line marks
    std::string message{};
    std::string advice{};
    std::string source_line{};
    Severity severity = Severity::error;

    // "file:line:col: error: …", the line, carets, and the advice, without a last end of line.
    // Long lines are cut around the caret, control characters are shown escaped.
    std::string render() const;
};

struct ParseOptions {
    std::map<std::string, std::string> variables{};  // --var, over the scenario's own
    // The folder that ${scenario.dir} stands for; inside a world always the same.
    std::string scenario_dir = "/scenario";
    // Dotted places to replace, for a counter-example.
    std::map<std::string, std::string> set{};
};

using ParsedScenarios = std::variant<std::vector<Scenario>, std::vector<ScenarioError>>;

// All rows of the matrix; at most 20 errors, in the order of the text. Touches nothing but the
// text.
ParsedScenarios parse_scenarios(std::string_view text, const std::string& file,
                                const ParseOptions& options);

// What `check` finds in a scenario that parses: wide time windows without a reason, variables that
// nothing uses, no expectations. Empty where there are errors; at most 20, in the text's order.
std::vector<ScenarioError> advice(std::string_view text, const std::string& file,
                                  const ParseOptions& options);

// The largest scenario text that is read; the driver refuses a larger file before it reads it.
inline constexpr std::size_t largest_scenario_text = std::size_t{1} << 20U;

}  // namespace etimedout
