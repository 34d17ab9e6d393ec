// MachineProcess: the host's processes of one virtual machine, from exec to the last of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "simulator/base/fd.hh"
#include "simulator/base/quantity.hh"
#include "simulator/vm/processor.hh"

namespace etimedout {

// The kernel's process leads a group of its own; the processes that run guest code are its
// children and in that group. All of them die with the thread that started them, and with this
// object.
class MachineProcess {
public:
    // `environment` holds NAME=value. Throws an Error if the program cannot be started.
    MachineProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
                   std::vector<std::string> environment);
    ~MachineProcess();
    MachineProcess(const MachineProcess&) = delete;
    MachineProcess& operator=(const MachineProcess&) = delete;

    pid_t pid() const noexcept { return pid_; }
    // Readable when the kernel's process has ended.
    const Fd& ended() const noexcept { return ended_; }
    // What the machine prints; reading never blocks.
    const Fd& console() const noexcept { return console_; }

    // What all processes have computed so far.
    Duration cpu() const;

    // Sends SIGFPE to the guest process that computes most right now. Returns false if there is
    // none to choose.
    enum class Spare { nobody, process_1 };
    bool stop_busiest(Spare spare) const;

    struct Status {
        int wait_status = 0;  // of the kernel's process, see wait(2)
        Duration cpu{};
    };
    // Kills what is still there and waits until none is left.
    Status finish();

private:
    Processor processor_;
    pid_t pid_ = 0;
    Fd ended_, console_;
    bool finished_ = false;
};

}  // namespace etimedout
