// Parts of a scalar: where in the text they were written, for carets.
#pragma once

#include <algorithm>
#include <string_view>

#include "harness/scenario/source.hh"

namespace etimedout {

// The first such part of what stands at `at`; all of it where it was not written as it is.
inline Span part_of(const SourceText& source, const Span& at, std::string_view part) {
    const std::string_view line = source.line(at.line);
    const auto found = line.find(part, std::min<std::size_t>(at.column, line.size()));
    if (part.empty() || found == std::string_view::npos ||
        found + part.size() > at.column + at.width) {
        return at;
    }
    return {at.line, static_cast<std::uint32_t>(found), static_cast<std::uint32_t>(part.size())};
}

// What stands behind the first such part; all of it where there is none.
inline Span behind_part(const SourceText& source, const Span& at, std::string_view part) {
    const Span found = part_of(source, at, part);
    if (found.width != part.size() || found.width >= at.width) return at;
    const std::uint32_t begin = found.column + found.width;
    return {at.line, begin, at.column + at.width - begin};
}

}  // namespace etimedout
