// Usage: what the processes of a node hold, read from /proc.
#include "simulator/node/usage.hh"

#include <array>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

// Since Linux 6.2 the size of the folder says how many there are (proc_pid_fd(5)); before, it is 0.
std::int64_t open_descriptors(std::int64_t pid) {
    const std::string folder = fmt::format("/proc/{}/fd", pid);
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0 && status.st_size > 0) return status.st_size;
    std::error_code problem;
    std::int64_t count = 0;
    fs::directory_iterator entries{folder, problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) ++count;
    return count;
}

// Resident, less what is of files or shared: the second and third field of statm, in pages
// (proc_pid_statm(5)). How much of its files a program has mapped is up to the page cache. 0 for a
// zombie, which has no memory.
std::int64_t private_bytes(std::int64_t pid) {
    const Fd file{::open(fmt::format("/proc/{}/statm", pid).c_str(), O_RDONLY | O_CLOEXEC)};
    std::array<char, 128> text{};
    const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size < 0) return 0;
    const auto fields = words_of({text.data(), static_cast<std::size_t>(size)});
    if (fields.size() < 3) return 0;
    const std::int64_t pages = decimal(fields[1]).value_or(0) - decimal(fields[2]).value_or(0);
    return pages * ::sysconf(_SC_PAGESIZE);
}

using NetworkId = std::pair<dev_t, ino_t>;

std::map<NetworkId, Usage*> by_network(const NodesToMeasure& nodes, std::vector<Usage>& usages) {
    std::map<NetworkId, Usage*> found;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        struct stat network {};
        checked("look at a node's network", ::fstat(nodes[i].second->network(), &network));
        usages[i].node = nodes[i].first;
        found[{network.st_dev, network.st_ino}] = &usages[i];
    }
    return found;
}

// Calls visit(pid, network) for every process but this one and those it is told to leave out.
template <class Visit>
void for_each_process(const std::set<std::int64_t>& left_out, Visit visit) {
    const std::int64_t self = ::getpid();
    std::error_code problem;
    fs::directory_iterator entries{"/proc", problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) {
        const auto pid = decimal(entries->path().filename().native());
        if (!pid || *pid == self || left_out.contains(*pid)) continue;
        // A zombie has left its namespaces already.
        struct stat network {};
        const std::string link = fmt::format("/proc/{}/ns/net", *pid);
        if (::stat(link.c_str(), &network) != 0) continue;
        visit(*pid, NetworkId{network.st_dev, network.st_ino});
    }
}

std::vector<Usage> measure_nodes(const NodesToMeasure& nodes,
                                 const std::set<std::int64_t>& left_out) {
    std::vector<Usage> usages(nodes.size());
    const auto networks = by_network(nodes, usages);
    for_each_process(left_out, [&](std::int64_t pid, const NetworkId& network) {
        const auto found = networks.find(network);
        if (found == networks.end()) return;
        Usage& usage = *found->second;
        ++usage.processes;
        usage.fds += open_descriptors(pid);
        usage.memory += private_bytes(pid);
    });
    return usages;
}

}  // namespace

UsageMeter::UsageMeter(NodesToMeasure nodes) : nodes_{std::move(nodes)} {
    std::vector<Usage> unused(nodes_.size());
    const auto networks = by_network(nodes_, unused);
    for_each_process({}, [&](std::int64_t pid, const NetworkId& network) {
        if (!networks.contains(network)) strangers_.insert(pid);
    });
}

std::vector<Usage> UsageMeter::measure() const { return measure_nodes(nodes_, strangers_); }

Usage usage_of(const std::string& node, const NodeNamespaces& namespaces) {
    return measure_nodes(NodesToMeasure{{node, &namespaces}}, {}).front();
}

}  // namespace etimedout
