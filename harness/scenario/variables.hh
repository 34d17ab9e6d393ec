// Variables: vars, the rows of a matrix, and ${…} in every scalar.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/scenario/reading.hh"

namespace etimedout {

// A variable as the scenario declares it, not yet expanded: a text, or a list or map.
struct Declared {
    std::string text;
    Span at{};
    std::optional<YamlNode> tree{};  // of a list or a map, whose `text` says nothing
};
using Declarations = std::map<std::string, Declared, std::less<>>;

// One row of the matrix; without a matrix there is one, with no values.
struct MatrixRow {
    std::vector<std::pair<std::string, Declared>> values{};  // in declared order
    std::optional<std::string> name{};                       // what the row calls itself
    std::string title{};                                     // empty without a matrix
};

struct VariableLimits {
    std::size_t rows = 1000;
    std::size_t expanded = std::size_t{4} << 20U;  // bytes that ${…} may grow to, in one row
};

// The map `vars`, and every key of `matrix`.
Declarations read_vars(Reading& reading, const YamlNode& root);
std::vector<MatrixRow> read_matrix(Reading& reading, const YamlNode& root,
                                   const VariableLimits& limits = {});

// What tells rows apart: the name a row gives itself, or as few of its values as will do. A list or
// map is shown by what it begins with, or by its number. "refusal=reset".
void name_rows(std::vector<MatrixRow>& rows);

// --var over both; an error for one that neither declares. Rows that become alike are merged.
void override_variables(Reading& reading, const YamlNode& root,
                        const std::map<std::string, std::string>& given, Declarations& vars,
                        std::vector<MatrixRow>& rows);

// Replaces ${name} in every scalar and key of a row's tree, and a scalar that is ${name} alone by
// the list or map that the variable stands for, but for `vars`, `matrix` and `counter_example`. It
// takes two passes, as links.* and nodes.* are known only once links are read; between them both
// these and the escape $${ stay as they are.
class Substitution {
public:
    // Expands the variables themselves; errors for cycles and unknown names.
    Substitution(Reading& reading, const Declarations& vars, const MatrixRow& row,
                 const std::string& scenario_dir, const VariableLimits& limits = {});

    // First pass: variables and scenario.dir.
    void expand_variables(YamlNode& root);
    // Second pass, on the part of the tree where links may not be named: only the escape is left.
    void finish_without_links(YamlNode& part);
    // Second pass: links.* and nodes.* from the reading's topology, and the escape.
    void finish(YamlNode& root);

    // Name to final value, after the second pass.
    std::map<std::string, std::string> values();

private:
    enum class Pass { first, links, last };

    void wrong(const Span& at, std::string message, std::string advice);
    std::string expand(const std::string& text, const Span& at, Pass pass);
    std::string look_up(std::string_view name, const Span& at, Pass pass, bool& keep);
    std::string look_up_world(std::string_view name, const Span& at);
    std::string look_up_link(std::string_view link, std::string_view what, const Span& at);
    std::string look_up_node(std::string_view node, std::string_view what, const Span& at);
    const std::string& variable(std::string_view name, const Declared& declared);
    // The variable whose list or map a whole scalar stands for; null where it stands for a text.
    const std::pair<const std::string, Declared>* structure_of(std::string_view text) const;
    const YamlNode& structure(const std::string& name, const Declared& declared);
    bool enter(const std::string& name, const Declared& declared);
    void spend(std::size_t size, const Span& at);
    void walk(YamlNode& node, Pass pass);

    Reading& reading_;
    Declarations declared_;
    std::map<std::string, std::string, std::less<>> expanded_;
    std::map<std::string, YamlNode, std::less<>> structures_;
    std::vector<std::string> open_;  // variables being expanded, for cycles
    std::string scenario_dir_;
    std::size_t budget_;
    bool exhausted_ = false;
    std::set<std::string, std::less<>> failed_;  // variables without a value, which is reported
    bool spoilt_ = false;                        // something was wrong with what is being expanded
};

}  // namespace etimedout
