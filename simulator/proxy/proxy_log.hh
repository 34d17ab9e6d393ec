// ProxyLog: what the proxy does, one JSON object per line, written by a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "simulator/base/fields.hh"
#include "simulator/proxy/engine.hh"

namespace etimedout {

// As LOG_LEVEL of toxiproxy-server names them; the lowest first.
enum class LogLevel { trace, debug, info, warn, error, fatal, panic };

template <>
struct Words<LogLevel> {
    static constexpr std::array<std::pair<std::string_view, LogLevel>, 7> words{
        {{"trace", LogLevel::trace},
         {"debug", LogLevel::debug},
         {"info", LogLevel::info},
         {"warn", LogLevel::warn},
         {"error", LogLevel::error},
         {"fatal", LogLevel::fatal},
         {"panic", LogLevel::panic}}};
};

// One member of a line.
struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, bool> value;
};

// Thread-safe, and never waits for whoever reads the lines: what they do not take in time is kept
// up to a limit, then left out and counted.
class ProxyLog final : public EngineListener {
public:
    // Lines below `lowest` are left out; the rest goes to `descriptor`, which stays the caller's.
    ProxyLog(LogLevel lowest, int descriptor);
    // Writes what is left, unless nobody reads it.
    ~ProxyLog() override;
    ProxyLog(const ProxyLog&) = delete;
    ProxyLog& operator=(const ProxyLog&) = delete;

    bool wants(LogLevel level) const { return level >= lowest_; }
    void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

    void accepted(const std::string& proxy, std::int64_t connection,
                  const std::string& client) override;
    void connect_failed(const std::string& proxy, std::int64_t connection,
                        const std::string& upstream, const std::string& why) override;
    void closed(const std::string& proxy, std::int64_t connection, const std::string& by,
                std::uint64_t bytes_up, std::uint64_t bytes_down) override;
    void rule_met(const std::string& proxy, std::int64_t connection,
                  const std::string& rule) override;
    void accept_paused(const std::string& proxy, const std::string& why) override;
    void accept_resumed(const std::string& proxy) override;
    void unreachable(const std::string& proxy, std::int64_t connection, const std::string& upstream,
                     const std::string& why) override;

private:
    void drain();

    LogLevel lowest_;
    int descriptor_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::string waiting_;
    std::uint64_t left_out_ = 0;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace etimedout
