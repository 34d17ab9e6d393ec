// WorldLog: the world's raw events, on their way to the run's folder.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "simulator/base/fd.hh"
#include "simulator/events/sink.hh"

namespace etimedout {

// In a virtual world each write is a system call of the host, so lines are gathered. What was
// flushed survives whatever happens to the world.
class WorldLog final : public EventSink {
public:
    explicit WorldLog(const std::filesystem::path& file);  // throws Error
    void put(Event event) override;
    void flush();

    // What the driver shook loose because it was spinning (SIGFPE); empty when nothing was.
    std::string shaken_loose();

private:
    void write_out();

    std::mutex mutex_;
    Fd file_;
    std::string waiting_;
    std::string shaken_loose_;
};

}  // namespace etimedout
