// Completions for fish.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/completions.hh"

namespace etimedout {

namespace {

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char sign : text) {
        if (sign == '\'' || sign == '\\') result += '\\';
        result += sign;
    }
    return result + "'";
}

// Options of fish's `complete` that say what can stand there.
std::string offered(const ValueEntry& value) {
    switch (value.completes) {
        case Completes::nothing:
            return " -f";
        case Completes::words:
            return fmt::format(" -f -a '{}'", fmt::join(value.words, " "));
        case Completes::keyed_files:
            return fmt::format(" -F -a '{}='", fmt::join(value.words, "= "));
        case Completes::files:
            return " -F";
        case Completes::folders:
            return " -f -a '(__fish_complete_directories)'";
    }
    return " -f";
}

std::string option_line(const std::string& when, const OptionEntry& option) {
    std::string text = fmt::format("complete -c etimedout -n '{}'", when);
    for (const std::string& name : option.names) {
        const bool is_long = name.substr(0, 2) == "--";
        text += is_long ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (option.value) text += " -r" + offered(*option.value);
    return text + " -d " + quoted(option.help) + "\n";
}

}  // namespace

std::string fish_completions(const CommandTable& table) {
    std::string text =
        "# fish completion of etimedout; made by `etimedout completions fish`\n"
        "complete -c etimedout -f\n";
    for (const OptionEntry& option : table.program.options) {
        text += option_line("__fish_use_subcommand", option);
    }
    for (const CommandEntry& command : table.commands) {
        text += fmt::format("complete -c etimedout -n __fish_use_subcommand -a {} -d {}\n",
                            command.name, quoted(command.help));
    }
    for (const CommandEntry& command : table.commands) {
        const std::string when = "__fish_seen_subcommand_from " + command.name;
        for (const OptionEntry& option : command.options) text += option_line(when, option);
        if (!command.argument) continue;
        text += fmt::format("complete -c etimedout -n '{}'{} -d {}\n", when,
                            offered(command.argument->value), quoted(command.argument->help));
    }
    return text;
}

}  // namespace etimedout
