// The table of all faults, policed: a fault that is half declared fails here.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "simulator/faults/all_faults.hh"

namespace etimedout {
namespace {

bool is_word(std::string_view text) {
    if (text.empty()) return false;
    for (const char c : text) {
        if (!((c >= 'a' && c <= 'z') || c == '_')) return false;
    }
    return true;
}

TEST(FaultTable, KindsAreWordsUniqueAndSorted) {
    // Sorted, so that a new one has its place and no two changes touch one line.
    std::vector<std::string_view> kinds;
    AllFaults::for_each([&](auto type) { kinds.push_back(decltype(type)::type::kind); });
    for (const std::string_view kind : kinds) EXPECT_TRUE(is_word(kind)) << kind;
    EXPECT_TRUE(std::is_sorted(kinds.begin(), kinds.end()));
    EXPECT_EQ(std::set<std::string_view>(kinds.begin(), kinds.end()).size(), kinds.size());
}

TEST(FaultTable, EveryFaultIsDocumented) {
    // A sentence of what it does, how, what proves it, what the caller sees, what would look the
    // same to the caller, and what it needs.
    AllFaults::for_each([](auto type) {
        using F = typename decltype(type)::type;
        EXPECT_TRUE(F::doc.ends_with('.')) << F::kind;
        EXPECT_GE(F::doc.size(), 20U) << F::kind;
        for (const std::string_view text :
             {F::recipe, F::witness, F::caller_sees, F::look_alike, F::needs}) {
            EXPECT_FALSE(text.empty()) << F::kind;
            EXPECT_FALSE(text.ends_with('.')) << F::kind << ": a phrase, not a sentence";
        }
    });
}

TEST(FaultTable, LookAlikesAreFaultsThatExist) {
    // Whoever follows the hint must find a page.
    std::set<std::string_view> kinds;
    AllFaults::for_each([&](auto type) { kinds.insert(decltype(type)::type::kind); });
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        std::string_view text = F::look_alike;
        for (auto at = text.find('`'); at != std::string_view::npos; at = text.find('`')) {
            const auto end = text.find('`', at + 1);
            const auto word = text.substr(at + 1, end - at - 1);
            text.remove_prefix(end + 1);
            if (word.find_first_of(": ") != std::string_view::npos)
                continue;  // a key and its value
            EXPECT_TRUE(kinds.contains(word)) << F::kind << ": " << word;
            EXPECT_NE(word, F::kind);
        }
    });
}

TEST(FaultTable, EveryFieldIsNamedDocumentedAndBoundedInOrder) {
    // Two fields of one name, or one named as a selector, could not both be written.
    std::set<std::string_view> taken{"id", "link", "node", "resolver", "kind"};
    for_each_field<Selectors>([&](const auto& field) { taken.insert(field.name); });
    AllFaults::for_each([&](auto type) {
        using F = typename decltype(type)::type;
        std::set<std::string_view> names = taken;
        for_each_field<F>([&](const auto& field) {
            EXPECT_TRUE(is_word(field.name)) << F::kind;
            EXPECT_TRUE(names.insert(field.name).second) << F::kind << "." << field.name;
            EXPECT_FALSE(field.doc.empty()) << F::kind << "." << field.name;
            if (field.lowest && field.highest) {
                EXPECT_LE(*field.lowest, *field.highest);
            }
        });
    });
}

TEST(FaultTable, EveryFaultDecidesWhatItsLayersEngineUnderstands) {
    // The engine of a layer never sees another's plan.
    AllFaults::for_each([](auto type) {
        using F = typename decltype(type)::type;
        const Decision decision = F{}.decide();
        switch (F::layer) {
            case Layer::packet:
                EXPECT_TRUE(std::holds_alternative<PacketPlan>(decision) ||
                            std::holds_alternative<CarrierPlan>(decision) ||
                            std::holds_alternative<RouterPlan>(decision))
                    << F::kind;
                break;
            case Layer::firewall:
                EXPECT_TRUE(std::holds_alternative<FirewallPlan>(decision) ||
                            std::holds_alternative<RouterPlan>(decision))
                    << F::kind;
                break;
            case Layer::stream:
            case Layer::message:
                EXPECT_TRUE(std::holds_alternative<StreamPlan>(decision) ||
                            std::holds_alternative<FlowPlan>(decision) ||
                            std::holds_alternative<DoorPlan>(decision))
                    << F::kind;
                break;
            case Layer::node:
                EXPECT_TRUE(std::holds_alternative<NodePlan>(decision)) << F::kind;
                break;
            case Layer::resolver:
                EXPECT_TRUE(std::holds_alternative<ResolverPlan>(decision)) << F::kind;
                break;
        }
    });
}

TEST(FaultTable, WhatAFaultSaysOfItselfIsWhatTheVariantSays) {
    // The functions over the variant lead to the declaration.
    const ArmedFault armed{"f", Latency{.delay = 5ms}, {}};
    EXPECT_EQ(kind_of(armed.fault), "latency");
    EXPECT_EQ(layer_of(armed.fault), Layer::packet);
    EXPECT_EQ(direction_of(armed), Direction::both);
    EXPECT_EQ(direction_of({"f", Latency{}, {.direction = Direction::up}}), Direction::up);
    EXPECT_EQ(std::get<PacketPlan>(decision_of(armed.fault)).delay, 5ms);
}

}  // namespace
}  // namespace etimedout
