// Keeper: a process that outlives the driver and clears away what the driver leaves behind.
#include "simulator/vm/keeper.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {
namespace {

namespace fs = std::filesystem;

constexpr Duration patience = 10s;

struct Pipe {
    Fd read, write;
};

Pipe keeper_pipe() {
    std::array<int, 2> ends{};
    checked("create a pipe to the keeper", ::pipe2(ends.data(), O_CLOEXEC));
    return {Fd{ends[0]}, Fd{ends[1]}};
}

// A program may have left folders that not even their owner may look into.
void open_up(const fs::path& folder) {
    std::error_code error;
    fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, error);
    for (const auto& entry : fs::directory_iterator{folder, error}) {
        if (entry.is_directory(error) && !entry.is_symlink(error)) open_up(entry.path());
    }
}

bool remove_folder(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) {
        open_up(folder);
        fs::remove_all(folder, error);
    }
    return !error;
}

// From here on: the keeper's own process, which has one thread and no parent to report to.

Fd handle_of(pid_t pid) { return Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}; }

bool has_ended(const Fd& process, Duration limit) {
    pollfd waiting{.fd = process.get(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
    return ::poll(&waiting, 1, static_cast<int>(milliseconds.count())) > 0;
}

// Reads what the driver tells until it ends.
std::vector<Fd> listen_until_end(const Fd& driver) {
    std::vector<Fd> processes;
    pid_t pid = 0;
    for (;;) {
        const ssize_t got = ::read(driver.get(), &pid, sizeof pid);
        if (got < 0 && errno == EINTR) continue;
        // Numbers are smaller than PIPE_BUF, so they never come in pieces (pipe(7)).
        if (got != sizeof pid) return processes;
        std::erase_if(processes, [](const Fd& process) { return has_ended(process, 0s); });
        if (Fd process = handle_of(pid)) processes.push_back(std::move(process));
    }
}

// A machine that is killed in its first moments may leave a stopped child that nobody told to
// follow it. Such a child bears the command line of its machine, and with it the run's folder.
bool kill_machines_in(const std::string& root) {
    const std::string sign = "uml_dir=" + root + '/';
    bool found = false;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/proc", error}) {
        const int pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0) continue;
        std::ifstream file{entry.path() / "cmdline"};
        std::ostringstream arguments;
        arguments << file.rdbuf();
        if (arguments.str().find(sign) == std::string::npos) continue;
        ::kill(pid, SIGKILL);
        found = true;
    }
    return found;
}

[[noreturn]] void keep(const Fd& driver, const Fd& report, std::string root) {
    ::prctl(PR_SET_NAME, "etimedout-keep");
    ::setsid();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        std::signal(signal, SIG_IGN);
    }
    // Nobody who reads the driver's output, or waits for its files, shall wait for the keeper.
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; ++fd) ::dup2(null, fd);
    const auto low = static_cast<unsigned>(std::min(driver.get(), report.get()));
    const auto high = static_cast<unsigned>(std::max(driver.get(), report.get()));
    if (low > 3) ::syscall(SYS_close_range, 3U, low - 1, 0U);
    if (high > low + 1) ::syscall(SYS_close_range, low + 1, high - 1, 0U);
    ::syscall(SYS_close_range, high + 1, ~0U, 0U);
    if (::chdir("/") != 0) ::_exit(1);

    // The folder is made here, not by the driver, so that there is none without a keeper.
    if (::mkdtemp(root.data()) == nullptr) {
        const std::string failure{static_cast<char>(errno)};
        [[maybe_unused]] const auto sent = ::write(report.get(), failure.data(), failure.size());
        ::_exit(1);
    }
    const std::string success = '\0' + root;
    if (::write(report.get(), success.data(), success.size()) < 0) {
        ::rmdir(root.c_str());
        ::_exit(1);
    }
    ::close(report.get());

    const auto processes = listen_until_end(driver);
    for (const Fd& process : processes) {
        ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    }
    for (const Fd& process : processes) has_ended(process, patience);
    // Their children may still be at work in the folder, although they are being killed too.
    const auto end = std::chrono::steady_clock::now() + patience;
    while ((kill_machines_in(root) || !remove_folder(root)) &&
           std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(50ms);
    }
    ::_exit(0);
}

}  // namespace

Keeper::Keeper() {
    const char* given = std::getenv("TMPDIR");
    const fs::path place = given != nullptr && *given != '\0' ? given : "/tmp";
    const fs::path root = fs::absolute(place) / "etimedout-XXXXXX";

    Pipe driver = keeper_pipe();
    Pipe report = keeper_pipe();
    keeper_ = checked("start the keeper", ::fork());
    if (keeper_ == 0) {
        driver.write.reset();
        report.read.reset();
        keep(driver.read, report.write, root);
    }
    report.write.reset();
    alive_ = std::move(driver.write);

    std::array<char, 4096> answer{};
    ssize_t got = 0;
    do {
        got = ::read(report.read.get(), answer.data(), answer.size());
    } while (got < 0 && errno == EINTR);
    if (got > 1 && answer[0] == '\0') {
        root_ = std::string{answer.data() + 1, static_cast<std::size_t>(got) - 1};
        return;
    }
    ::waitpid(keeper_, nullptr, 0);
    const std::string why = got == 1 ? std::system_category().message(answer[0]) : "keeper died";
    throw Error{"cannot create a folder in " + place.string() + ": " + why,
                "let TMPDIR name a folder that can be written"};
}

Keeper::~Keeper() {
    alive_.reset();
    while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

fs::path Keeper::folder(std::string_view name) const {
    fs::path made = root_ / name;
    checked("create " + made.string(), ::mkdir(made.c_str(), 0700));
    return made;
}

void Keeper::remove(const fs::path& folder) const noexcept {
    try {
        remove_folder(folder);
    } catch (...) {
        // The keeper removes it in the end.
    }
}

void Keeper::kill_at_end(pid_t pid) const {
    ssize_t sent = 0;
    do {
        sent = ::write(alive_.get(), &pid, sizeof pid);
    } while (sent < 0 && errno == EINTR);
    checked("tell the keeper about process " + std::to_string(pid), sent);
}

}  // namespace etimedout
