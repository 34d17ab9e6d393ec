// YamlNode: a YAML text as a tree that knows where each part was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/source.hh"

namespace etimedout {

enum class YamlKind { null, scalar, list, map };

struct YamlPair;

struct YamlNode {
    YamlKind kind = YamlKind::null;
    Span at{};
    bool quoted = false;  // a scalar in quotes, or in a block
    std::string text{};
    std::vector<YamlNode> items{};
    std::vector<YamlPair> pairs;  // in the order of the text; keys are scalars, each once

    bool is_scalar() const { return kind == YamlKind::scalar; }
    bool is_list() const { return kind == YamlKind::list; }
    bool is_map() const { return kind == YamlKind::map; }
    // The value of a key of a map; nothing where there is none, or where this is no map.
    const YamlNode* find(std::string_view key) const;
    YamlNode* find(std::string_view key);
    const YamlPair* find_pair(std::string_view key) const;
};

struct YamlPair {
    YamlNode key;
    YamlNode value;
};

struct YamlLimits {
    std::size_t nodes = 100'000;  // after aliases are expanded
    std::size_t depth = 64;
};

// `root` counts only when `errors` is empty, or holds nothing but duplicate or reserved keys.
struct LoadedYaml {
    YamlNode root{};
    std::vector<ScenarioError> errors{};
    bool complete = false;  // there is a tree to read on
};

// One document. Errors, each with its place: too large (largest_scenario_text), empty, binary, not
// UTF-8, tabs, duplicate and reserved keys, a second document, tags, anchors that contain
// themselves, aliases that expand to too much, too deep, and an unquoted ${…} in flow braces.
LoadedYaml load_yaml(const SourceText& source, const YamlLimits& limits = {});

// On one line, as YAML's flow style writes it; reading it gives the same tree.
std::string to_flow(const YamlNode& node);

// As JSON; a scalar without quotes becomes a number, true, false or null where it looks like one.
std::string to_json(const YamlNode& node);

}  // namespace etimedout
