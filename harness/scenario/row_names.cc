// Names of a matrix's rows: as few of their values as tell them apart.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/scenario/variables.hh"

namespace etimedout {

namespace {

// A value in full, for comparison.
std::string in_full(const Declared& value) {
    return value.tree ? to_flow(*value.tree) : value.text;
}

// What a value begins with: "status: 503" of a map, the first item of a list.
std::string beginning_of(const YamlNode& node) {
    if (node.is_list() && !node.items.empty()) return beginning_of(node.items.front());
    if (!node.is_map() || node.pairs.empty()) return node.text;
    const YamlPair& first = node.pairs.front();
    return fmt::format("{}: {}", first.key.text, beginning_of(first.value));
}

// In one short line.
std::string shortened(std::string text) {
    constexpr std::size_t longest = 40;
    std::size_t end = std::min(text.find_first_of("\n\r"), text.size());
    if (end > longest) {
        end = longest;
        // Not within a character of UTF-8.
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    }
    if (end == text.size()) return text;
    text.resize(end);
    return text + "…";
}

// How the values of one variable are shown: value in full to what is shown of it.
std::map<std::string, std::string> labels_of(const std::vector<MatrixRow>& rows,
                                             std::size_t column) {
    std::vector<const Declared*> different;
    std::set<std::string> seen;
    for (const MatrixRow& row : rows) {
        const Declared& value = row.values[column].second;
        if (seen.insert(in_full(value)).second) different.push_back(&value);
    }
    const auto label = [](const Declared& value) {
        return shortened(value.tree ? beginning_of(*value.tree) : value.text);
    };
    std::map<std::string, std::string> labels;
    for (std::size_t i = 0; i < different.size(); ++i) {
        const std::string own = label(*different[i]);
        const bool alone = std::count_if(different.begin(), different.end(), [&](const auto* each) {
                               return label(*each) == own;
                           }) == 1;
        labels[in_full(*different[i])] = alone ? own : fmt::format("#{}", i + 1);
    }
    return labels;
}

// The columns that split rows which those before leave together.
std::vector<std::size_t> telling_columns(const std::vector<MatrixRow>& rows, std::size_t columns) {
    std::vector<std::size_t> telling;
    std::vector<std::string> told(rows.size());
    const auto count = [](const std::vector<std::string>& keys) {
        return std::set<std::string>(keys.begin(), keys.end()).size();
    };
    for (std::size_t column = 0; column < columns; ++column) {
        std::vector<std::string> longer = told;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            longer[i] += in_full(rows[i].values[column].second) + '\0';
        }
        if (count(longer) == count(told)) continue;
        telling.push_back(column);
        told = std::move(longer);
    }
    // Of a single row the first value is as good as any.
    if (telling.empty() && columns > 0) telling.push_back(0);
    return telling;
}

}  // namespace

void name_rows(std::vector<MatrixRow>& rows) {
    // Rows may differ in their keys only where that is a mistake, which is reported elsewhere.
    std::size_t columns = rows.empty() ? 0 : rows.front().values.size();
    for (const MatrixRow& row : rows) columns = std::min(columns, row.values.size());
    for (const std::size_t column : telling_columns(rows, columns)) {
        const auto labels = labels_of(rows, column);
        for (MatrixRow& row : rows) {
            const auto& [name, value] = row.values[column];
            if (!row.title.empty()) row.title += ", ";
            row.title += fmt::format("{}={}", name, labels.at(in_full(value)));
        }
    }
    for (MatrixRow& row : rows) {
        if (row.name) row.title = *row.name;
    }
}

}  // namespace etimedout
