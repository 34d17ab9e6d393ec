// The commands as plain data, read from the parser: what man page and completions are made from.
#include "harness/cli/command_table.hh"

#include <cassert>
#include <sstream>

#include <CLI/CLI.hpp>

#include "harness/cli/report_files.hh"
#include "simulator/faults/all_faults.hh"

namespace etimedout {

namespace {

std::vector<std::string> split_words(const std::string& text) {
    std::vector<std::string> words;
    std::istringstream stream{text};
    for (std::string word; std::getline(stream, word, '|');) words.push_back(word);
    return words;
}

std::vector<std::string> fault_kinds() {
    std::vector<std::string> kinds;
    AllFaults::for_each([&]<class T>(std::type_identity<T>) { kinds.emplace_back(T::kind); });
    return kinds;
}

// The convention of command_app.hh.
ValueEntry value_named(const std::string& shown) {
    if (shown == "FAULT") return {shown, Completes::words, fault_kinds()};
    if (shown == "KIND=FILE") return {shown, Completes::keyed_files, report_kinds()};
    if (shown == "PATH") return {shown, Completes::files, {}};
    if (shown == "DIR") return {shown, Completes::folders, {}};
    if (shown.find('|') != std::string::npos) return {shown, Completes::words, split_words(shown)};
    return {shown, Completes::nothing, {}};
}

Times times_of(const CLI::Option& option) {
    return option.get_items_expected_max() > 1 ? Times::many : Times::once;
}

OptionEntry option_entry(const CLI::Option& option) {
    OptionEntry entry;
    for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
    if (option.get_items_expected_max() > 0) entry.value = value_named(option.get_option_text());
    entry.times = times_of(option);
    entry.help = option.get_description();
    return entry;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

CommandEntry command_entry(const CLI::App& app) {
    CommandEntry entry{app.get_name(), app.get_description(), app.get_footer(), {}, {}, {}};
    for (const CLI::Option* option : app.get_options()) {
        if (option->nonpositional()) {
            entry.options.push_back(option_entry(*option));
            continue;
        }
        assert(!entry.argument && "the completions know one kind of argument per command");
        entry.argument =
            ArgumentEntry{option->get_name(true, false), value_named(option->get_option_text()),
                          times_of(*option),
                          option->get_required() ? ArgumentNeed::required : ArgumentNeed::optional,
                          option->get_description()};
    }
    if (app.get_parent() == nullptr) return entry;  // whose commands are the table
    for (const CLI::App* command : commands_of(app)) {
        entry.commands.push_back(command_entry(*command));
    }
    if (!entry.commands.empty()) {
        ValueEntry one{"COMMAND", Completes::words, {}};
        for (const CommandEntry& command : entry.commands) one.words.push_back(command.name);
        entry.argument = ArgumentEntry{"COMMAND", std::move(one), Times::once,
                                       ArgumentNeed::optional, "one of those below"};
    }
    return entry;
}

}  // namespace

CommandTable command_table(const CLI::App& parser) {
    CommandTable table{command_entry(parser), {}};
    for (const CLI::App* command : commands_of(parser)) {
        table.commands.push_back(command_entry(*command));
    }
    return table;
}

std::vector<std::string> option_names(const CommandEntry& command) {
    std::vector<std::string> names;
    for (const OptionEntry& option : command.options) {
        names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return names;
}

}  // namespace etimedout
