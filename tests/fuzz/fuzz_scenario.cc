// The scenario parser under libFuzzer: any text gives scenarios or errors that can be shown, never
// more. Behind a NUL byte, which no scenario has, stand a dotted place and the value to set there.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/scenario/parse.hh"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace etimedout;
    const std::string text(reinterpret_cast<const char*>(data), size);
    ParseOptions options;
    std::string_view scenario = text;
    if (const auto end = text.find('\0'); end != std::string::npos) {
        scenario = std::string_view{text}.substr(0, end);
        const auto behind = text.substr(end + 1);
        const auto equals = behind.find('=');
        if (equals != std::string::npos) {
            options.set[behind.substr(0, equals)] = behind.substr(equals + 1);
        }
    }
    const ParsedScenarios parsed = parse_scenarios(scenario, "fuzz.yaml", options);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&parsed)) {
        if (errors->empty() || errors->size() > 20) std::abort();
        for (const ScenarioError& error : *errors) {
            if (error.render().empty() || error.message.empty()) std::abort();
        }
        return 0;
    }
    const auto& rows = std::get<std::vector<Scenario>>(parsed);
    if (rows.empty()) std::abort();
    for (const Scenario& row : rows) {
        // What was understood can be asked for everything that follows from it.
        row.topology.start_order();
        for (const NamedNode& node : row.topology.nodes) row.topology.hosts_file(node.name);
    }
    for (const ScenarioError& finding : advice(scenario, "fuzz.yaml", options)) finding.render();
    return 0;
}
