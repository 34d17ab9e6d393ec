// The manual page, in the language of man(7), made from the table of commands.
#pragma once

#include <string>

#include "harness/cli/command_table.hh"

namespace etimedout {

std::string man_page(const CommandTable& table);

}  // namespace etimedout
