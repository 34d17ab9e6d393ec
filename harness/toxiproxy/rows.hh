// Rows for people and for scripts: aligned under headers on a terminal, else tab-separated.
#pragma once

#include <string>
#include <vector>

namespace etimedout {

enum class RowStyle { aligned, tabs };

// `aligned` where standard output is a terminal.
RowStyle row_style_of_output();

struct Rows {
    std::vector<std::string> headers{};  // shown when aligned
    std::vector<std::vector<std::string>> rows{};
    std::string when_none{};  // shown instead of headers when aligned
};

std::string shown(const Rows& rows, RowStyle style);

}  // namespace etimedout
