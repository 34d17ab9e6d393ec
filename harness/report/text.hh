// Text for terminals: widths, padding, wrapping, color.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/expect/verdict.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// --color, and what `automatic` depends on.
enum class ColorChoice { automatic, always, never };
template <>
struct Words<ColorChoice> {
    static constexpr std::array<std::pair<std::string_view, ColorChoice>, 3> words{
        {{"auto", ColorChoice::automatic},
         {"always", ColorChoice::always},
         {"never", ColorChoice::never}}};
};
enum class Color { off, on };

// NO_COLOR (https://no-color.org) in the environment, unless it is empty, and TERM=dumb speak
// against color, but not against `always`.
struct Terminal {
    bool is_terminal = false;
    std::size_t columns = 100;
    bool no_color = false;
    // Of a file descriptor of this process, and its environment.
    static Terminal of(int fd);
};
Color color_for(ColorChoice choice, const Terminal& terminal);

// How everything for people is written.
struct ConsoleStyle {
    Color color = Color::off;
    std::size_t name_width = 56;  // of the column of names; see name_width_for
    std::size_t columns = 100;    // of a failure screen
    std::size_t lines = 40;       // aimed at: less is shown of pictures and logs to stay within
};
// By the flag, the environment and whether it goes to a terminal.
ConsoleStyle console_style(ColorChoice choice, bool is_terminal);

enum class Ink { plain, bold, dim, good, bad, warn };
std::string inked(const std::string& text, Ink ink, Color color);
Ink ink_of(Verdict verdict);

// Columns on a terminal, counting each code point as one; the names in scenarios are rarely wider.
std::size_t width_of(std::string_view text);
std::string padded(std::string text, std::size_t width);
std::string padded_left(std::string text, std::size_t width);

// Lines of at most `width` columns, broken at blanks where there are any.
std::vector<std::string> wrapped(const std::string& text, std::size_t width);

// Three digits at the most behind a number that matters: "135s", "30.1s", "0.61s".
std::string brief(Duration time);

}  // namespace etimedout
