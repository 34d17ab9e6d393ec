// The table of commands: everything that can be typed after `etimedout`, with its help.
#pragma once

#include <functional>
#include <memory>

#include <CLI/App.hpp>

#include "harness/cli/options.hh"

namespace etimedout {

// What the options are stored in while CLI11 reads.
struct Words_;

// Parser, help, man page and completions are all made from this one declaration. What an option
// takes is declared by the name of its value (command_table.hh reads these):
//   a|b|c  one of these words      FAULT      a fault's kind     KIND=FILE  a report
//   PATH   a file or a folder      DIR        a folder           others     free text
class CommandApp {
public:
    CommandApp();
    CommandApp(const CommandApp&) = delete;
    CommandApp& operator=(const CommandApp&) = delete;

    CLI::App& parser() { return app_; }
    const CLI::App& parser() const { return app_; }
    // Of the command that was read; outlives this object.
    const std::function<ExitCode()>& chosen() const { return chosen_; }

private:
    void add_running_commands();
    void add_reading_commands();
    void add_diagnosis();
    void add_describing_commands();
    void add_generated_commands();

    std::shared_ptr<Words_> words_;
    CLI::App app_;
    std::function<ExitCode()> chosen_;
};

}  // namespace etimedout
