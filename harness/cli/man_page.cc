// The manual page, in the language of man(7), made from the table of commands.
#include "harness/cli/man_page.hh"

#include <array>
#include <sstream>

#include <fmt/format.h>

#include "harness/cli/exit_codes.hh"
#include "simulator/base/version.hh"
#include "simulator/faults/all_faults.hh"

namespace etimedout {

namespace {

struct Variable {
    std::string_view name;
    std::string_view meaning;
};

constexpr std::array variables{
    Variable{"NO_COLOR", "No color, unless --color always is given."},
    Variable{"ETIMEDOUT_KERNEL", "The virtual kernel to run scenarios in."},
    Variable{"ETIMEDOUT_CACHE",
             "Where virtual kernels are built and found, instead of XDG_CACHE_HOME/etimedout or "
             "~/.cache/etimedout."},
    Variable{"TMPDIR", "Where a world keeps its files while it runs, instead of /tmp."}};

// Text as it is: no sign of it is an instruction, and dashes can be copied into a shell.
std::string plain(std::string_view text) {
    std::string result;
    bool line_begins = true;
    for (const char sign : text) {
        if (line_begins && (sign == '.' || sign == '\'')) result += "\\&";
        line_begins = sign == '\n';
        if (sign == '\\') {
            result += "\\e";
        } else if (sign == '-') {
            result += "\\-";
        } else if (sign == '~') {
            result += "\\(ti";
        } else if (sign == '^') {
            result += "\\(ha";
        } else if (sign == '`') {
            result += "\\(ga";
        } else {
            result += sign;
        }
    }
    return result;
}

std::string bold(std::string_view text) { return "\\fB" + plain(text) + "\\fR"; }
std::string slanted(std::string_view text) { return "\\fI" + plain(text) + "\\fR"; }

std::string term(const std::string& name, std::string_view meaning) {
    return fmt::format(".TP\n{}\n{}\n", name, plain(meaning));
}

// `before` is what stands before a command's own name: its parents' names.
std::string synopsis(const CommandEntry& command, const std::string& before) {
    std::string text = bold("etimedout " + before + command.name);
    if (!command.options.empty()) text += " [" + slanted("options") + "]";
    if (command.argument) {
        std::string name = slanted(command.argument->name);
        if (command.argument->times == Times::many) name += "...";
        text += command.argument->need == ArgumentNeed::required ? " " + name : " [" + name + "]";
    }
    return text;
}

std::string option_term(const OptionEntry& option) {
    std::string name;
    for (const std::string& one : option.names) name += (name.empty() ? "" : ", ") + bold(one);
    if (option.value) name += " " + slanted(option.value->shown);
    return term(name, option.help);
}

// Examples stay the lines they are.
std::string examples(const CommandEntry& command) {
    std::string text = ".PP\nExamples:\n.PP\n.nf\n";
    std::istringstream lines{command.examples};
    for (std::string line; std::getline(lines, line);) text += plain(line) + "\n";
    return text + ".fi\n";
}

std::string section(const CommandEntry& command, const std::string& before = {}) {
    std::string text = fmt::format(".SS {}\n{}\n.PP\n{}.\n", plain(before + command.name),
                                   synopsis(command, before), plain(command.help));
    if (command.argument) {
        const ArgumentEntry& argument = *command.argument;
        std::string help = argument.help;
        if (argument.value.shown.find('|') != std::string::npos) {
            help += ": " + argument.value.shown;
        }
        text += term(slanted(argument.name), help);
    }
    for (const OptionEntry& option : command.options) text += option_term(option);
    if (before.empty()) text += examples(command);
    for (const CommandEntry& own : command.commands)
        text += section(own, before + command.name + " ");
    return text;
}

}  // namespace

std::string man_page(const CommandTable& table) {
    std::string text = fmt::format(
        ".\\\" Made by `etimedout man`.\n"
        ".TH ETIMEDOUT 1 \"\" \"etimedout {}\" \"User Commands\"\n"
        ".SH NAME\netimedout \\- network faults for programs, and checks of their timeouts\n"
        ".SH SYNOPSIS\n",
        version_text);
    for (const CommandEntry& command : table.commands) text += synopsis(command, "") + "\n.br\n";
    text += fmt::format(".SH DESCRIPTION\n{}\n", plain(table.program.help));
    for (const OptionEntry& option : table.program.options) text += option_term(option);
    text += examples(table.program);
    text += ".SH COMMANDS\n";
    for (const CommandEntry& command : table.commands) text += section(command);
    text += ".SH FAULTS\n`etimedout faults NAME' says all about one.\n";
    AllFaults::for_each(
        [&]<class T>(std::type_identity<T>) { text += term(bold(T::kind), T::doc); });
    text += ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] : exit_meanings) {
        text += term(bold(fmt::format("{}", static_cast<int>(code))), meaning);
    }
    text += ".SH ENVIRONMENT\n";
    for (const auto& [name, meaning] : variables) text += term(bold(name), meaning);
    return text + ".SH NOTES\nScenario files are code: running one runs its commands. " +
           bold("check") + " never does.\n";
}

}  // namespace etimedout
