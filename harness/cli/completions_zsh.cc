// Completions for zsh: a function for fpath, which can be sourced, too.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/completions.hh"

namespace etimedout {

namespace {

constexpr std::string_view zsh_beginning = R"(#compdef etimedout
# zsh completion of etimedout; made by `etimedout completions zsh`

# KIND=FILE: first one of these kinds, then a file.
_etimedout_keyed_files() {
    if compset -P '*='; then _files; else compadd -S = -- "$@"; fi
}

_etimedout() {
    local curcontext=$curcontext state line
    typeset -A opt_args
)";

constexpr std::string_view ending = R"(        esac
        ;;
    esac
}

if [[ $funcstack[1] == _etimedout ]]; then _etimedout "$@"; else compdef _etimedout etimedout; fi
)";

// In single quotes; in a specification of _arguments and _describe these signs have a meaning.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char sign : text) {
        if (sign == '\'') {
            result += "'\\''";
            continue;
        }
        if (sign == '[' || sign == ']' || sign == ':' || sign == '\\') result += '\\';
        result += sign;
    }
    return result;
}

std::string zsh_completer(const ValueEntry& value) {
    switch (value.completes) {
        case Completes::nothing:
            return " ";
        case Completes::words:
            return fmt::format("({})", fmt::join(value.words, " "));
        case Completes::keyed_files:  // the blank: without the options _arguments would add
            return fmt::format(" _etimedout_keyed_files {}", fmt::join(value.words, " "));
        case Completes::files:
            return "_files";
        case Completes::folders:
            return "_files -/";
    }
    return " ";
}

// One argument of _arguments.
std::string specification(const OptionEntry& option) {
    std::string text;
    if (option.times == Times::many) {
        text = "'*'";
    } else if (option.names.size() > 1) {
        text = fmt::format("'({})'", fmt::join(option.names, " "));
    }
    text += option.names.size() == 1 ? option.names.front()
                                     : fmt::format("{{{}}}", fmt::join(option.names, ","));
    text += fmt::format("{}'[{}]", option.value ? "=" : "", escaped(option.help));
    if (option.value) {
        text += fmt::format(":{}:{}", escaped(option.value->shown), zsh_completer(*option.value));
    }
    return text + "'";
}

std::string specification(const ArgumentEntry& argument) {
    return fmt::format("'{}:{}:{}'", argument.times == Times::many ? "*" : "1", argument.name,
                       zsh_completer(argument.value));
}

}  // namespace

std::string zsh_completions(const CommandTable& table) {
    std::string text{zsh_beginning};
    text += "    _arguments -C \\\n";
    for (const OptionEntry& option : table.program.options) {
        text += fmt::format("        {} \\\n", specification(option));
    }
    text +=
        "        '1:command:->command' '*::argument:->argument'\n"
        "    case $state in\n    command)\n        local -a commands=(\n";
    for (const CommandEntry& command : table.commands) {
        text += fmt::format("            '{}:{}'\n", command.name, escaped(command.help));
    }
    text +=
        "        )\n        _describe command commands\n        ;;\n"
        "    argument)\n        case $words[1] in\n";
    for (const CommandEntry& command : table.commands) {
        text += fmt::format("        {})\n            _arguments", command.name);
        for (const OptionEntry& option : command.options) {
            text += fmt::format(" \\\n                {}", specification(option));
        }
        if (command.argument) {
            text += fmt::format(" \\\n                {}", specification(*command.argument));
        }
        text += "\n            ;;\n";
    }
    return text + std::string{ending};
}

}  // namespace etimedout
