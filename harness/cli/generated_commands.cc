// The commands that print what packagers install: completions and the manual page.
#include <array>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/command_line.hh"
#include "harness/cli/commands.hh"
#include "harness/cli/completions.hh"
#include "harness/cli/man_page.hh"

namespace etimedout {

namespace {

struct Shell {
    std::string_view name;
    std::string (*completions)(const CommandTable&);
};

constexpr std::array shells{Shell{"bash", bash_completions}, Shell{"zsh", zsh_completions},
                            Shell{"fish", fish_completions}};

}  // namespace

std::vector<std::string> shell_names() {
    std::vector<std::string> names;
    for (const Shell& shell : shells) names.emplace_back(shell.name);
    return names;
}

ExitCode completions_command(const std::string& shell, const CommandTable& table) {
    for (const Shell& known : shells) {
        if (known.name != shell) continue;
        std::cout << known.completions(table);
        return ExitCode::passed;
    }
    throw UsageError{fmt::format("there are no completions for the shell `{}`", shell),
                     fmt::format("name one of these: {}", fmt::join(shell_names(), ", "))};
}

ExitCode man_command(const CommandTable& table) {
    std::cout << man_page(table);
    return ExitCode::passed;
}

}  // namespace etimedout
