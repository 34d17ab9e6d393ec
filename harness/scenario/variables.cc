// Variables: what vars and matrix declare.
#include "harness/scenario/variables.hh"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/scenario/overrides.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

namespace {

bool is_variable_name(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && letter(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

bool check_variable_name(Reading& reading, const YamlNode& name) {
    if (!is_variable_name(name.text)) {
        reading.error(name.at, fmt::format("{} cannot name a variable", quote(name.text)),
                      "use letters, digits, _ and -, and begin with a letter");
        return false;
    }
    if (name.text == "links" || name.text == "nodes" || name.text == "scenario") {
        reading.error(name.at,
                      fmt::format("`{}` is taken: ${{{}.…}} has a meaning", name.text, name.text),
                      "choose another name");
        return false;
    }
    return true;
}

// A value of a variable; nothing is an empty text.
Declared value_of(const YamlNode& node) {
    Declared value;
    value.at = node.at;
    if (node.is_scalar()) {
        value.text = node.text;
    } else if (node.kind != YamlKind::null) {
        value.tree = node;
    }
    return value;
}

// `name` in a row is what the row is called, and a variable like the others.
bool read_row_name(Reading& reading, const YamlNode& node, MatrixRow& out) {
    const bool line = node.is_scalar() && !node.text.empty() &&
                      node.text.find_first_of("\n\r") == std::string::npos;
    if (!line) {
        reading.error(node.at,
                      fmt::format("a row's `name` is one line of text, not {}", what_stands(node)),
                      "write name: what is special about this row");
        return false;
    }
    out.name = node.text;
    return true;
}

void check_row_names(Reading& reading, const std::vector<MatrixRow>& rows) {
    std::map<std::string, Span> seen;
    for (const MatrixRow& row : rows) {
        for (const auto& [key, value] : row.values) {
            if (key != "name") continue;
            const auto [first, fresh] = seen.emplace(value.text, value.at);
            if (fresh) continue;
            reading.error(
                value.at, fmt::format("two rows are called {}", quote(value.text)),
                fmt::format("the first is on line {}: choose another name", first->second.line));
        }
    }
}

std::vector<MatrixRow> rows_of_list(Reading& reading, const YamlNode& matrix) {
    std::vector<MatrixRow> rows;
    for (const YamlNode& item : matrix.items) {
        if (!item.is_map()) {
            reading.error(item.at,
                          fmt::format("a row of the matrix is a map, not {}", what_stands(item)),
                          "write - {name: value, …}");
            continue;
        }
        MatrixRow row;
        for (const YamlPair& pair : item.pairs) {
            if (!check_variable_name(reading, pair.key)) continue;
            if (pair.key.text == "name" && !read_row_name(reading, pair.value, row)) continue;
            row.values.emplace_back(pair.key.text, value_of(pair.value));
        }
        rows.push_back(std::move(row));
    }
    if (rows.empty()) return rows;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        for (const auto& first : rows.front().values) {
            const std::string& name = first.first;
            if (name == "name") continue;  // some rows may have one
            const bool there = std::any_of(rows[i].values.begin(), rows[i].values.end(),
                                           [&](const auto& each) { return each.first == name; });
            if (!there) {
                reading.error(matrix.items[std::min(i, matrix.items.size() - 1)].at,
                              fmt::format("this row has no `{}`, which the first row has", name),
                              "give every row the same keys");
            }
        }
    }
    check_row_names(reading, rows);
    return rows;
}

std::vector<MatrixRow> rows_of_map(Reading& reading, const YamlNode& matrix,
                                   const VariableLimits& limits) {
    std::vector<MatrixRow> rows{MatrixRow{}};
    for (const YamlPair& pair : matrix.pairs) {
        if (!check_variable_name(reading, pair.key)) continue;
        if (!pair.value.is_list() || pair.value.items.empty()) {
            reading.error(
                pair.value.at,
                fmt::format("`{}` wants a list of the values it takes, not {}", pair.key.text,
                            pair.value.is_list() ? "an empty one" : what_stands(pair.value)),
                fmt::format("write {}: [one, two]", pair.key.text));
            continue;
        }
        if (rows.size() * pair.value.items.size() > limits.rows) {
            reading.error(pair.key.at,
                          fmt::format("the matrix has more than {} rows with this", limits.rows),
                          "write fewer values, or a list of the rows that matter");
            return rows;
        }
        std::vector<MatrixRow> longer;
        for (const MatrixRow& row : rows) {
            for (const YamlNode& item : pair.value.items) {
                longer.push_back(row);
                longer.back().values.emplace_back(pair.key.text, value_of(item));
            }
        }
        rows = std::move(longer);
    }
    return rows;
}

// A value given from outside takes the shape of the one it replaces.
void give(Declared& value, const std::string& text) {
    value.text = text;
    if (!value.tree) return;
    value.tree.reset();
    const SourceText source{text, "(--var)"};
    LoadedYaml loaded = load_yaml(source);
    if (!loaded.errors.empty() || loaded.root.is_scalar()) return;
    move_to(loaded.root, value.at);
    value.tree = std::move(loaded.root);
}

// Rows are alike when all their values are; names do not count.
std::string values_of(const MatrixRow& row) {
    std::string all;
    for (const auto& [name, value] : row.values) {
        if (name == "name" && row.name) continue;
        all += fmt::format("{}={}\n", name, value.tree ? to_flow(*value.tree) : quote(value.text));
    }
    return all;
}

}  // namespace

Declarations read_vars(Reading& reading, const YamlNode& root) {
    Declarations vars;
    const YamlNode* node = root.find("vars");
    if (node == nullptr || node->kind == YamlKind::null || !want_map(reading, "vars", *node)) {
        return vars;
    }
    for (const YamlPair& pair : node->pairs) {
        if (!check_variable_name(reading, pair.key)) continue;
        vars.insert_or_assign(pair.key.text, value_of(pair.value));
    }
    return vars;
}

std::vector<MatrixRow> read_matrix(Reading& reading, const YamlNode& root,
                                   const VariableLimits& limits) {
    const YamlNode* node = root.find("matrix");
    if (node == nullptr) return {MatrixRow{}};
    std::vector<MatrixRow> rows;
    if (node->is_list()) {
        if (node->items.size() > limits.rows) {
            reading.error(node->at, fmt::format("the matrix has more than {} rows", limits.rows),
                          "write several files");
        } else {
            rows = rows_of_list(reading, *node);
        }
    } else if (node->is_map()) {
        rows = rows_of_map(reading, *node, limits);
    } else {
        reading.error(node->at,
                      fmt::format("`matrix` wants a map of lists, or a list of rows, "
                                  "not {}",
                                  what_stands(*node)),
                      "write matrix: {name: [one, two]}");
        return {MatrixRow{}};
    }
    const bool empty = rows.empty() || rows.front().values.empty();
    if (empty && !reading.failed()) {
        reading.error(node->at, "the matrix is empty, so there would be nothing to run",
                      "give it values, or remove it");
    }
    if (rows.empty()) rows.emplace_back();
    return rows;
}

void override_variables(Reading& reading, const YamlNode& root,
                        const std::map<std::string, std::string>& given, Declarations& vars,
                        std::vector<MatrixRow>& rows) {
    for (const auto& [name, text] : given) {
        bool known = false;
        if (const auto var = vars.find(name); var != vars.end()) {
            give(var->second, text);
            known = true;
        }
        for (MatrixRow& row : rows) {
            for (auto& [key, value] : row.values) {
                if (key != name) continue;
                give(value, text);
                if (key == "name" && row.name) row.name = text;
                known = true;
            }
        }
        if (known) continue;
        std::vector<std::string_view> names;
        for (const auto& [key, value] : vars) names.push_back(key);
        for (const auto& [key, value] : rows.front().values) names.push_back(key);
        const YamlPair* pair = root.find_pair("vars");
        reading.error(pair != nullptr ? pair->key.at : Span{},
                      fmt::format("--var {}: the scenario declares no variable of this name", name),
                      suggest(name, names, "variables"));
    }
    std::set<std::string> seen;
    std::erase_if(rows, [&](const MatrixRow& row) { return !seen.insert(values_of(row)).second; });
}

}  // namespace etimedout
