// Usage: what the processes of a node hold, read from /proc.
#include "simulator/node/usage.hh"

#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

std::int64_t open_descriptors(std::int64_t pid) {
    std::error_code problem;
    std::int64_t count = 0;
    fs::directory_iterator entries{fmt::format("/proc/{}/fd", pid), problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) ++count;
    return count;
}

// Resident, less what is of files or shared: the second and third field of statm, in pages
// (proc_pid_statm(5)). How much of its files a program has mapped is up to the page cache. 0 for a
// zombie, which has no memory.
std::int64_t private_bytes(std::int64_t pid) {
    const auto text = read_text(fmt::format("/proc/{}/statm", pid));
    if (!text) return 0;
    const auto fields = words_of(*text);
    if (fields.size() < 3) return 0;
    const std::int64_t pages = decimal(fields[1]).value_or(0) - decimal(fields[2]).value_or(0);
    return pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

std::vector<Usage> usage_of(const NodesToMeasure& nodes) {
    std::vector<Usage> usages(nodes.size());
    std::map<std::pair<dev_t, ino_t>, Usage*> by_network;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        struct stat network {};
        checked("look at a node's network", ::fstat(nodes[i].second->network(), &network));
        usages[i].node = nodes[i].first;
        by_network[{network.st_dev, network.st_ino}] = &usages[i];
    }
    std::error_code problem;
    fs::directory_iterator entries{"/proc", problem};
    for (; !problem && entries != fs::directory_iterator{}; entries.increment(problem)) {
        const auto pid = decimal(entries->path().filename().string());
        if (!pid || *pid == ::getpid()) continue;
        // A zombie has left its namespaces already.
        struct stat network {};
        const std::string link = fmt::format("/proc/{}/ns/net", *pid);
        if (::stat(link.c_str(), &network) != 0) continue;
        const auto found = by_network.find({network.st_dev, network.st_ino});
        if (found == by_network.end()) continue;
        Usage& usage = *found->second;
        ++usage.processes;
        usage.fds += open_descriptors(*pid);
        usage.memory += private_bytes(*pid);
    }
    return usages;
}

Usage usage_of(const std::string& node, const NodeNamespaces& namespaces) {
    return usage_of(NodesToMeasure{{node, &namespaces}}).front();
}

}  // namespace etimedout
