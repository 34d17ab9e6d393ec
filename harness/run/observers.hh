// Observers: the captures of all links and the samplers of all nodes, for the length of a run.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/observe/capture.hh"
#include "harness/observe/counters.hh"
#include "simulator/node/usage.hh"
#include "simulator/world/world.hh"

namespace etimedout {

// Captures run by themselves from construction to finish(). Samples are taken when asked for, and
// by a thread of their own at moments that depend on the world's clock alone.
class Observers {
public:
    Observers(World& world, const std::filesystem::path& output, EventSink& sink,
              const WorldClock& clock);
    ~Observers();
    Observers(const Observers&) = delete;
    Observers& operator=(const Observers&) = delete;

    // Puts what changed since the last sample into the log.
    void sample();

    // When the last packet passed the near end of a link, neighbour discovery not counted.
    std::optional<Duration> last_traffic(const std::string& link) const;

    // From here on no packet is recorded. Puts the end of every capture into the log.
    void finish();

private:
    void plan_next();

    EventSink& sink_;
    const WorldClock& clock_;
    CaptureSet captures_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<NodeSampler>> samplers_;
    std::optional<UsageMeter> usage_meter_;  // where there are programs
    std::vector<Usage> usages_;
    Duration pause_;
    Timers timers_;
};

}  // namespace etimedout
