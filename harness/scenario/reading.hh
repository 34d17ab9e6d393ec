// Reading: what is known while a scenario is read, and the mistakes found so far.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/yaml_tree.hh"
#include "simulator/world/spec.hh"

namespace etimedout {

// What a name in a scenario stands for; one name stands for one thing.
enum class NameKind { node, link, call, fault, step };

struct NameUse {
    NameKind kind = NameKind::node;
    Span at{};
};

class Reading {
public:
    explicit Reading(const SourceText& source) : source_{source} {}

    void error(const Span& at, std::string message, std::string advice = {});
    void warning(const Span& at, std::string message, std::string advice = {});
    // What stands here is wrong already, and reported: no further error about it.
    void spoil(const Span& at) { spoilt_.push_back(at); }
    // Removes the warnings from `begin` on for which `excused` holds.
    template <class Excused>
    void drop_warnings(std::size_t begin, Excused excused) {
        warnings_.erase(std::remove_if(warnings_.begin() + static_cast<std::ptrdiff_t>(begin),
                                       warnings_.end(), excused),
                        warnings_.end());
    }
    bool failed() const { return !errors_.empty(); }
    const std::vector<ScenarioError>& errors() const { return errors_; }
    const std::vector<ScenarioError>& warnings() const { return warnings_; }
    const SourceText& source() const { return source_; }

    // Whether this can be a name; an error where it cannot.
    bool is_well_formed(const YamlNode& name);
    // A node's, link's or step's name; an error where it is malformed or taken.
    bool declare(const YamlNode& name, NameKind kind);
    // A name the reader made itself; never an error.
    void declare_default(const std::string& name, NameKind kind, const Span& at);
    const NameUse* find(std::string_view name) const;
    std::vector<std::string_view> names(std::initializer_list<NameKind> kinds) const;
    // Whether a scalar names one of these; an error with a suggestion where it does not.
    bool check_name(const YamlNode& name, std::initializer_list<NameKind> kinds,
                    std::string_view what);

    Topology topology{};

private:
    const SourceText& source_;
    std::vector<ScenarioError> errors_;
    std::vector<ScenarioError> warnings_;
    std::vector<Span> spoilt_;
    std::map<std::string, NameUse, std::less<>> names_;
};

// "a node", "a call": for messages.
std::string_view with_article(NameKind kind);

// "did you mean `c1`?", or what there is: "calls: c1, c2".
std::string suggest(std::string_view word, const std::vector<std::string_view>& among,
                    std::string_view plural);

// "a map", "a list", "nothing", "the value `x`": what stands somewhere.
std::string what_stands(const YamlNode& node);

// An error unless it is a scalar; `wanted` is "a duration such as 250ms".
bool want_scalar(Reading& reading, std::string_view key, const YamlNode& node,
                 std::string_view wanted);
bool want_map(Reading& reading, std::string_view key, const YamlNode& node);
bool want_list(Reading& reading, std::string_view key, const YamlNode& node);

}  // namespace etimedout
