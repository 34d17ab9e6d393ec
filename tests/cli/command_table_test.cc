// Every command and option of the parser is in help, man page and completions.
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "harness/cli/command_app.hh"
#include "harness/cli/command_table.hh"
#include "harness/cli/completions.hh"
#include "harness/cli/exit_codes.hh"
#include "harness/cli/man_page.hh"
#include "simulator/faults/all_faults.hh"

namespace etimedout {

namespace {

struct Output {
    std::string name;
    std::string text;
};

std::string without_roff(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.compare(i, 2, "\\-") == 0) continue;  // the dash follows
        result += text[i];
    }
    return result;
}

std::vector<Output> outputs(const CommandApp& app) {
    const CommandTable table = command_table(app.parser());
    return {{"bash", bash_completions(table)},
            {"zsh", zsh_completions(table)},
            {"fish", fish_completions(table)},
            {"man", without_roff(man_page(table))}};
}

// The part of an output that is about one command, since commands share options.
std::string part_about(const Output& output, const std::string& command) {
    if (output.name == "fish") {
        std::string lines;
        const std::string mark = "__fish_seen_subcommand_from " + command + "'";
        for (auto at = output.text.find(mark); at != std::string::npos;
             at = output.text.find(mark, at + 1)) {
            lines += output.text.substr(at, output.text.find('\n', at) - at + 1);
        }
        return lines;
    }
    const std::string begin =
        output.name == "man" ? ".SS " + command + "\n" : "    " + command + ")\n";
    const std::string end = output.name == "man" ? "\n.S" : "\n        ;;\n";
    const auto at = output.text.find(begin);
    if (at == std::string::npos) return "";
    return output.text.substr(at, output.text.find(end, at + begin.size()) - at);
}

std::string spelled(const Output& output, const std::string& name, bool is_long) {
    if (output.name == "fish") return (is_long ? " -l " : " -s ") + name;
    return (is_long ? "--" : "-") + name;
}

std::vector<const CLI::App*> commands_of(const CommandApp& app) {
    return app.parser().get_subcommands([](const CLI::App*) { return true; });
}

}  // namespace

TEST(CommandTable, EveryCommandAndOptionIsInEveryOutput) {
    const CommandApp app;
    ASSERT_GE(commands_of(app).size(), 9u);
    for (const Output& output : outputs(app)) {
        for (const CLI::App* command : commands_of(app)) {
            const std::string part = part_about(output, command->get_name());
            ASSERT_NE(part, "") << output.name << " does not know " << command->get_name();
            for (const CLI::Option* option : command->get_options()) {
                for (const std::string& name : option->get_lnames()) {
                    EXPECT_NE(part.find(spelled(output, name, true)), std::string::npos)
                        << output.name << ": " << command->get_name() << " --" << name;
                }
                for (const std::string& name : option->get_snames()) {
                    EXPECT_NE(part.find(spelled(output, name, false)), std::string::npos)
                        << output.name << ": " << command->get_name() << " -" << name;
                }
            }
        }
    }
}

TEST(CommandTable, EveryAllowedWordIsCompleted) {
    const CommandApp app;
    const CommandTable table = command_table(app.parser());
    std::size_t words = 0;
    for (const Output& output : outputs(app)) {
        if (output.name == "man") continue;
        for (const CommandEntry& command : table.commands) {
            const std::string part = part_about(output, command.name);
            for (const OptionEntry& option : command.options) {
                if (!option.value) continue;
                for (const std::string& word : option.value->words) {
                    ++words;
                    EXPECT_NE(part.find(word), std::string::npos) << output.name << ": " << word;
                }
            }
        }
    }
    EXPECT_GT(words, 0u);
}

TEST(CommandTable, FaultsAndExitCodesAreInTheManPage) {
    const CommandApp app;
    const Output man = outputs(app).back();
    const Output bash = outputs(app).front();
    AllFaults::for_each([&]<class T>(std::type_identity<T>) {
        const std::string kind{T::kind};
        EXPECT_NE(man.text.find("\\fB" + kind + "\\fR"), std::string::npos) << kind;
        EXPECT_NE(part_about(bash, "new").find(kind), std::string::npos) << kind;
    });
    for (const auto& [code, meaning] : exit_meanings) {
        const std::string number = std::to_string(static_cast<int>(code));
        EXPECT_NE(man.text.find(".TP\n\\fB" + number + "\\fR\n" + std::string{meaning}),
                  std::string::npos)
            << number;
    }
}

TEST(CommandTable, HelpBeginsWithExamplesOfThatCommand) {
    CommandApp app;
    for (const CLI::App* command : commands_of(app)) {
        const std::string name = command->get_name();
        const std::string help = command->help("etimedout");
        const auto examples = help.find("\nExamples:\n");
        ASSERT_NE(examples, std::string::npos) << name;
        EXPECT_LT(examples, help.find("\nUsage: ")) << name;
        EXPECT_NE(help.find("  etimedout " + name, examples), std::string::npos) << name;
    }
}

TEST(CommandTable, HelpFitsATerminal) {
    CommandApp app;
    for (const CLI::App* command : commands_of(app)) {
        std::istringstream lines{command->help("etimedout")};
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
    }
}

TEST(CommandTable, EveryOptionNamesItsValueAndHasHelp) {
    // A value without a name would be shown by its C++ type.
    const CommandApp app;
    for (const CommandEntry& command : command_table(app.parser()).commands) {
        EXPECT_NE(command.examples, "") << command.name;
        std::set<std::string> names;
        for (const OptionEntry& option : command.options) {
            EXPECT_NE(option.help, "") << command.name << ' ' << option.names.front();
            EXPECT_TRUE(names.insert(option.names.front()).second) << option.names.front();
            if (option.value) {
                EXPECT_NE(option.value->shown, "") << option.names.front();
            }
        }
        if (command.argument) {
            EXPECT_NE(command.argument->value.shown, "") << command.name;
        }
    }
}

}  // namespace etimedout
