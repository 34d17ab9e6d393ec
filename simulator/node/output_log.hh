// OutputLog: what one program says, as bounded log lines; LineSplitter: bytes to lines.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "simulator/base/clock.hh"
#include "simulator/events/sink.hh"

namespace etimedout {

// Cuts a stream into lines, ended by "\n" or "\r\n". Of a line longer than `longest_line` the
// beginning is kept, with a note of how much is missing.
class LineSplitter {
public:
    static constexpr std::size_t longest_line = 16U << 10U;
    using Take = std::function<void(std::string_view)>;

    void feed(std::string_view bytes, const Take& take);
    // The last line, when it has no end.
    void finish(const Take& take);

private:
    void end_line(const Take& take);

    std::string line_{};
    std::uint64_t dropped_ = 0;
    bool begun_ = false;
};

// Thread-safe. Puts a LogLine event for each line, stamped with the time it was read. After
// `most_lines` they are only counted, and the count is put at the end.
class OutputLog {
public:
    static constexpr std::uint64_t most_lines = 100'000;
    static constexpr std::size_t kept_lines = 10;

    OutputLog(std::string node, const WorldClock& clock, EventSink& sink)
        : node_{std::move(node)}, clock_{clock}, sink_{sink} {}

    // `on_match` is called, on the thread that reads, when a line contains `text`.
    void await(std::string text, std::function<void()> on_match);
    void line(std::string_view source, std::string_view text);
    // Says how many lines were left out, if any; the program has ended.
    void finish();
    // The last few lines, for an error message: each indented, with its end of line.
    std::string last_lines() const;

private:
    const std::string node_;
    const WorldClock& clock_;
    EventSink& sink_;
    mutable std::mutex mutex_{};
    std::uint64_t count_ = 0;
    std::uint64_t left_out_ = 0;
    std::deque<std::string> last_{};
    std::string awaited_{};
    std::function<void()> on_match_{};
};

}  // namespace etimedout
