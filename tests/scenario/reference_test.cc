// What is made from the tables: schema, reference, starter scenarios; and that the committed
// copies are those.
#include "harness/scenario/reference.hh"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include "harness/scenario/faults.hh"
#include "harness/scenario/json_schema.hh"
#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

using testing::HasSubstr;

// The committed copy of a made text; written again when that is asked for.
std::string committed(const std::string& name, const std::string& made) {
    const std::string path = std::string{DOCS "/"} + name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream{path, std::ios::binary} << made;
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Reference, EveryFaultIsInTheListAndHasAPage) {
    // Made from the declarations, so that none can be forgotten.
    for (const std::string_view kind : fault_kinds()) {
        EXPECT_THAT(fault_list(), HasSubstr(std::string{kind}));
        const std::string page = fault_reference(kind);
        for (const char* heading : {"how it is produced", "what proves it", "what the caller sees",
                                    "connections already open", "what looks alike", "what it needs",
                                    "example", "selectors"}) {
            EXPECT_THAT(page, HasSubstr(heading)) << kind;
        }
        EXPECT_THAT(faults_markdown(), HasSubstr("\n## `" + std::string{kind} + "`\n"));
    }
    EXPECT_EQ(fault_reference("nonsense"), "");
    EXPECT_EQ(fault_example("nonsense"), "");
    EXPECT_EQ(starter_scenario("nonsense"), "");
}

TEST(Reference, EveryExampleIsAScenariosStep) {
    // What the reference shows can be copied.
    for (const std::string_view kind : fault_kinds()) {
        std::string text = around("  " + fault_example(kind) + "\n");
        const bool of_stub = fault_reference(kind).find("a node with `stub`") != std::string::npos;
        if (const auto node = text.find("node: server"); node != std::string::npos && !of_stub) {
            text.replace(node, 12, "node: other");  // where a program runs
        }
        if (text.find("resolver: dns") != std::string::npos) text += "resolvers: {dns: {}}\n";
        const Scenario scenario = scenario_of(text);
        ASSERT_EQ(scenario.steps.size(), 1U) << kind;
        EXPECT_EQ(kind_of(std::get<FaultStep>(scenario.steps[0].what).armed.fault), kind);
    }
}

TEST(Reference, EveryStarterIsAScenarioWithoutFindings) {
    // `new KIND` must run as it is.
    for (const std::string_view kind : fault_kinds()) {
        const std::string text = starter_scenario(kind);
        const Scenario scenario = scenario_of(text);
        EXPECT_EQ(scenario.steps.size(), 4U) << kind;
        for (const ScenarioError& finding : advice(text, "new.yaml", {})) {
            ADD_FAILURE() << finding.render();
        }
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
    }
}

TEST(Schema, IsJsonAndItsReferencesLeadSomewhere) {
    // Draft-07, with a definition for each part.
    const boost::json::value schema = boost::json::parse(json_schema());
    const auto& definitions = schema.at("definitions").as_object();
    const std::string text = json_schema();
    constexpr std::string_view reference = "\"#/definitions/";
    for (auto at = text.find(reference); at != std::string::npos;
         at = text.find(reference, at + 1)) {
        const auto begin = at + reference.size();
        EXPECT_TRUE(definitions.contains(text.substr(begin, text.find('"', begin) - begin)));
    }
    EXPECT_EQ(schema.at("properties").at("scenario").at("description").as_string(),
              "the version of the language");
}

TEST(Schema, KnowsEveryFaultAndItsFields) {
    // One alternative for each kind.
    const boost::json::value schema = boost::json::parse(json_schema());
    const auto& alternatives = schema.at("definitions").at("fault").at("anyOf").as_array();
    EXPECT_EQ(alternatives.size(), AllFaults::size);
    const std::string text = boost::json::serialize(alternatives);
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        for_each_field<F>([&](const auto& field) {
            EXPECT_THAT(text, HasSubstr("\"" + std::string{field.name} + "\""));
        });
    });
}

TEST(Docs, TheCommittedCopiesAreTheMadeOnes) {
    // UPDATE_GOLDEN=1 writes them again.
    EXPECT_EQ(committed("language.md", language_markdown()), language_markdown());
    EXPECT_EQ(committed("faults.md", faults_markdown()), faults_markdown());
    EXPECT_EQ(committed("language.schema.json", json_schema()), json_schema());
}

}  // namespace
}  // namespace etimedout
