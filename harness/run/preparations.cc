// Preparations: what a layer hangs on, and where layers are kept from run to run.
#include "harness/run/preparations.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/run/folder.hh"
#include "simulator/base/cache_folder.hh"
#include "simulator/base/fd.hh"
#include "simulator/base/version.hh"
#include "simulator/node/known_programs.hh"
#include "simulator/node/layer.hh"
#include "simulator/node/root_file_system.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr int layer_version = 1;  // another number makes all layers anew
constexpr std::size_t most_used_files = 10'000;
constexpr auto kept_unused = std::chrono::hours{24 * 30};
constexpr std::chrono::milliseconds lock_pause{50};

// FNV-1a of 64 bits. It names files; what decides is the whole text.
std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char byte : text) {
        hash ^= static_cast<unsigned char>(byte);
        hash *= 1099511628211ULL;
    }
    return hash;
}

// A file of the machine: what a package manager replaces has another size or time.
std::string stamp_of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return fmt::format("{} gone\n", path.string());
    return fmt::format("{} {} {}.{:09}\n", path.string(), status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec);
}

// The same kernel may lie anywhere.
std::string kernel_in(const std::optional<fs::path>& path) {
    if (!path) return "the host's";
    const std::string bytes = read_whole_file(*path);
    return fmt::format("{} {:016x}", bytes.size(), fingerprint(bytes));
}

// Pieces of a command that may be names: between blanks, quotes and the shell's signs.
std::set<std::string> names_in(std::string_view command) {
    constexpr std::string_view between = " \t\n;&|()<>{}'\"`$=,";
    std::set<std::string> names;
    while (true) {
        const auto begin = command.find_first_not_of(between);
        if (begin == std::string_view::npos) return names;
        command.remove_prefix(begin);
        const auto end = std::min(command.find_first_of(between), command.size());
        names.emplace(command.substr(0, end));
        command.remove_prefix(end);
    }
}

// What the scenario's folder holds is compared by content: a checkout gives it new times.
class Identity {
public:
    explicit Identity(fs::path scenario_dir) : scenario_dir_{std::move(scenario_dir)} {}

    void line(std::string_view key, std::string_view value) {
        text_ += fmt::format("{} {}\n", key, value);
    }

    // A name that may be a program's or a file's, or may be neither.
    void mentioned(const std::string& name) {
        std::error_code problem;
        if (const auto path = in_scenario(name); path && fs::is_regular_file(*path, problem)) {
            content(*path);
        } else if (name.find('/') == std::string::npos) {
            if (const auto program = find_program(name)) text_ += "program " + stamp_of(*program);
        } else if (fs::is_regular_file(name, problem)) {
            text_ += "program " + stamp_of(name);
        }
    }

    // False when it is not there.
    bool used(const std::string& name) {
        std::error_code problem;
        const auto own = in_scenario(name);
        const fs::path path = own ? *own : fs::path{name};
        if (!fs::exists(path, problem)) return false;
        std::vector<fs::path> files;
        if (fs::is_directory(path, problem)) {
            for (const auto& entry : fs::recursive_directory_iterator{
                     path, fs::directory_options::skip_permission_denied, problem}) {
                if (entry.is_regular_file(problem)) files.push_back(entry.path());
                if (files.size() > most_used_files) break;
            }
            std::sort(files.begin(), files.end());
        } else {
            files.push_back(path);
        }
        for (const fs::path& file : files) {
            if (own) {
                content(file);
            } else {
                text_ += "used " + stamp_of(file);
            }
        }
        return true;
    }

    std::string take() { return std::move(text_); }

private:
    // Inside, the scenario's folder has another name.
    std::optional<fs::path> in_scenario(const std::string& name) const {
        const std::string inside = std::string{scenario_folder} + "/";
        if (name.starts_with(inside)) return scenario_dir_ / name.substr(inside.size());
        if (name.empty() || name.starts_with('/') || name.starts_with('-')) return std::nullopt;
        std::error_code problem;
        fs::path path = scenario_dir_ / name;
        return fs::exists(path, problem) ? std::optional{std::move(path)} : std::nullopt;
    }

    void content(const fs::path& path) {
        const std::string bytes = read_whole_file(path);
        text_ +=
            fmt::format("file {} {} {:016x}\n", path.lexically_relative(scenario_dir_).string(),
                        bytes.size(), fingerprint(bytes));
    }

    fs::path scenario_dir_;
    std::string text_{};
};

// Held by the one process that makes a layer. The lock is on the file, which is deleted in the end:
// who gets the lock on a file that is no longer there under its name asks again.
class LayerLock {
public:
    explicit LayerLock(fs::path path) : path_{std::move(path)} {}
    LayerLock(const LayerLock&) = delete;
    LayerLock& operator=(const LayerLock&) = delete;
    ~LayerLock() {
        if (held_) ::unlink(path_.c_str());
    }

