// The commands as plain data, read from the parser: what man page and completions are made from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace etimedout {

// What can stand where a value is expected.
enum class Completes { nothing, words, keyed_files, files, folders };
enum class Times { once, many };
enum class ArgumentNeed { optional, required };

struct ValueEntry {
    std::string shown{};  // as in the help: "N", "DIR", "auto|virtual|real"
    Completes completes = Completes::nothing;
    std::vector<std::string> words{};  // all there are; with keyed_files, what comes before "="
};

struct OptionEntry {
    std::vector<std::string> names{};   // with their dashes
    std::optional<ValueEntry> value{};  // none for a flag
    Times times = Times::once;
    std::string help{};
};

struct ArgumentEntry {
    std::string name{};
    ValueEntry value{};
    Times times = Times::once;
    ArgumentNeed need = ArgumentNeed::optional;
    std::string help{};
};

struct CommandEntry {
    std::string name{};
    std::string help{};
    std::string examples{};  // lines, each indented by two blanks
    std::vector<OptionEntry> options{};
    std::optional<ArgumentEntry> argument{};  // where it has commands of its own, one of these
    std::vector<CommandEntry> commands{};
};

struct CommandTable {
    CommandEntry program{};
    std::vector<CommandEntry> commands{};
};

CommandTable command_table(const CLI::App& parser);

// All names of a command's options.
std::vector<std::string> option_names(const CommandEntry& command);

}  // namespace etimedout
