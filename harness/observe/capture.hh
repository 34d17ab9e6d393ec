// Captures: every packet of an interface with its time, into a file, while the world runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "simulator/base/clock.hh"
#include "simulator/base/fd.hh"
#include "simulator/base/quantity.hh"
#include "simulator/events/event.hh"

namespace etimedout {

struct CapturePlan {
    std::string link{};
    std::string end{};  // near or far
    std::string interface {};
    std::filesystem::path file{};
    // The kernel's ring, which it takes from its memory at once, a quarter more than this, at 2 ms
    // of real time per MiB in a virtual world. A packet takes as much of it as the interface's
    // largest would: about 1.6 KiB with an MTU of 1500 and without segmentation offload, so that
    // 1300 packets may come before the capture's thread gets to run; 64 KiB with offload.
    Bytes ring{2LL << 20U};
};

// One interface, both directions, whole packets, stamps in nanoseconds.
class Capture {
public:
    // Opens the interface in the calling thread's network namespace, and captures from here on.
    // /proc must be mounted: the ring is found there and kept out of children made by fork(),
    // which would corrupt the virtual kernel (docs/architecture.md). Throws Error.
    explicit Capture(const CapturePlan& plan);
    Capture(Capture&&) noexcept;
    Capture& operator=(Capture&&) noexcept;
    ~Capture();

    const CapturePlan& plan() const;
    // Readable when packets wait.
    int fd() const;
    // Takes what waits into the file's buffer; writes when that is large. Throws Error when the
    // file cannot be written.
    void drain();
    // The stamp of the last packet that is traffic (TCP, UDP, ping; not neighbour discovery), in
    // nanoseconds since 1970. From any thread.
    std::optional<std::int64_t> last_traffic() const;
    // Drains, writes everything to the file and closes it. What the kernel dropped is in the
    // result.
    CaptureEnd finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// All captures of a world, and the one thread that reads them. That thread waits without a timeout
// and reads no clock, so that it leaves no trace in virtual time.
class CaptureSet {
public:
    explicit CaptureSet(const WorldClock& clock);
    ~CaptureSet();
    CaptureSet(const CaptureSet&) = delete;
    CaptureSet& operator=(const CaptureSet&) = delete;

    // In the calling thread's network namespace, before start(). Throws Error.
    void add(const CapturePlan& plan);
    // From here on the thread reads. Until then packets wait in the rings.
    void start();
    // When the last packet of traffic passed there, as far as the thread has read.
    std::optional<Duration> last_traffic(std::string_view link, std::string_view end) const;
    // Takes what the rings still hold, closes the files, and says for each capture what it saw.
    // Throws Error, also for what went wrong in the thread.
    EventLog finish();

private:
    void run();

    const WorldClock& clock_;
    std::vector<Capture> captures_{};
    Fd stop_{};
    std::thread thread_{};
    std::string failure_{};  // of the thread; read after it has ended
};

}  // namespace etimedout
