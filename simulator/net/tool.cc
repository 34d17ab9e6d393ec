// run_tool: one run of a program of the system, text in, text out.
#include "simulator/net/tool.hh"

#include <array>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"

namespace etimedout {

namespace {

constexpr std::string_view usual_folders =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Files in memory instead of pipes: neither side can block on the other.
Fd memory_file(const char* name, std::string_view contents) {
    Fd file{checked("make a file in memory", ::memfd_create(name, MFD_CLOEXEC))};
    while (!contents.empty()) {
        const auto written = checked("write to a file in memory",
                                     ::write(file.get(), contents.data(), contents.size()));
        contents.remove_prefix(static_cast<std::size_t>(written));
    }
    checked("rewind a file in memory", ::lseek(file.get(), 0, SEEK_SET));
    return file;
}

std::string contents_of(const Fd& file) {
    std::string text;
    std::array<char, 16384> part{};
    off_t at = 0;
    for (;;) {
        const auto size =
            checked("read a file in memory", ::pread(file.get(), part.data(), part.size(), at));
        if (size == 0) return text;
        text.append(part.data(), static_cast<std::size_t>(size));
        at += size;
    }
}

class SpawnActions {
public:
    SpawnActions(const Fd& input, const Fd& output, const Fd& errors) {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawn_file_actions_adddup2(&files_, input.get(), STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&files_, output.get(), STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&files_, errors.get(), STDERR_FILENO);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        sigset_t usual;
        sigemptyset(&usual);
        for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&usual, signal);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &usual);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    const posix_spawn_file_actions_t* files() const { return &files_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

int wait_for(const std::string& name, pid_t child) {
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    checked(fmt::format("wait for {}", name), ended);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::optional<std::string> find_tool(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::string folders =
        path != nullptr ? fmt::format("{}:{}", path, usual_folders) : std::string{usual_folders};
    std::size_t start = 0;
    while (start < folders.size()) {
        const std::size_t end = std::min(folders.find(':', start), folders.size());
        std::string candidate = fmt::format("{}/{}", folders.substr(start, end - start), name);
        if (candidate.front() == '/' && ::access(candidate.c_str(), X_OK) == 0) return candidate;
        start = end + 1;
    }
    return std::nullopt;
}

ToolResult run_tool(const std::vector<std::string>& arguments, std::string_view input) {
    const std::string& name = arguments.at(0);
    const auto program = find_tool(name);
    if (!program) {
        throw Error{fmt::format("{}: no such program on this machine", name),
                    fmt::format("install the package that has `{}`", name)};
    }
    std::vector<std::string> words = arguments;
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string path = fmt::format("PATH={}", usual_folders);
    std::string language = "LC_ALL=C";
    // Its lock file is the host's, which cannot be written without privileges; rules of namespaces
    // of our own need no lock but our own.
    std::string lock = "XTABLES_LOCKFILE=/dev/null";
    std::array<char*, 4> environment{path.data(), language.data(), lock.data(), nullptr};

    const Fd in = memory_file("input", input);
    const Fd out = memory_file("output", {});
    const Fd err = memory_file("errors", {});
    const SpawnActions actions{in, out, err};
    pid_t child = -1;
    if (const int error = ::posix_spawn(&child, program->c_str(), actions.files(),
                                        actions.attributes(), argv.data(), environment.data());
        error != 0) {
        throw_errno(fmt::format("start {}", *program), error);
    }
    const int code = wait_for(name, child);
    return {.exit_code = code, .output = contents_of(out), .errors = contents_of(err)};
}

void check_tool(std::string_view name, const ToolResult& result, std::string_view attempt) {
    if (result.exit_code == 0) return;
    std::string_view said = result.errors;
    while (said.ends_with('\n')) said.remove_suffix(1);
    throw Error{fmt::format("{}: {} ended with {}: {}", attempt, name, result.exit_code, said),
                "see `etimedout doctor` for what this machine's firewall tools can do"};
}

}  // namespace etimedout
