// Completions for bash, without the help of the package bash-completion.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/completions.hh"

namespace etimedout {

namespace {

constexpr std::string_view bash_beginning =
    R"(# bash completion of etimedout; made by `etimedout completions bash`

_etimedout_words() { mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur"); }
_etimedout_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_etimedout_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}
# KIND=FILE: first one of these kinds, then a file.
_etimedout_keyed_files() {
    if [[ -n $key ]]; then
        _etimedout_files
    else
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -S = -W "$*" -- "$cur")
    fi
}

_etimedout() {
    local cur=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD command='' key='' prev word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || { command=$word; break; }
    done
    # Bash makes three words of --time=real and of junit=FILE.
    if [[ $cur == = ]]; then cur='' at=$((at + 1)); fi
    if [[ ${COMP_WORDS[at - 1]} == = ]]; then
        at=$((at - 1))
        if [[ ${COMP_WORDS[at - 1]} != -* ]]; then
            at=$((at - 1)) key=${COMP_WORDS[at]}
            [[ ${COMP_WORDS[at - 1]} != = ]] || at=$((at - 1))
        fi
    fi
    prev=${COMP_WORDS[at - 1]}
)";

std::string bash_completer(const ValueEntry& value) {
    switch (value.completes) {
        case Completes::nothing:
            return ":";
        case Completes::words:
            return fmt::format("_etimedout_words {}", fmt::join(value.words, " "));
        case Completes::keyed_files:
            return fmt::format("_etimedout_keyed_files {}", fmt::join(value.words, " "));
        case Completes::files:
            return "_etimedout_files";
        case Completes::folders:
            return "_etimedout_folders";
    }
    return ":";
}

std::string in_command(const CommandEntry& command) {
    std::string text = fmt::format("    {})\n        case $prev in\n", command.name);
    for (const OptionEntry& option : command.options) {
        if (!option.value) continue;
        text += fmt::format("        {}) {} ;;\n", fmt::join(option.names, " | "),
                            bash_completer(*option.value));
    }
    return text + fmt::format(R"(        *)
            if [[ $cur == -* ]]; then
                _etimedout_words {}
            else
                {}
            fi
            ;;
        esac
        ;;
)",
                              fmt::join(option_names(command), " "),
                              command.argument ? bash_completer(command.argument->value) : ":");
}

}  // namespace

std::string bash_completions(const CommandTable& table) {
    std::string text{bash_beginning};
    text += "    case $command in\n    '')\n        _etimedout_words";
    for (const CommandEntry& command : table.commands) text += " " + command.name;
    text += fmt::format(" {}\n        ;;\n", fmt::join(option_names(table.program), " "));
    for (const CommandEntry& command : table.commands) text += in_command(command);
    return text + "    esac\n}\n\ncomplete -F _etimedout etimedout\n";
}

}  // namespace etimedout
