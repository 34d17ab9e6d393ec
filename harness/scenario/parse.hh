// Scenario text to scenarios: every mistake with its line, column, a caret and what to write.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/scenario/model.hh"

namespace etimedout {

// A mistake, ready to be shown.
struct ScenarioError {
    std::string file{};
    Where where{};
    std::size_t width = 1;  // characters the caret line marks
    std::string message{};
    std::string advice{};
    std::string source_line{};

    // "file:line:col: error: …", the line, carets, and the advice.
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

// All rows of the matrix; at most 20 errors, in the order of the text. Touches nothing but the text.
ParsedScenarios parse_scenarios(std::string_view text, const std::string& file,
                                const ParseOptions& options);

}  // namespace etimedout
