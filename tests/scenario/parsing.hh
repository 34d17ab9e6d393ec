// Reading a scenario's text in a test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "harness/scenario/parse.hh"

namespace etimedout {

// All rows; the test fails where the text has mistakes.
inline std::vector<Scenario> rows_of(std::string_view text, const ParseOptions& options = {}) {
    ParsedScenarios parsed = parse_scenarios(text, "test.yaml", options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
        for (const ScenarioError& error : *errors) ADD_FAILURE() << error.render();
        return {Scenario{}};
    }
    return std::get<std::vector<Scenario>>(std::move(parsed));
}

inline Scenario scenario_of(std::string_view text, const ParseOptions& options = {}) {
    return rows_of(text, options).front();
}

inline std::vector<ScenarioError> errors_of(std::string_view text,
                                            const ParseOptions& options = {}) {
    ParsedScenarios parsed = parse_scenarios(text, "test.yaml", options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) return *errors;
    return {};
}

// The first mistake, as "line:column: message"; empty where there is none.
inline std::string first_error(std::string_view text, const ParseOptions& options = {}) {
    const auto errors = errors_of(text, options);
    if (errors.empty()) return {};
    return std::to_string(errors.front().where.line) + ":" +
           std::to_string(errors.front().where.column) + ": " + errors.front().message;
}

// Whether one of the mistakes has this in its message.
inline bool has_error(std::string_view text, std::string_view part) {
    for (const ScenarioError& error : errors_of(text)) {
        if (error.message.find(part) != std::string::npos) return true;
    }
    return false;
}

// A scenario with a client, an HTTP stub and a link `api` between them, around these steps and
// expectations, which begin with "  - ".
inline std::string around(std::string_view steps, std::string_view expectations = {}) {
    std::string text = R"(scenario: 1
name: a
nodes: {client: {}, server: {stub: http}, other: {run: ./other}}
links: {api: client -> server:80, side: client -> other:81, whole: client -> other}
steps:
)";
    text += steps;
    text += "expect:\n";
    text += expectations.empty() ? "  - {never: {event: process_end}}\n" : expectations;
    return text;
}

// One call of a scenario made by `around`, from the keys behind its id.
inline CallStep call_of(std::string_view keys) {
    const Scenario scenario = scenario_of(around("  - call: {id: c, " + std::string{keys} + "}\n"));
    if (scenario.steps.empty()) return {};
    return std::get<CallStep>(scenario.steps.front().what);
}

// One expectation of a scenario with the call `c`, the fault `cut` and the wait `pause`.
inline std::string with_expectation(std::string_view keys) {
    return around(
        "  - call: {id: c, link: api, get: /}\n"
        "  - fault: {id: cut, link: api, kind: blackhole}\n"
        "  - {id: pause, wait: 1s}\n"
        "  - call: {id: d, link: api, get: /, times: 5}\n",
        "  - {" + std::string{keys} + "}\n");
}
inline Expectation expectation_of(std::string_view keys) {
    const Scenario scenario = scenario_of(with_expectation(keys));
    return scenario.expectations.empty() ? Expectation{} : scenario.expectations.front();
}

}  // namespace etimedout
