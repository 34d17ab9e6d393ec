// Boots the virtual kernel as an ordinary process, bounds it, and tells how it ended.
#include "simulator/vm/virtual_machine.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/vm/keeper.hh"
#include "simulator/vm/machine_process.hh"

namespace etimedout {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr Duration heartbeat = 50ms;                // how soon an interruption is noticed
constexpr Duration longest_search = 5s;             // for the busiest process, on a busy machine
constexpr Duration last_words = 3s;                 // for a world whose busiest process was stopped
constexpr Duration between_stops = 500ms;           // when there was more than one such process
constexpr int wall_to_cpu = 10;                     // a machine that neither computes nor ends
constexpr std::size_t longest_command_line = 2000;  // arch/um: COMMAND_LINE_SIZE is 2048

// Keeps the beginning, where the boot is, and the end, where a panic is.
class Console {
public:
    void read_from(const Fd& pipe) {
        std::array<char, 16384> chunk{};
        for (;;) {
            const ssize_t got = ::read(pipe.get(), chunk.data(), chunk.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            append(std::string{chunk.data(), static_cast<std::size_t>(got)});
        }
    }

    std::string text() const {
        if (tail_.size() <= tail_size && !cut_) return head_ + tail_;
        constexpr std::string_view gap = "\n[…]\n";
        return head_ + std::string{gap} +
               tail_.substr(tail_.size() - std::min(tail_.size(), tail_size - gap.size()));
    }

private:
    static constexpr std::size_t head_size = 64 << 10;
    static constexpr std::size_t tail_size = 192 << 10;

    // The guest's terminal ends its lines as terminals do.
    void append(std::string chunk) {
        std::erase(chunk, '\r');
        const auto to_head = std::min(chunk.size(), head_size - head_.size());
        head_.append(chunk, 0, to_head);
        tail_.append(chunk, to_head);
        if (tail_.size() > 4 * tail_size) {
            tail_.erase(0, tail_.size() - tail_size);
            cut_ = true;
        }
    }

    std::string head_, tail_;
    bool cut_ = false;
};

// The guest's memory is a file that is mapped, executed from, and grows up to its full size.
std::optional<std::string> unfit_for_memory(const fs::path& folder, Bytes memory) {
    struct statvfs system {};
    if (::statvfs(folder.c_str(), &system) != 0) return "not there";
    if ((system.f_flag & ST_NOEXEC) != 0) return "mounted noexec";
    const auto room = system.f_bavail * system.f_frsize;
    if (room < static_cast<std::uint64_t>(memory.count)) {
        return "only " + std::to_string(room >> 20) + " MiB are free";
    }
    std::string name = folder / "etimedout-probe-XXXXXX";
    const Fd file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0700)};
    Fd named;
    if (!file) {
        // Some file systems have no files without a name.
        named = Fd{::mkostemp(name.data(), O_CLOEXEC)};
        if (!named) return "not writable";
        ::unlink(name.c_str());
    }
    const int fd = file ? file.get() : named.get();
    constexpr std::size_t page = 4096;
    if (::ftruncate(fd, page) != 0) return "not writable";
    void* mapped = ::mmap(nullptr, page, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) return "its files cannot be executed";
    ::munmap(mapped, page);
    return std::nullopt;
}

fs::path memory_folder(const MachinePlan& plan) {
    std::string reasons;
    for (const fs::path& folder : {fs::path{"/dev/shm"}, plan.run_dir}) {
        const auto reason = unfit_for_memory(folder, plan.memory);
        if (!reason) return folder;
        reasons += (reasons.empty() ? "" : "; ") + folder.string() + ": " + *reason;
    }
    throw Error{"no folder for the virtual machine's memory (" + reasons + ")",
                "let /dev/shm or TMPDIR have room and allow execution, or run with --time real"};
}

