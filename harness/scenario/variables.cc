// Variables: what vars and matrix declare.
#include "harness/scenario/variables.hh"

#include <algorithm>
#include <set>

#include <fmt/format.h>

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

// A value of a variable: one scalar, or nothing for an empty text.
bool read_value(Reading& reading, std::string_view name, const YamlNode& node, Declared& out) {
    out.at = node.at;
    if (node.kind == YamlKind::null) return true;
    if (!node.is_scalar()) {
        reading.error(
            node.at,
            fmt::format("the variable `{}` must be one value, not {}", name, what_stands(node)),
            "a variable stands for a text; use several variables");
        return false;
    }
    out.text = node.text;
    return true;
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
            Declared value;
            if (check_variable_name(reading, pair.key) &&
                read_value(reading, pair.key.text, pair.value, value)) {
                row.values.emplace_back(pair.key.text, std::move(value));
            }
        }
        rows.push_back(std::move(row));
    }
    if (rows.empty()) return rows;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        for (const auto& first : rows.front().values) {
            const std::string& name = first.first;
            const bool there = std::any_of(rows[i].values.begin(), rows[i].values.end(),
                                           [&](const auto& each) { return each.first == name; });
            if (!there) {
                reading.error(matrix.items[std::min(i, matrix.items.size() - 1)].at,
                              fmt::format("this row has no `{}`, which the first row has", name),
                              "give every row the same keys");
            }
        }
    }
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
                Declared value;
                if (!read_value(reading, pair.key.text, item, value)) return rows;
                longer.push_back(row);
                longer.back().values.emplace_back(pair.key.text, std::move(value));
            }
        }
        rows = std::move(longer);
    }
    return rows;
}

}  // namespace

std::string MatrixRow::title() const {
    std::string title;
    for (const auto& [name, value] : values) {
        if (!title.empty()) title += ", ";
        title += fmt::format("{}={}", name, value.text);
    }
    return title;
}

Declarations read_vars(Reading& reading, const YamlNode& root) {
    Declarations vars;
    const YamlNode* node = root.find("vars");
    if (node == nullptr || node->kind == YamlKind::null || !want_map(reading, "vars", *node)) {
        return vars;
    }
    for (const YamlPair& pair : node->pairs) {
        Declared value;
        if (check_variable_name(reading, pair.key) &&
            read_value(reading, pair.key.text, pair.value, value)) {
            vars.insert_or_assign(pair.key.text, std::move(value));
        }
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
            var->second.text = text;
            known = true;
        }
        for (MatrixRow& row : rows) {
            for (auto& [key, value] : row.values) {
                if (key != name) continue;
                value.text = text;
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
    std::erase_if(rows, [&](const MatrixRow& row) { return !seen.insert(row.title()).second; });
}

}  // namespace etimedout
