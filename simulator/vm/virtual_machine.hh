// Boots the virtual kernel as an ordinary process, bounds it, and tells how it ended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/quantity.hh"

namespace etimedout {

class Keeper;

// Everything of this but `kernel`, `run_dir`, `cpu_limit` and `keeper` is visible inside, and
// so part of the identity of a run: the same plan gives the same world.
struct MachinePlan {
    std::filesystem::path kernel;
    std::filesystem::path run_dir;            // private folder of this run; must exist
    std::filesystem::path init;               // the program that is process 1, a path on the host
    std::vector<std::string> init_arguments;  // short, without quotes: pass what varies by file
    std::uint64_t seed = 0;
    Bytes memory{256 << 20};
    std::chrono::system_clock::time_point start;  // the wall clock's time when the world begins
    Duration cpu_limit{};  // what the whole machine may compute, in seconds of a host's core
    const Keeper* keeper = nullptr;  // told of the machine's process, where given
};

struct MachineEnd {
    enum class How {
        powered_off,    // process 1 said so
        out_of_memory,  // the guest's kernel had to kill a process
        panicked,       // process 1 ended or crashed, or the kernel did
        stands_still,   // the limit passed
        cannot_boot,    // process 1 was never started
        interrupted,
    };
    How how = How::cannot_boot;
    std::string console;  // all of it; of more than 256 KiB the beginning and the end
    Duration cpu{};
    int exit_code = 0;   // of the kernel's process; 128 + N if signal N ended it
    std::string detail;  // one line: what the kernel or we have to say about this end
};

std::string_view to_string(MachineEnd::How how);

// What the world finds in its run folder once the limit has passed.
inline constexpr std::string_view stalled_file = "stalled";

// Runs one machine from its boot to its end. When this returns, no process of it is left, however
// it ended. When the limit passes, `run_dir/stalled` is written and the busiest guest process is
// sent SIGFPE, so that process 1 can name it and end the world in an orderly way.
// Throws an Error if the machine cannot be started. Threads may run one machine each; the calling
// process becomes the reaper of orphans (PR_SET_CHILD_SUBREAPER).
MachineEnd run_machine(const MachinePlan& plan, const std::atomic<bool>& interrupted);

}  // namespace etimedout