// The kernel takes the command line apart at blanks, except between quotes.
std::string quoted(const std::string& argument) {
    if (argument.empty() || argument.find_first_of("\"\n") != std::string::npos) {
        throw Error{"the first program of a world cannot be given the argument \"" + argument +
                        "\": the kernel would take it apart",
                    "pass it in a file"};
    }
    return argument.find(' ') == std::string::npos ? argument : '"' + argument + '"';
}

// With the blanks between them.
std::size_t length_of(const std::vector<std::string>& words) {
    std::size_t length = 0;
    for (const auto& word : words) length += word.size() + 1;
    return length;
}

std::vector<std::string> command_line(const MachinePlan& plan) {
    const auto start =
        std::chrono::duration_cast<std::chrono::nanoseconds>(plan.start.time_since_epoch());
    // A word that the kernel does not know would be handed to process 1.
    std::vector<std::string> words{
        plan.kernel.string(),
        "mem=" + std::to_string(plan.memory.count >> 10) + "K",
        "time-travel=inf-cpu",
        "time-travel-start=" + std::to_string(start.count()),
        "etimedout.seed=" + std::to_string(plan.seed),
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "init=" + plan.init.string(),
        "con=null",
        "con0=null,fd:1",
        "console=tty0",
        "uml_dir=" + (plan.run_dir / "uml").string() + "/",
        "quiet",
        "norandmaps",
    };
    std::vector<std::string> of_init{"--"};
    for (const auto& argument : plan.init_arguments) of_init.push_back(quoted(argument));
    const std::size_t length = length_of(words) + length_of(of_init);
    if (length >= longest_command_line) {
        throw Error{"the virtual kernel's command line has " + std::to_string(length) +
                        " bytes, more than its " + std::to_string(longest_command_line),
                    "pass what is long in a file, and run in a folder with a shorter path"};
    }
    // The kernel keeps this line in its memory, and the sizes of TCP's buffers follow from how much
    // of that is left. So the line has one length, wherever the program and the run's folder are.
    words.emplace_back(longest_command_line - length, ' ');
    words.insert(words.end(), of_init.begin(), of_init.end());
    return words;
}

// The whole line of `text` that holds `part`, without the kernel's time stamp.
std::optional<std::string> line_with(const std::string& text, std::string_view part) {
    const auto at = text.find(part);
    if (at == std::string::npos) return std::nullopt;
    auto begin = text.rfind('\n', at);
    begin = begin == std::string::npos ? 0 : begin + 1;
    std::string line = text.substr(begin, text.find('\n', at) - begin);
    if (line.starts_with('[') && line.find("] ") != std::string::npos) {
        line.erase(0, line.find("] ") + 2);
    }
    return line;
}

std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

// What the machine itself has to say about its end.
void explain(MachineEnd& end, int wait_status) {
    using How = MachineEnd::How;
    const bool exited = WIFEXITED(wait_status);
    end.exit_code = exited ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);

    // A control group that the scenario made may run out of its share: that reads otherwise
    // ("Memory cgroup out of memory"), and is the scenario's own affair.
    for (const auto* sign : {"Out of memory: Killed process", "System is deadlocked on memory"}) {
        const auto line = line_with(end.console, sign);
        if (!line) continue;
        end.how = How::out_of_memory;
        end.detail = *line;
        return;
    }
    if (const auto panic = line_with(end.console, "Kernel panic - not syncing: ")) {
        const bool booted = panic->find("init found") == std::string::npos &&
                            panic->find("Requested init") == std::string::npos &&
                            panic->find("Unable to mount root") == std::string::npos &&
                            panic->find("etimedout.seed") == std::string::npos;
        end.how = booted ? How::panicked : How::cannot_boot;
        end.detail = *panic;
    } else if (exited && end.exit_code == 0) {
        end.how = How::powered_off;
    } else if (exited) {
        end.how = How::cannot_boot;
        end.detail = last_line(end.console);
    } else {
        end.how = How::panicked;
        end.detail =
            "the virtual kernel was ended by signal " + std::to_string(WTERMSIG(wait_status));
    }
}

