// The table of commands: everything that can be typed after `etimedout`, with its help.
#include "harness/cli/command_app.hh"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "harness/cli/command_line.hh"
#include "harness/cli/command_table.hh"
#include "harness/cli/commands.hh"
#include "harness/cli/completions.hh"
#include "harness/cli/help.hh"
#include "harness/cli/proxy_options.hh"
#include "harness/cli/report_files.hh"
#include "simulator/base/version.hh"

namespace etimedout {

struct Words_ {
    RunOptions run{};
    std::string time = "auto";
    std::string color = "auto";
    std::vector<std::string> variables{};
    std::string seed{};
    std::string keep{};
    bool fail_on_skip = false;
    bool json = false;
    std::vector<std::string> paths{};
    std::string kind{};
};

namespace {

std::uint64_t seed_from(const std::string& text) {
    try {
        std::size_t used = 0;
        const std::uint64_t seed = std::stoull(text, &used);
        if (used == text.size() && text.front() != '-') return seed;
    } catch (const std::exception&) {  // said below, with the text
    }
    throw UsageError{fmt::format("--seed {}: not a seed", text),
                     "write a number from 0 to 18446744073709551615"};
}

RunOptions options_from(const Words_& words) {
    RunOptions options = words.run;
    for (const std::string& path : words.paths) options.paths.emplace_back(path);
    options.time = from_word<TimeChoice>(words.time).value();
    if (!words.seed.empty()) options.seed = seed_from(words.seed);
    if (!words.keep.empty()) options.keep = words.keep;
    options.skips = words.fail_on_skip ? SkipRule::is_error : SkipRule::allowed;
    options.color = words.color == "always"  ? ColorChoice::always
                    : words.color == "never" ? ColorChoice::never
                                             : ColorChoice::automatic;
    for (const std::string& variable : words.variables) {
        const auto equals = variable.find('=');
        if (equals == std::string::npos) {
            throw UsageError{fmt::format("--var {}: no value", variable), "write --var name=value"};
        }
        options.variables[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
    return options;
}

// An option whose value is one of these words, the first unless the user says otherwise.
void add_choice(CLI::App* command, const std::string& name, std::string& value,
                const std::vector<std::string>& words, const std::string& help) {
    command->add_option(name, value, help)
        ->option_text(fmt::format("{}", fmt::join(words, "|")))
        ->check(CLI::IsMember(words));
}

void add_color(CLI::App* command, Words_& words) {
    add_choice(command, "--color", words.color, {"auto", "always", "never"},
               "color; auto honours NO_COLOR");
}

void add_selection(CLI::App* command, Words_& words) {
    command->add_option("PATH", words.paths, "scenario files, or folders of them")
        ->option_text("PATH")
        ->required();
    command->add_option("--var", words.variables, "over the scenario's own (repeatable)")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false);
    command->add_option("--tag", words.run.tags, "only scenarios with this tag (repeatable)")
        ->option_text("TAG")
        ->allow_extra_args(false);
}

void add_running(CLI::App* command, Words_& words) {
    add_selection(command, words);
    add_choice(command, "--time", words.time, {"auto", "virtual", "real"},
               "the clock; auto is virtual wherever it can be");
    command->add_option("--seed", words.seed, "of everything random; else the scenario's, or 1")
        ->option_text("N");
    command->add_option("--jobs", words.run.jobs, "worlds at once; else as many as cores")
        ->option_text("N")
        ->check(CLI::Range(1, 1024));
    add_choice(command, "--firewall", words.run.firewall, {"auto", "nftables", "iptables"},
               "what drops and rejects packets");
    command->add_flag("--fail-on-skip", words.fail_on_skip, "a skipped scenario is an error");
    add_color(command, words);
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& help,
                      const std::string& examples) {
    CLI::App* command = app.add_subcommand(name, help);
    command->group("Commands")->footer(examples);
    return command;
}

}  // namespace

CommandApp::CommandApp()
    : words_{std::make_shared<Words_>()},
      app_{
          "Puts programs into a small network that misbehaves on purpose, and checks that\n"
          "they report the timeouts they should.",
          "etimedout"} {
    app_.formatter(std::make_shared<HelpWriter>());
    app_.set_help_flag("-h,--help", "examples and options, then nothing else");
    app_.set_version_flag("--version", std::string{"etimedout "} + std::string{version_text},
                          "the version, then nothing else");
    app_.require_subcommand(1);
    add_running_commands();
    add_reading_commands();
    add_diagnosis();
    add_describing_commands();
    add_proxy(app_, chosen_);
    add_generated_commands();
    // Last, since commands inherit it when they are made.
    app_.footer(R"(  etimedout run scenarios/              run every scenario in a folder
  etimedout new blackhole > mine.yaml   a commented scenario to start from
  etimedout faults reject               what a fault does and how it is proved
  etimedout run -h                      examples and options of a command)");
}

void CommandApp::add_running_commands() {
    auto* run =
        add_command(app_, "run", "Run scenarios; exit 0 when all passed",
                    R"(  etimedout run scenarios/                      every scenario in a folder
  etimedout run one.yaml --seed 7 --keep out    event logs, captures
  etimedout run . --tag smoke --report junit=results.xml
  etimedout run one.yaml --var timeout=5s --time real)");
    add_running(run, *words_);
    run->add_option("--keep", words_->keep, "keep event logs and captures of all runs here")
        ->option_text("DIR");
    run->add_option("--report", words_->run.reports,
                    fmt::format("also a report: {} (repeatable)", fmt::join(report_kinds(), ", ")))
        ->option_text("KIND=FILE")
        ->allow_extra_args(false);
    run->callback(
        [this] { chosen_ = [words = words_] { return run_command(options_from(*words)); }; });

    auto* prove = add_command(app_, "prove", "Say which expectations can fail, and in which run",
                              R"(  etimedout prove mine.yaml     before you rely on it
  etimedout prove scenarios/    of a whole folder)");
    add_running(prove, *words_);
    prove->add_option("--keep", words_->keep, "keep logs and captures of the runs as written")
        ->option_text("DIR");
    prove->callback(
        [this] { chosen_ = [words = words_] { return prove_command(options_from(*words)); }; });

    auto* isolate =
        add_command(app_, "isolate", "Say which fault or hop turns the result, run by run",
                    R"(  etimedout isolate mine.yaml   each fault left out, each hop bypassed)");
    add_running(isolate, *words_);
    isolate->callback(
        [this] { chosen_ = [words = words_] { return isolate_command(options_from(*words)); }; });
}

void CommandApp::add_reading_commands() {
    auto* check = add_command(app_, "check", "Read scenarios and say what is wrong; run nothing",
                              R"(  etimedout check mine.yaml
  etimedout check scenarios/ --var timeout=5s)");
    add_selection(check, *words_);
    check->callback(
        [this] { chosen_ = [words = words_] { return check_command(options_from(*words)); }; });

    auto* list = add_command(app_, "list", "List scenarios, with their tags",
                             R"(  etimedout list scenarios/)");
    add_selection(list, *words_);
    list->callback(
        [this] { chosen_ = [words = words_] { return list_command(options_from(*words)); }; });

    auto* recheck = add_command(app_, "recheck", "Judge kept results again; run nothing",
                                R"(  etimedout run mine.yaml --keep out
  etimedout recheck out/*)");
    recheck->add_option("DIR", words_->paths, "folders written by run --keep")
        ->option_text("DIR")
        ->required();
    add_color(recheck, *words_);
    recheck->callback([this] {
        chosen_ = [words = words_] {
            const RunOptions options = options_from(*words);
            return recheck_command(options.paths, options.color);
        };
    });
}

void CommandApp::add_diagnosis() {
    auto* diagnose =
        add_command(app_, "diagnose", "Name the root cause of each call that failed",
                    R"(  etimedout diagnose etimedout-failed/mine    a failed run's folder
  etimedout diagnose kept/mine/events.jsonl --json
  etimedout diagnose production.pcap          one end only: it says less)");
    diagnose->add_option("PATH", words_->paths, "a run's folder, its events.jsonl, or a capture")
        ->option_text("PATH")
        ->required();
    diagnose->add_flag("--json", words_->json, "as JSON, for programs");
    add_color(diagnose, *words_);
    diagnose->callback([this] {
        chosen_ = [words = words_] {
            const RunOptions options = options_from(*words);
            return diagnose_command(
                options.paths, words->json ? OutputForm::json : OutputForm::text, options.color);
        };
    });
}

void CommandApp::add_describing_commands() {
    auto* fresh = add_command(app_, "new", "Write a commented scenario to standard output",
                              R"(  etimedout new blackhole > mine.yaml
  etimedout run mine.yaml)");
    fresh->add_option("FAULT", words_->kind, "the fault it is about")
        ->option_text("FAULT")
        ->required();
    fresh->callback([this] { chosen_ = [words = words_] { return new_command(words->kind); }; });

    auto* faults = add_command(app_, "faults", "List the faults, or explain one",
                               R"(  etimedout faults          all of them, a line each
  etimedout faults reject   its parameters, what a caller sees, how it is proved)");
    faults->add_option("FAULT", words_->kind, "the fault to explain")->option_text("FAULT");
    faults->callback(
        [this] { chosen_ = [words = words_] { return faults_command(words->kind); }; });

    auto* schema = add_command(
        app_, "schema", "Print the JSON Schema of scenario files",
        R"(  etimedout schema > scenario.schema.json   for the YAML support of your editor)");
    schema->callback([this] { chosen_ = [] { return schema_command(); }; });

    auto* doctor = add_command(app_, "doctor", "Say what this machine can do, and what it lacks",
                               R"(  etimedout doctor)");
    doctor->callback([this] { chosen_ = [] { return doctor_command(); }; });
}

void CommandApp::add_generated_commands() {
    auto* completions =
        add_command(app_, "completions", "Print what makes a shell complete this command",
                    R"(  source <(etimedout completions bash)
  source <(etimedout completions zsh)
  etimedout completions fish > ~/.config/fish/completions/etimedout.fish)");
    completions->add_option("SHELL", words_->kind, "the shell")
        ->option_text(fmt::format("{}", fmt::join(shell_names(), "|")))
        ->required();
    completions->callback([this] {
        chosen_ = [words = words_, table = command_table(app_)] {
            return completions_command(words->kind, table);
        };
    });

    auto* man = add_command(app_, "man", "Print the manual page",
                            R"(  etimedout man > etimedout.1 && man -l etimedout.1)");
    man->callback(
        [this] { chosen_ = [table = command_table(app_)] { return man_command(table); }; });
}

}  // namespace etimedout
