// The etimedout command.
#include <cstdio>
#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/cli/other_names.hh"
#include "harness/cli/session.hh"
#include "harness/run/real_world.hh"
#include "harness/run/world_main.hh"
#include "harness/toxiproxy/api.hh"
#include "harness/toxiproxy/client.hh"

namespace etimedout {

namespace {

// This program is also what runs inside a world; the driver starts it so, users never do.
std::optional<int> run_inside(int argc, char** argv) {
    if (argc != 3) return std::nullopt;
    const std::string_view mode = argv[1];
    if (mode == "world") return world_main(argv[2]);
    if (mode == "world-real") return become_real_world(argv[2]);
    return std::nullopt;
}

int say(const Error& error, ExitCode code) {
    fmt::print(stderr, "etimedout: {}\n", error.what());
    if (!error.advice().empty()) fmt::print(stderr, "  help: {}\n", error.advice());
    return static_cast<int>(code);
}

// The one place where errors become words and exit codes.
int run(int argc, char** argv) {
    try {
        if (const auto inside = run_inside(argc, argv)) return *inside;
        if (const auto other = run_under_other_name(argc, argv)) return *other;
        const CommandLine line{argc, argv};
        return static_cast<int>(line.run());
    } catch (const UsageShown&) {
        return static_cast<int>(ExitCode::usage);
    } catch (const UsageError& error) {
        return say(error, ExitCode::usage);
    } catch (const UnusableFile& error) {
        return say(error, ExitCode::usage);
    } catch (const ApiRefusal& error) {
        return say(error, ExitCode::failed);
    } catch (const Error& error) {
        return say(error, ExitCode::environment);
    } catch (const std::exception& error) {
        fmt::print(stderr, "etimedout: {}\n", error.what());
        return static_cast<int>(ExitCode::environment);
    }
}

}  // namespace

}  // namespace etimedout

int main(int argc, char** argv) { return etimedout::run(argc, argv); }
