// Text for terminals.
#include "harness/report/text.hh"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace etimedout {

Terminal Terminal::of(int fd) {
    Terminal terminal;
    terminal.is_terminal = ::isatty(fd) == 1;
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    terminal.no_color = (no_color != nullptr && *no_color != '\0') ||
                        (term != nullptr && std::string_view{term} == "dumb");
    return terminal;
}

Color color_for(ColorChoice choice, const Terminal& terminal) {
    if (choice == ColorChoice::always) return Color::on;
    if (choice == ColorChoice::never) return Color::off;
    return terminal.is_terminal && !terminal.no_color ? Color::on : Color::off;
}

ConsoleStyle console_style(ColorChoice choice, bool is_terminal) {
    Terminal terminal = Terminal::of(STDOUT_FILENO);
    terminal.is_terminal = is_terminal;
    ConsoleStyle style;
    style.color = color_for(choice, terminal);
    return style;
}

std::string inked(const std::string& text, Ink ink, Color color) {
    if (color == Color::off || ink == Ink::plain || text.empty()) return text;
    const char* code = "0";
    switch (ink) {
        case Ink::plain:
            break;
        case Ink::bold:
            code = "1";
            break;
        case Ink::dim:
            code = "2";
            break;
        case Ink::good:
            code = "32";
            break;
        case Ink::bad:
            code = "1;31";
            break;
        case Ink::warn:
            code = "33";
            break;
    }
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Ink ink_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return Ink::good;
        case Verdict::fail:
        case Verdict::error:
            return Ink::bad;
        case Verdict::inconclusive:
        case Verdict::skipped:
            return Ink::warn;
    }
    return Ink::plain;
}

std::size_t width_of(std::string_view text) {
    // Every byte but the continuation bytes of UTF-8.
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

std::string padded(std::string text, std::size_t width) {
    const std::size_t now = width_of(text);
    if (now < width) text.append(width - now, ' ');
    return text;
}

std::string padded_left(std::string text, std::size_t width) {
    const std::size_t now = width_of(text);
    if (now < width) text.insert(0, width - now, ' ');
    return text;
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = text.find_first_of(" \n", at);
        if (end == std::string::npos) end = text.size();
        const std::string word = text.substr(at, end - at);
        if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
            lines.push_back(std::move(line));
            line.clear();
        }
        if (!line.empty()) line += ' ';
        line += word;
        if (end < text.size() && text[end] == '\n') {
            lines.push_back(std::move(line));
            line.clear();
        }
        at = end + 1;
    }
    if (!line.empty()) lines.push_back(std::move(line));
    return lines;
}

std::string brief(Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    return fmt::format("{:.{}f}s", seconds, seconds >= 100 ? 0 : seconds >= 10 ? 1 : 2);
}

}  // namespace etimedout
