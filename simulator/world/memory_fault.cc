// A program without memory: a control group of its own, in which the kernel kills.
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/fd.hh"
#include "simulator/node/process_group.hh"
#include "simulator/node/text.hh"
#include "simulator/world/node_fault.hh"

namespace etimedout {

namespace {

// The tree of control groups (Documentation/admin-guide/cgroup-v2.rst), seen from here alone: it is
// mounted nowhere.
Fd control_groups() {
    const Fd context{checked("open the control groups", ::fsopen("cgroup2", FSOPEN_CLOEXEC))};
    checked("open the control groups",
            ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    return Fd{checked("mount the control groups", ::fsmount(context.get(), FSMOUNT_CLOEXEC, 0))};
}

bool write_at(int folder, const std::string& path, std::string_view value) {
    const Fd file{::openat(folder, path.c_str(), O_WRONLY | O_CLOEXEC)};
    return file &&
           ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

class LimitedMemory final : public NodeFault {
public:
    LimitedMemory(const LimitMemory& plan, const NodeSurroundings& node)
        : node_{node}, program_{running_program(node, "limit its memory")} {
        try {
            root_ = control_groups();
            if (!write_at(root_.get(), "cgroup.subtree_control", "+memory")) {
                throw_errno("control memory", errno);
            }
        } catch (const Error& refused) {
            throw Error{fmt::format("{}: limit its memory: {}", node.name, refused.what()),
                        "run with --time virtual, whose kernel has control groups of its own"};
        }
        checked("make a control group", ::mkdirat(root_.get(), name_.c_str(), 0755));
        // What its processes have already stays charged to where they come from.
        for (const ProcessFacts& process : processes_of_group(program_.pid())) {
            if (write_at(root_.get(), name_ + "/cgroup.procs", std::to_string(process.pid))) {
                ++processes_;
            }
        }
        if (!write_at(root_.get(), name_ + "/memory.max", std::to_string(plan.leave.count))) {
            throw_errno(fmt::format("{}: limit its memory", node.name), errno);
        }
    }
    NodeWitness witness() override {
        const std::int64_t kills = event("oom_kill");
        return {
            processes_, kills,
            fmt::format("{}: memory.events: max {}, oom_kill {}", node_.name, event("max"), kills)};
    }
    void heal() override {
        write_at(root_.get(), name_ + "/memory.max", "max");
        for (const ProcessFacts& process : processes_of_group(program_.pid())) {
            write_at(root_.get(), "cgroup.procs", std::to_string(process.pid));
        }
        ::unlinkat(root_.get(), name_.c_str(), AT_REMOVEDIR);
        if (!program_.running()) program_.restart();
    }

private:
    std::int64_t event(std::string_view word) const {
        const Fd file{
            ::openat(root_.get(), (name_ + "/memory.events").c_str(), O_RDONLY | O_CLOEXEC)};
        std::string text(4096, '\0');
        const ssize_t size = ::read(file.get(), text.data(), text.size());
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        for (const auto line : split(text, '\n')) {
            const auto words = words_of(line);
            if (words.size() == 2 && words[0] == word) return decimal(words[1]).value_or(0);
        }
        return 0;
    }

    NodeSurroundings node_;
    Program& program_;
    std::string name_ = "etimedout_" + node_.name;
    Fd root_;
    std::int64_t processes_ = 0;
};

}  // namespace

std::unique_ptr<NodeFault> arm(const LimitMemory& plan, const NodeSurroundings& node) {
    return std::make_unique<LimitedMemory>(plan, node);
}

}  // namespace etimedout
