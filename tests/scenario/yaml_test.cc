// YAML as a tree, and written again.
#include "harness/scenario/yaml_tree.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

YamlNode tree_of(const std::string& text) {
    const SourceText source{text, "test.yaml"};
    LoadedYaml loaded = load_yaml(source);
    for (const ScenarioError& error : loaded.errors) ADD_FAILURE() << error.render();
    return std::move(loaded.root);
}

TEST(Yaml, EveryPartKnowsItsPlace) {
    // Columns are bytes here: "ä" is two.
    const YamlNode root = tree_of("a: {\"ä\": 'x y', b: [1, two]}\n");
    const YamlPair& first = root.pairs[0].value.pairs[0];
    EXPECT_EQ(first.key.at, (Span{1, 4, 4}));
    EXPECT_EQ(first.value.at, (Span{1, 10, 5}));
    EXPECT_TRUE(first.value.quoted);
    EXPECT_EQ(root.pairs[0].value.pairs[1].value.items[1].at, (Span{1, 24, 3}));
}

TEST(Yaml, AliasesAreCopies) {
    // The value stands where its anchor is; its place is the anchor's.
    const YamlNode root = tree_of("a: &x {b: [1]}\nc: *x\n");
    ASSERT_EQ(root.pairs.size(), 2U);
    EXPECT_EQ(to_flow(root.pairs[1].value), "{b: [1]}");
    EXPECT_EQ(root.pairs[1].value.pairs[0].key.at.line, 1U);
}

TEST(Yaml, FlowStyleReadsAgainAsTheSameTree) {
    // Texts that would be something else without quotes.
    const std::vector<std::string> texts{
        "plain", "a: b", "a #b", "- x",   "",      "null",   "~",       "{x}",
        "[x]",   "a, b", "'q'",  "\"d\"", "x\ny",  "\ttab",  "*a",      "&a",
        "!t",    "%d",   "@at",  "`b",    "a:",    "-",      "-5ms",    "30s ±100ms",
        "a\\b",  "# c",  "---",  "? x",   " lead", "trail ", "\x01\x7f"};
    YamlNode list;
    list.kind = YamlKind::list;
    for (const std::string& text : texts) {
        YamlNode item;
        item.kind = YamlKind::scalar;
        item.text = text;
        list.items.push_back(item);
    }
    const YamlNode again = tree_of(to_flow(list) + "\n");
    ASSERT_EQ(again.items.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(again.items[i].kind, YamlKind::scalar) << texts[i];
        EXPECT_EQ(again.items[i].text, texts[i]);
    }
}

TEST(Yaml, JsonTypesFollowFromQuotes) {
    // YAML 1.2's core words, and JSON's own numbers.
    EXPECT_EQ(to_json(tree_of("[1, '1', -0.5e3, .5, 01, true, yes, ~, {a: \"\\n\"}]\n")),
              R"([1,"1",-0.5e3,".5","01",true,"yes",null,{"a":"\n"}])");
}

}  // namespace
}  // namespace etimedout
