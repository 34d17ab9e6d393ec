// What -h prints: examples first, then what can be typed.
#include "harness/cli/help.hh"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/exit_codes.hh"

namespace etimedout {

namespace {

std::string exit_codes() {
    std::string text = "\nExit codes:\n";
    for (const auto& [code, meaning] : exit_meanings) {
        text += fmt::format("  {:<3} {}\n", static_cast<int>(code), meaning);
    }
    return text;
}

}  // namespace

HelpWriter::HelpWriter() {
    label("Positionals", "Arguments");
    label("SUBCOMMAND", "COMMAND");
    column_width(30);
}

// An argument is called by its name already.
std::string HelpWriter::make_option_opts(const CLI::Option* option) const {
    if (option->get_positional() && option->get_name(true, false) == option->get_option_text()) {
        return "";
    }
    return CLI::Formatter::make_option_opts(option);
}

std::string HelpWriter::make_help(const CLI::App* app, std::string name,
                                  CLI::AppFormatMode mode) const {
    std::string text = fmt::format("{}\n", app->get_description());
    text += fmt::format("\nExamples:\n{}\n\n", app->get_footer());
    text += make_usage(app, std::move(name));
    text += make_positionals(app);
    text += make_subcommands(app, mode);
    text += make_groups(app, mode);
    if (app->get_parent() == nullptr) text += exit_codes();
    return text;
}

}  // namespace etimedout
