// Shell commands looked at from outside: what program one starts, and whether the shell is needed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace etimedout {

// The program a shell command starts first: its first word less assignments (VAR=x), `exec`, `env`
// and the like, quotes removed. Nothing when that cannot be known without running it: a shell
// builtin or keyword, or a word with an expansion in it.
std::optional<std::string> first_program(std::string_view command);

// The command with `exec` before its program where it is a simple command, so that the shell
// turns into the program and signals reach it; else the command as it is.
std::string with_exec(std::string_view command);

}  // namespace etimedout
