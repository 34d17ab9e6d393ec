// WorldLog: the world's raw events, on their way to the run's folder.
#include "harness/run/world_log.hh"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/events/jsonl.hh"

namespace etimedout {

namespace {
constexpr std::size_t enough_to_write = 256U << 10U;
constexpr std::int64_t shaken = 128 + SIGFPE;  // see simulator/vm: no program sends itself this

std::string spinner_in(const Event& event) {
    if (const auto* end = std::get_if<ProcessEnd>(&event.what)) {
        if (end->exit_code == shaken)
            return fmt::format("the program of {} is spinning", end->node);
    }
    if (const auto* end = std::get_if<CallEnd>(&event.what)) {
        if (end->exit_code == shaken)
            return fmt::format("the command of {} is spinning", end->call);
    }
    return {};
}

}  // namespace

WorldLog::WorldLog(const std::filesystem::path& file)
    : file_{checked("create " + file.string(),
                    ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644))} {}

void WorldLog::put(Event event) {
    const std::lock_guard lock{mutex_};
    if (std::string who = spinner_in(event); !who.empty()) shaken_loose_ = std::move(who);
    waiting_ += to_json_line(event);
    waiting_ += '\n';
    if (waiting_.size() >= enough_to_write) write_out();
}

std::string WorldLog::shaken_loose() {
    const std::lock_guard lock{mutex_};
    return shaken_loose_;
}

void WorldLog::flush() {
    const std::lock_guard lock{mutex_};
    write_out();
}

void WorldLog::write_out() {
    std::string_view rest = waiting_;
    while (!rest.empty()) {
        const auto written =
            checked("write the event log", ::write(file_.get(), rest.data(), rest.size()));
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    waiting_.clear();
}

}  // namespace etimedout
