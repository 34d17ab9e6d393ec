// Completions of the command line, one shell each, made from the table of commands.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/command_table.hh"

namespace etimedout {

// A script that the shell sources.
std::string bash_completions(const CommandTable& table);
std::string zsh_completions(const CommandTable& table);
std::string fish_completions(const CommandTable& table);

// The shells there are completions for.
std::vector<std::string> shell_names();

}  // namespace etimedout
