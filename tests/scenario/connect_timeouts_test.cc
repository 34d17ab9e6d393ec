// The table of the ways in which connecting fails: docs/connect-timeouts.md is what the scenario
// asserts, and every cause is in it.
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "harness/scenario/reference.hh"
#include "tests/scenario/parsing.hh"

namespace etimedout {
namespace {

std::string text_of_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// One row of the matrix.
struct Way {
    std::string cause{};
    std::string kind{};
    std::string outcome{};
    std::string error{};
    std::string after{};
    std::string proof{};
};

std::string witness_of(std::string_view kind) {
    std::string proof;
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        if (F::kind == kind) proof = F::witness;
    });
    return proof;
}

Way way_of(const Scenario& scenario) {
    Way way{.cause = scenario.row};
    for (const Step& step : scenario.steps) {
        if (const auto* fault = std::get_if<FaultStep>(&step.what)) {
            way.kind = kind_of(fault->armed.fault);
        }
    }
    way.proof = witness_of(way.kind);
    for (const Expectation& expectation : scenario.expectations) {
        if (expectation.outcome) way.outcome = *expectation.outcome;
        if (expectation.error) way.error = *expectation.error;
        if (const auto total = expectation.phases.find("total");
            total != expectation.phases.end()) {
            way.after = total->second.text;
        }
    }
    return way;
}

std::vector<Way> family() {
    std::vector<Way> ways;
    for (const std::string file : {LIBRARY "/connect-timeouts/family.yaml",
                                   LIBRARY "/connect-timeouts/names-and-handshakes.yaml"}) {
        const auto parsed = parse_scenarios(text_of_file(file), file, {});
        if (const auto* scenarios = std::get_if<std::vector<Scenario>>(&parsed)) {
            for (const Scenario& scenario : *scenarios) ways.push_back(way_of(scenario));
        }
    }
    return ways;
}

std::string table() {
    std::string text =
        "# Ways in which connecting fails\n\n"
        "What `connect()` says, when, and what proves the cause. The table is made from\n"
        "[connect-timeouts/family.yaml](../scenarios/connect-timeouts/family.yaml) and\n"
        "[names-and-handshakes.yaml](../scenarios/connect-timeouts/names-and-handshakes.yaml), "
        "which assert it: with\ntcp_syn_retries 3 and Linux 6.1's habits, so that a SYN nobody "
        "answers is given "
        "up after 1 + 2 + 4 + 8 s\n(with 6, the default, after 127 s and more). Where outcome, "
        "errno and time are the same, only what\nproves the cause tells them apart, and that is "
        "never seen from the caller.\n\nWith tcp_syn_retries 2 or less a dead neighbour of the "
        "caller's own is ETIMEDOUT, after the same 3 s:\nan unreachable host takes one back-off "
        "back (RFC 6069), and then the retries are used up.\n\n"
        "| cause | fault | outcome | errno | after | proved by |\n|---|---|---|---|---|---|\n";
    for (const Way& way : family()) {
        text += "| " + way.cause + " | [`" + way.kind + "`](faults.md#" + way.kind + ") | " +
                way.outcome + " | " + (way.error.empty() ? "none" : way.error) + " | " +
                markdown_cell(way.after) + " | " + markdown_cell(way.proof) + " |\n";
    }
    return text;
}

TEST(ConnectTimeouts, TheTableInTheDocsIsWhatTheScenarioAsserts) {
    // UPDATE_GOLDEN=1 writes it again.
    const std::string path = DOCS "/connect-timeouts.md";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream{path, std::ios::binary} << table();
    EXPECT_EQ(text_of_file(path), table());
}

TEST(ConnectTimeouts, WhatLooksTheSameIsProvedByAnotherWitness) {
    // The same outcome, errno and time, and the same witness: then it would be one cause.
    std::set<std::vector<std::string>> seen;
    const auto ways = family();
    EXPECT_GE(ways.size(), 23U);
    for (const Way& way : ways) {
        EXPECT_FALSE(way.outcome.empty() || way.after.empty() || way.proof.empty()) << way.cause;
        // Kinds of ICMP and answers of DNS differ in their codes, which a capture shows.
        if (way.kind == Reject::kind || way.kind == DeadNeighbour::kind) continue;
        if (way.kind == DnsErrorFault::kind) continue;
        EXPECT_TRUE(seen.insert({way.outcome, way.error, way.after, way.proof}).second)
            << way.cause;
    }
}

TEST(ConnectTimeouts, EveryKindOfRefusalAndOfRouteIsThere) {
    // Whoever adds a word to these lists adds a row.
    const std::string text = text_of_file(LIBRARY "/connect-timeouts/family.yaml");
    for (const auto& [word, refusal] : Words<Refusal>::words) {
        if (refusal == Refusal::drop) continue;
        EXPECT_THAT(text, testing::HasSubstr("with: " + std::string{word})) << word;
    }
    for (const auto& [word, kind] : Words<RouteKind>::words) {
        EXPECT_THAT(text, testing::HasSubstr("to: " + std::string{word})) << word;
    }
    for (const auto& [word, hop] : Words<NextHop>::words) {
        EXPECT_THAT(text, testing::HasSubstr("which: " + std::string{word})) << word;
    }
}

}  // namespace
}  // namespace etimedout