bool wait_for_output_or_end(const MachineProcess& process, Console& console, Duration limit) {
    std::array<pollfd, 2> waiting{pollfd{process.ended().get(), POLLIN, 0},
                                  pollfd{process.console().get(), POLLIN, 0}};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    // A closed console stays "ready": then only the end is waited for.
    static constexpr nfds_t both = 2;
    ::poll(waiting.data(), both, static_cast<int>(std::max<std::int64_t>(milliseconds, 1)));
    if (waiting[1].revents != 0) console.read_from(process.console());
    return waiting[0].revents != 0;
}

enum class Watched { ended, limit_passed, interrupted };

Watched watch(const MachineProcess& process, Console& console, Duration cpu_limit,
              const std::atomic<bool>& interrupted) {
    const auto begin = Clock::now();
    // One world computes on one core at a time, so the limit cannot pass sooner than this.
    auto next_look = begin + cpu_limit;
    while (!wait_for_output_or_end(process, console, heartbeat)) {
        if (interrupted.load()) return Watched::interrupted;
        const auto now = Clock::now();
        if (now < next_look) continue;
        const Duration left = cpu_limit - process.cpu();
        if (left <= 0s || now - begin >= wall_to_cpu * cpu_limit) return Watched::limit_passed;
        next_look = now + std::max<Duration>(left, heartbeat);
    }
    return Watched::ended;
}

// The limit has passed. Lets process 1 find out who it was, and end the world itself.
bool end_stalled(const MachineProcess& process, Console& console, const fs::path& note,
                 const std::atomic<bool>& interrupted) {
    std::ofstream{note} << "the limit of computing time has passed\n";
    auto spare = MachineProcess::Spare::nobody;
    auto give_up = Clock::now() + longest_search;
    auto next_stop = Clock::now();
    do {
        const auto now = Clock::now();
        if (interrupted.load() || now >= give_up) return false;
        if (now < next_stop) continue;
        next_stop = now + between_stops;
        if (!process.stop_busiest(spare) || spare == MachineProcess::Spare::process_1) continue;
        spare = MachineProcess::Spare::process_1;
        give_up = Clock::now() + last_words;
    } while (!wait_for_output_or_end(process, console, heartbeat));
    return true;
}

}  // namespace

std::string_view to_string(MachineEnd::How how) {
    switch (how) {
        case MachineEnd::How::powered_off:
            return "powered off";
        case MachineEnd::How::out_of_memory:
            return "out of memory";
        case MachineEnd::How::panicked:
            return "panicked";
        case MachineEnd::How::stands_still:
            return "stands still";
        case MachineEnd::How::cannot_boot:
            return "cannot boot";
        case MachineEnd::How::interrupted:
            return "interrupted";
    }
    return "unknown";
}

MachineEnd run_machine(const MachinePlan& plan, const std::atomic<bool>& interrupted) {
    const std::string memory = "TMPDIR=" + memory_folder(plan).string();
    MachineProcess process{
        plan.kernel, command_line(plan), {memory, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}};
    if (plan.keeper != nullptr) plan.keeper->kill_at_end(process.pid());

    Console console;
    const Watched watched = watch(process, console, plan.cpu_limit, interrupted);
    bool ended_by_itself = watched == Watched::ended;
    if (watched == Watched::limit_passed) {
        ended_by_itself = end_stalled(process, console, plan.run_dir / stalled_file, interrupted);
    }
    const auto status = process.finish();
    console.read_from(process.console());

    MachineEnd end;
    end.console = console.text();
    end.cpu = status.cpu;
    explain(end, status.wait_status);
    if (watched == Watched::interrupted) {
        end.how = MachineEnd::How::interrupted;
        end.detail = "interrupted";
    } else if (watched == Watched::limit_passed) {
        end.how = MachineEnd::How::stands_still;
        end.detail = "computed for " + human(status.cpu) + ", the limit is " +
                     human(plan.cpu_limit) +
                     (ended_by_itself ? "; it ended when its busiest process was stopped"
                                      : "; it did not end when its busiest process was stopped");
    }
    return end;
}

}  // namespace etimedout