    // False when `interrupted` came first.
    bool acquire(const std::atomic<bool>& interrupted) {
        while (!interrupted) {
            if (try_to_acquire()) return true;
            std::this_thread::sleep_for(lock_pause);
        }
        return false;
    }

    bool try_to_acquire() {
        const std::string attempt = "lock " + path_.string();
        file_ = Fd{checked(attempt, ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644))};
        if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK && errno != EINTR) throw_errno(attempt, errno);
            return false;
        }
        struct stat ours {};
        struct stat named {};
        checked(attempt, ::fstat(file_.get(), &ours));
        held_ = ::stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino;
        return held_;
    }

private:
    fs::path path_;
    Fd file_{};
    bool held_ = false;
};

bool is_layer_of(const fs::path& file, const std::string& identity) {
    const Fd opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!opened) return false;
    try {
        if (about_layer(opened.get()) != identity) return false;
    } catch (const Error&) {
        return false;  // half of one, or another program's: it is made anew
    }
    // The time of a layer is when it was last used.
    ::futimens(opened.get(), nullptr);
    return true;
}

void write_to_disk(const fs::path& path) {
    const std::string attempt = "write " + path.string();
    const Fd file{checked(attempt, ::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
    checked(attempt, ::fsync(file.get()));
}

// Layers of long ago, and what is left of makers that were killed: nobody holds their locks.
void delete_unused(const fs::path& folder) {
    const auto now = fs::file_time_type::clock::now();
    std::error_code problem;
    std::vector<fs::path> locks;
    for (const auto& entry : fs::directory_iterator{folder, problem}) {
        if (entry.path().extension() == ".lock") locks.push_back(entry.path());
        const auto time = entry.last_write_time(problem);
        if (entry.path().extension() == ".tar" && !problem && now - time > kept_unused) {
            fs::remove(entry.path(), problem);
        }
    }
    for (const fs::path& path : locks) {
        LayerLock lock{path};
        if (!lock.try_to_acquire()) continue;
        fs::remove(fs::path{path}.replace_extension(".unfinished"), problem);
    }
}

}  // namespace

Result<std::string> identity_of(const Preparation& preparation, const Scenario& scenario,
                                const PreparationSurroundings& surroundings) {
    const ProcessSpec& program = preparation.program;
    Identity identity{surroundings.scenario_dir};
    identity.line("etimedout", fmt::format("{} layer {}", version_text, layer_version));
    identity.line("kernel", kernel_in(surroundings.kernel));
    identity.line("memory", Scalar<Bytes>::write(scenario.limit.memory));
    identity.line("start", scenario.start);
    identity.line("name", preparation.name);
    identity.line("run", program.run);
    identity.line("user", program.user.value_or("root"));
    identity.line("cwd", program.cwd.value_or(scenario_folder));
    identity.line("keep", preparation.keep);
    for (const auto& [name, value] : program.env) identity.line("env", name + "=" + value);
    for (const auto& [name, text] : program.files) {
        identity.line("writes", fmt::format("{} {} {:016x}", name, text.size(), fingerprint(text)));
    }
    for (const std::string& name : names_in(program.run)) identity.mentioned(name);
    for (const std::string& name : preparation.uses) {
        if (identity.used(name)) continue;
        return Problem{
            fmt::format("the preparation {} uses {}, which is not there", preparation.name, name),
            "correct the path: it starts from the scenario's folder, or from /"};
    }
    return identity.take();
}

Result<fs::path> prepared_layer(const std::string& name, const std::string& identity,
                                const std::atomic<bool>& interrupted, const MakeLayer& make) {
    const fs::path folder = cache_folder("prepared");
    const std::string stem = fmt::format("{}-{:016x}", name, fingerprint(identity));
    fs::path file = folder / (stem + ".tar");
    if (is_layer_of(file, identity)) return file;
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) {
        return Problem{
            fmt::format("cannot make the folder {}: {}", folder.string(), problem.message()),
            "let ETIMEDOUT_CACHE name a folder that can be written"};
    }
    LayerLock lock{folder / (stem + ".lock")};
    if (!lock.acquire(interrupted)) return Problem{"interrupted", ""};
    if (is_layer_of(file, identity)) return file;  // another made it meanwhile
    delete_unused(folder);
    const fs::path unfinished = folder / (stem + ".unfinished");
    fs::remove(unfinished, problem);  // of one who was killed
    if (auto failure = make(unfinished)) {
        fs::remove(unfinished, problem);
        return *failure;
    }
    write_to_disk(unfinished);
    fs::rename(unfinished, file);
    return file;
}

PreparedLayers count_prepared_layers() {
    PreparedLayers found;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator{cache_folder("prepared"), problem}) {
        if (entry.path().extension() != ".tar") continue;
        ++found.count;
        found.bytes += entry.file_size(problem);
    }
    return found;
}

}  // namespace etimedout
