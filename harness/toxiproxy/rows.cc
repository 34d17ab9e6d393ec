// Rows for people and for scripts: aligned under headers on a terminal, else tab-separated.
#include "harness/toxiproxy/rows.hh"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "harness/report/text.hh"

namespace etimedout {

RowStyle row_style_of_output() {
    return ::isatty(STDOUT_FILENO) == 1 ? RowStyle::aligned : RowStyle::tabs;
}

std::string shown(const Rows& rows, RowStyle style) {
    std::string text;
    if (style == RowStyle::tabs) {
        for (const auto& row : rows.rows) text += fmt::format("{}\n", fmt::join(row, "\t"));
        return text;
    }
    if (rows.rows.empty()) return fmt::format("{}\n", rows.when_none);
    std::vector<std::vector<std::string>> lines{rows.headers};
    lines.insert(lines.end(), rows.rows.begin(), rows.rows.end());
    std::vector<std::size_t> widths(rows.headers.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(line[i]));
        }
    }
    for (const auto& line : lines) {
        std::string one;
        for (std::size_t i = 0; i < widths.size(); ++i) one += padded(line[i], widths[i] + 2);
        one.erase(one.find_last_not_of(' ') + 1);
        text += one + '\n';
    }
    return text;
}

}  // namespace etimedout
