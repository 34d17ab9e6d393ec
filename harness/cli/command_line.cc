// The command line: commands, options and help, read once.
#include "harness/cli/command_line.hh"

#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/proxy_options.hh"
#include "simulator/base/version.hh"

namespace etimedout {

namespace {

constexpr const char* examples = R"(Examples:
  etimedout run scenarios/                 run every scenario in a folder
  etimedout run one.yaml --seed 7 --keep out
  etimedout prove scenarios/               which expectations can fail at all
  etimedout new blackhole > mine.yaml      a commented scenario to start from
  etimedout faults reject                  what a fault does and how it is proved
)";

// Everything the options can be stored in while CLI11 reads.
struct Words_ {
    RunOptions run{};
    std::string time = "auto";
    std::string color = "auto";
    std::vector<std::string> variables{};
    std::string seed{};
    std::string keep{};
    bool fail_on_skip = false;
    std::vector<std::string> paths{};
    std::string kind{};
};

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

void add_color(CLI::App* command, Words_& words) {
    command->add_option("--color", words.color, "auto, always or never; NO_COLOR is honoured")
        ->check(CLI::IsMember({"auto", "always", "never"}));
}

void add_selection(CLI::App* command, Words_& words) {
    command->add_option("paths", words.paths, "scenario files, or folders of them")->required();
    command->add_option("--var", words.variables, "name=value, over the scenario's own")
        ->allow_extra_args(false);
    command->add_option("--tag", words.run.tags, "only scenarios with this tag (repeatable)")
        ->allow_extra_args(false);
}

void add_running(CLI::App* command, Words_& words) {
    add_selection(command, words);
    add_color(command, words);
    command->add_option("--time", words.time, "virtual, real or auto")
        ->check(CLI::IsMember({"auto", "virtual", "real"}));
    command->add_option("--seed", words.seed, "of everything random; the scenario's, else 1");
    command->add_option("--jobs", words.run.jobs, "worlds at once; as many as cores by default")
        ->check(CLI::Range(1, 1024));
    command->add_option("--firewall", words.run.firewall, "auto, nftables or iptables")
        ->check(CLI::IsMember({"auto", "nftables", "iptables"}));
    command->add_flag("--fail-on-skip", words.fail_on_skip, "a skipped scenario is an error");
}

}  // namespace

CommandLine::CommandLine(int argc, char** argv) {
    const auto words = std::make_shared<Words_>();
    CLI::App app{
        "Puts programs into a small network that misbehaves on purpose, and checks that "
        "they report the timeouts they should.",
        "etimedout"};
    app.footer(examples);
    app.set_version_flag("--version", std::string{"etimedout "} + std::string{version_text});
    app.require_subcommand(1);

    auto* run = app.add_subcommand("run", "Run scenarios; exit 0 when all passed");
    add_running(run, *words);
    run->add_option("--keep", words->keep, "keep event logs and captures of all runs here");
    run->add_option("--report", words->run.reports,
                    "junit=FILE, json=FILE, tap=FILE or md=FILE (repeatable)")
        ->allow_extra_args(false);
    run->callback([&] { command_ = [words] { return run_command(options_from(*words)); }; });

    auto* prove = app.add_subcommand("prove", "Say which expectations can fail, and in which run");
    add_running(prove, *words);
    prove->callback([&] { command_ = [words] { return prove_command(options_from(*words)); }; });

    auto* check = app.add_subcommand("check", "Read scenarios and say what is wrong; run nothing");
    add_selection(check, *words);
    check->callback([&] { command_ = [words] { return check_command(options_from(*words)); }; });

    auto* list = app.add_subcommand("list", "List scenarios");
    add_selection(list, *words);
    list->callback([&] { command_ = [words] { return list_command(options_from(*words)); }; });

    auto* recheck = app.add_subcommand("recheck", "Judge kept results again; run nothing");
    recheck->add_option("folders", words->paths, "folders written by run --keep")->required();
    add_color(recheck, *words);
    recheck->callback([&] {
        command_ = [words] {
            const RunOptions options = options_from(*words);
            return recheck_command(options.paths, options.color);
        };
    });

    auto* fresh = app.add_subcommand("new", "Write a commented scenario to standard output");
    fresh->add_option("kind", words->kind, "a fault's name, such as blackhole")->required();
    fresh->callback([&] { command_ = [words] { return new_command(words->kind); }; });

    auto* faults = app.add_subcommand("faults", "List the faults, or explain one");
    faults->add_option("name", words->kind, "a fault's name");
    faults->callback([&] { command_ = [words] { return faults_command(words->kind); }; });

    auto* schema = app.add_subcommand("schema", "Print the JSON Schema of scenario files");
    schema->callback([&] { command_ = [] { return schema_command(); }; });

    auto* doctor = app.add_subcommand("doctor", "Say what this machine can do, and what it lacks");
    doctor->callback([&] { command_ = [] { return doctor_command(); }; });

    add_proxy(app, command_);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {  // --help, --version
        app.exit(asked);
        command_ = [] { return ExitCode::passed; };
    } catch (const CLI::ParseError& problem) {
        throw UsageError{problem.what(), "`etimedout --help` shows what there is"};
    }
}

}  // namespace etimedout
