// main() of tests that need a world: runs them all as process 1 of one, on the kernel that
// --world names (virtual, real, or real as an unprivileged user), and hands back their result.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/mounts.hh"
#include "simulator/node/process_one.hh"
#include "simulator/node/text.hh"
#include "tests/node/world_fixture.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr int skipped = 77;

int skip(const std::string& reason) {
    fmt::print("SKIPPED: {}\n", reason);
    return skipped;
}

// A folder that goes away with the run: scenario/ and output/ as a driver would give them.
class RunFolder {
public:
    RunFolder() {
        std::string pattern = (fs::temp_directory_path() / "etimedout-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw_errno("make a folder", errno);
        path_ = pattern;
        fs::permissions(path_, fs::perms{0755});
        for (const auto* folder : {"scenario", "output"}) {
            fs::create_directory(path_ / folder);
            fs::permissions(path_ / folder, fs::perms{0777});
        }
        write_file(path_ / "scenario/hello.txt", "hello\n", 0666);
    }
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;
    ~RunFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

std::optional<fs::path> virtual_kernel() {
    if (const char* given = std::getenv("ETIMEDOUT_KERNEL")) return fs::path{given};
    const char* home = std::getenv("HOME");
    std::error_code problem;
    const fs::path cache = fs::path{home != nullptr ? home : "/"} / ".cache/etimedout/kernel";
    for (const auto& entry : fs::directory_iterator{cache, problem}) {
        if (fs::exists(entry.path() / "linux", problem)) return entry.path() / "linux";
    }
    return std::nullopt;
}

int run_virtual(const std::vector<std::string>& test_arguments) {
    const auto kernel = virtual_kernel();
    if (!kernel) {
        return skip(
            "no virtual kernel: build it with simulator/vm/kernel/build.sh, or name it in "
            "ETIMEDOUT_KERNEL");
    }
    const RunFolder run;
    std::vector<std::string> arguments{
        kernel->string(),
        "mem=256M",
        "time-travel=inf-cpu",
        "time-travel-start=1767225600000000000",
        "etimedout.seed=1",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        fmt::format("init={}", fs::read_symlink("/proc/self/exe").string()),
        "con=null",
        "con0=null,fd:1",
        fmt::format("uml_dir={}", run.path().string()),
        "quiet",
        "norandmaps",
        "--",
        "--inside",
        run.path().string()};
    arguments.insert(arguments.end(), test_arguments.begin(), test_arguments.end());
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    std::fflush(nullptr);
    const pid_t pid = checked("fork", ::fork());
    if (pid == 0) {
        std::string memory = "TMPDIR=/dev/shm";
        std::array<char*, 2> environment{memory.data(), nullptr};
        ::execve(pointers[0], pointers.data(), environment.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    const auto result = read_text(run.path() / "output/result");
    if (!result) {
        fmt::print("the virtual kernel ended with status {} and left no result\n", status);
        return 1;
    }
    return std::atoi(result->c_str());
}

int run_tests(RootFileSystem root, std::vector<std::string> arguments) {
    WorldFixture::set_root(std::move(root));
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    int count = static_cast<int>(pointers.size());
    pointers.push_back(nullptr);
    ::testing::InitGoogleTest(&count, pointers.data());
    return RUN_ALL_TESTS();
}

WorldFolders folders_of(const fs::path& run) { return {run / "scenario", run / "output"}; }

int run_real(const std::vector<std::string>& test_arguments) {
    const RunFolder run;
    return run_as_process_one([&] {
        return run_tests(RootFileSystem::enter_real(folders_of(run.path())), test_arguments);
    });
}

// Process 1 of the virtual kernel.
[[noreturn]] void run_inside(const fs::path& run, const std::vector<std::string>& arguments) {
    int code = 1;
    try {
        auto root = RootFileSystem::enter_virtual(folders_of(run));
        const fs::path output = root.output();
        code = run_tests(std::move(root), arguments);
        write_file(output / "result", fmt::format("{}\n", code), 0644);
    } catch (const std::exception& problem) {
        fmt::print("error: {}\n", problem.what());
    }
    std::fflush(nullptr);
    ::sync();
    ::reboot(RB_POWER_OFF);
    ::_exit(code);
}

int run(int count, char** values) {
    std::vector<std::string> arguments{values, values + count};
    if (count > 2 && arguments[1] == "--inside") {
        const std::string folder = arguments[2];
        arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
        run_inside(folder, arguments);
    }
    const std::string world = count > 1 ? arguments[1] : "--world=real";
    if (count > 1) arguments.erase(arguments.begin() + 1);
    if (world == "--world=virtual") {
        return run_virtual({arguments.begin() + 1, arguments.end()});
    }
    if (world == "--world=unprivileged" && ::geteuid() == 0) {
        constexpr uid_t nobody = 65534;
        checked("become nobody", ::setresgid(nobody, nobody, nobody));
        checked("become nobody", ::setresuid(nobody, nobody, nobody));
        // As after the exec of a program that nobody started: its /proc files are its own.
        checked("become nobody", ::prctl(PR_SET_DUMPABLE, 1));
    }
    return run_real(arguments);
}

}  // namespace

}  // namespace etimedout

int main(int count, char** values) {
    try {
        return etimedout::run(count, values);
    } catch (const etimedout::Error& problem) {
        fmt::print("SKIPPED: {}; {}\n", problem.what(), problem.advice());
        return 77;
    }
}
