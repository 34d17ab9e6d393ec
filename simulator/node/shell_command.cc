// Shell commands looked at from outside: what program one starts, and whether the shell is needed.
#include "simulator/node/shell_command.hh"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace etimedout {

namespace {

using namespace std::literals;

// Words that dash and bash deal with themselves, and after which no program need come.
constexpr std::array builtins{
    "!"sv,    "."sv,     ":"sv,        "["sv,       "alias"sv,   "bg"sv,       "break"sv,
    "case"sv, "cd"sv,    "continue"sv, "do"sv,      "done"sv,    "echo"sv,     "elif"sv,
    "else"sv, "esac"sv,  "eval"sv,     "exit"sv,    "export"sv,  "false"sv,    "fg"sv,
    "fi"sv,   "for"sv,   "function"sv, "getopts"sv, "hash"sv,    "if"sv,       "jobs"sv,
    "kill"sv, "local"sv, "printf"sv,   "pwd"sv,     "read"sv,    "readonly"sv, "return"sv,
    "set"sv,  "shift"sv, "source"sv,   "test"sv,    "then"sv,    "times"sv,    "trap"sv,
    "true"sv, "type"sv,  "ulimit"sv,   "umask"sv,   "unalias"sv, "unset"sv,    "until"sv,
    "wait"sv, "while"sv, "{"sv,        "}"sv};

// Programs that only start another one, with options of their own that take no value.
constexpr std::array starters{"exec"sv, "env"sv, "nohup"sv, "setsid"sv, "command"sv};

bool is_builtin(std::string_view word) {
    return std::ranges::find(builtins, word) != builtins.end();
}

// NAME=value; the value may be quoted, the name and the sign may not.
bool is_assignment(std::string_view word, std::size_t first_quote) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals >= first_quote) return false;
    if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) return false;
    return std::ranges::all_of(word.substr(0, equals), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
}

// One word of a command, as the shell would see it.
struct Word {
    std::string text{};     // quotes removed
    std::size_t begin = 0;  // where it begins in the command
    bool expands = false;   // has $, ` or a pattern in it: its value is not known
    std::size_t first_quote = std::string::npos;  // where in `text` the first one opened
};

// Reads the words of a command's first simple command.
class Reader {
public:
    explicit Reader(std::string_view command) : rest_{command}, size_{command.size()} {}

    // The next word; nothing at the simple command's end.
    std::optional<Word> next() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
        if (rest_.empty() || "\n;&|()<>#"sv.find(rest_[0]) != std::string_view::npos) {
            return std::nullopt;
        }
        Word word;
        word.begin = size_ - rest_.size();
        while (!rest_.empty() && " \t\n;&|()<>"sv.find(rest_[0]) == std::string_view::npos) {
            if (rest_[0] == '\'' || rest_[0] == '"') {
                quoted(word);
            } else if (rest_[0] == '\\' && rest_.size() > 1) {
                word.text += rest_[1];
                rest_.remove_prefix(2);
            } else {
                if ("$`*?"sv.find(rest_[0]) != std::string_view::npos) word.expands = true;
                word.text += rest_[0];
                rest_.remove_prefix(1);
            }
        }
        // "2>" is a redirection and no word.
        const bool redirects = !rest_.empty() && (rest_[0] == '<' || rest_[0] == '>');
        if (redirects && word.text.find_first_not_of("0123456789") == std::string::npos) {
            return std::nullopt;
        }
        if (rest_.starts_with('(')) return std::nullopt;  // "name()" defines a function
        return word;
    }

private:
    void quoted(Word& word) {
        const char quote = rest_[0];
        word.first_quote = std::min(word.first_quote, word.text.size());
        rest_.remove_prefix(1);
        while (!rest_.empty() && rest_[0] != quote) {
            if (quote == '"' && rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
            if (quote == '"' && (rest_[0] == '$' || rest_[0] == '`')) word.expands = true;
            word.text += rest_[0];
            rest_.remove_prefix(1);
        }
        if (!rest_.empty()) rest_.remove_prefix(1);
    }

    std::string_view rest_;
    std::size_t size_;
};

// Whether an `&` here belongs to a redirection such as 2>&1.
bool redirects(std::string_view command, std::size_t at) {
    return at > 0 && (command[at - 1] == '>' || command[at - 1] == '<');
}

// No separators, groups or substitutions: one program with its arguments and redirections.
bool is_simple(std::string_view command) {
    char quote = '\0';
    for (std::size_t at = 0; at < command.size(); ++at) {
        const char c = command[at];
        if (quote == '\'') {
            if (c == '\'') quote = '\0';
        } else if (c == '\\') {
            ++at;
        } else if (c == quote) {
            quote = '\0';
        } else if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == '`' || (c == '$' && command.substr(at + 1, 1) == "(")) {
            return false;  // the shell has to wait for what is in there
        } else if (quote == '\0' && c == '&' && redirects(command, at)) {
            continue;
        } else if (quote == '\0' && "\n;&|(){}"sv.find(c) != std::string_view::npos) {
            // ${NAME} is no group.
            if (c == '{' && at > 0 && command[at - 1] == '$') {
                at = command.find('}', at);
                if (at == std::string_view::npos) return false;
                continue;
            }
            return false;
        }
    }
    return quote == '\0';
}

std::string_view without_white_space(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

}  // namespace

std::optional<std::string> first_program(std::string_view command) {
    Reader reader{without_white_space(command)};
    bool started = false;  // behind exec, env and the like, where options may come
    while (const auto word = reader.next()) {
        if (is_assignment(word->text, word->first_quote)) continue;
        if (word->expands) return std::nullopt;
        if (started && word->text.starts_with('-')) {
            if (word->text != "-" && word->text != "-i" && word->text != "--") return std::nullopt;
            continue;
        }
        if (std::ranges::find(starters, word->text) != starters.end()) {
            started = true;
            continue;
        }
        if (word->text.empty() || (!started && is_builtin(word->text))) return std::nullopt;
        return word->text;
    }
    return std::nullopt;
}

std::string with_exec(std::string_view command) {
    const std::string_view text = without_white_space(command);
    if (!is_simple(text)) return std::string{command};
    Reader reader{text};
    while (const auto word = reader.next()) {
        if (is_assignment(word->text, word->first_quote)) continue;
        if (word->text == "exec" || word->text == "command" || is_builtin(word->text)) break;
        return fmt::format("{}exec {}", text.substr(0, word->begin), text.substr(word->begin));
    }
    return std::string{command};
}

}  // namespace etimedout
