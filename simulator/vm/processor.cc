// Processor: which of the host's processors a machine runs on, so that those side by side share
// them.
#include "simulator/vm/processor.hh"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include <unistd.h>

namespace etimedout {
namespace {

cpu_set_t allowed_set() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    return allowed;
}

// In the order in which they are tried: several of us at once should not all begin with the same.
std::vector<std::size_t> candidates() {
    const cpu_set_t allowed = allowed_set();
    std::vector<std::size_t> found;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) found.push_back(cpu);
    }
    if (!found.empty()) {
        std::ranges::rotate(found, found.begin() + ::getpid() % std::ssize(found));
    }
    return found;
}

struct Use {
    std::mutex mutex{};
    std::map<std::size_t, int> machines{};  // on each processor
};

Use& use() {
    static Use all;
    return all;
}

}  // namespace

Processor::Processor() {
    const auto found = candidates();
    const std::lock_guard lock{use().mutex};
    const auto least =
        std::ranges::min_element(found, {}, [](std::size_t cpu) { return use().machines[cpu]; });
    if (least == found.end()) return;
    number_ = *least;
    ++use().machines[*least];
}

Processor::~Processor() {
    if (!number_) return;
    const std::lock_guard lock{use().mutex};
    --use().machines[*number_];
}

cpu_set_t Processor::set() const {
    if (!number_) return allowed_set();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(*number_, &one);
    return one;
}

}  // namespace etimedout
