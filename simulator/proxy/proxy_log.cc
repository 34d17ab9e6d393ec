// ProxyLog: what the proxy does, one JSON object per line, written by a thread of its own.
#include "simulator/proxy/proxy_log.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "simulator/base/timestamp.hh"
#include "simulator/events/json_text.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_waiting = 4U << 20U;
// How long a reader that does not read is waited for when the program ends.
constexpr int patience_in_ms = 500;

std::string now_text() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return write_timestamp(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void append_log_value(std::string& out, std::string_view value) { append_json_string(out, value); }
void append_log_value(std::string& out, std::int64_t value) { out += std::to_string(value); }
void append_log_value(std::string& out, bool value) { out += value ? "true" : "false"; }

std::string line_of(LogLevel level, std::string_view message,
                    std::initializer_list<LogField> fields) {
    std::string line = "{\"level\":";
    append_json_string(line, word_of(level));
    line += ",\"time\":";
    append_json_string(line, now_text());
    for (const LogField& field : fields) {
        line += ',';
        append_json_string(line, field.name);
        line += ':';
        std::visit([&](const auto& value) { append_log_value(line, value); }, field.value);
    }
    line += ",\"message\":";
    append_json_string(line, message);
    line += "}\n";
    return line;
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

enum class Written { some, not_now, never };

// At most what surely fits a pipe that has room, so that no write waits in the kernel.
Written write_some(int descriptor, std::string_view& text, int wait_in_ms) {
    constexpr std::size_t most = 4096;  // PIPE_BUF
    pollfd ready{descriptor, POLLOUT, 0};
    if (::poll(&ready, 1, wait_in_ms) == 0) return Written::not_now;
    const ssize_t count = ::write(descriptor, text.data(), std::min(text.size(), most));
    if (count < 0) return errno == EINTR || errno == EAGAIN ? Written::not_now : Written::never;
    text.remove_prefix(static_cast<std::size_t>(count));
    return Written::some;
}

}  // namespace

ProxyLog::ProxyLog(LogLevel lowest, int descriptor)
    : lowest_{lowest}, descriptor_{descriptor}, thread_{[this] { drain(); }} {}

ProxyLog::~ProxyLog() {
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    more_.notify_one();
    thread_.join();
}

void ProxyLog::write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
    if (!wants(level)) return;
    std::string line = line_of(level, message, fields);
    {
        const std::lock_guard lock{mutex_};
        if (waiting_.size() + line.size() > most_waiting) {
            ++left_out_;
            return;
        }
        waiting_ += line;
    }
    more_.notify_one();
}

void ProxyLog::drain() {
    // Signals are for the thread that asked for them; a reader that has gone is no reason to end.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    constexpr int look_again_in_ms = 100;
    while (true) {
        std::string lines;
        bool ending = false;
        {
            std::unique_lock lock{mutex_};
            more_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            lines.swap(waiting_);
            ending = ending_;
            const std::uint64_t left_out = std::exchange(left_out_, 0);
            if (left_out > 0 && wants(LogLevel::warn)) {
                lines +=
                    line_of(LogLevel::warn, "Log lines were left out: nobody read them in time",
                            {{"lines", number(left_out)}});
            }
        }
        std::string_view rest{lines};
        int waited = 0;
        while (!rest.empty()) {
            const Written written = write_some(descriptor_, rest, look_again_in_ms);
            if (written == Written::never) break;  // who read it has gone
            if (written == Written::some) continue;
            waited += look_again_in_ms;
            const std::lock_guard lock{mutex_};
            if (ending_ && waited >= patience_in_ms) return;
        }
        if (ending) return;
    }
}

void ProxyLog::accepted(const std::string& proxy, std::int64_t connection,
                        const std::string& client) {
    write(LogLevel::info, "Accepted client",
          {{"proxy", proxy}, {"connection", connection}, {"client", client}});
}

void ProxyLog::connect_failed(const std::string& proxy, std::int64_t connection,
                              const std::string& upstream, const std::string& why) {
    write(LogLevel::error, "Unable to open connection to upstream",
          {{"proxy", proxy}, {"connection", connection}, {"upstream", upstream}, {"err", why}});
}

void ProxyLog::closed(const std::string& proxy, std::int64_t connection, const std::string& by,
                      std::uint64_t bytes_up, std::uint64_t bytes_down) {
    write(LogLevel::info, "Connection closed",
          {{"proxy", proxy},
           {"connection", connection},
           {"by", by},
           {"bytes_up", number(bytes_up)},
           {"bytes_down", number(bytes_down)}});
}

void ProxyLog::rule_met(const std::string& proxy, std::int64_t connection,
                        const std::string& rule) {
    write(LogLevel::debug, "Toxic applied",
          {{"proxy", proxy}, {"connection", connection}, {"rule", rule}});
}

void ProxyLog::accept_paused(const std::string& proxy, const std::string& why) {
    write(LogLevel::warn, "Accepting paused", {{"proxy", proxy}, {"err", why}});
}

void ProxyLog::accept_resumed(const std::string& proxy) {
    write(LogLevel::warn, "Accepting goes on", {{"proxy", proxy}});
}

void ProxyLog::unreachable(const std::string& proxy, std::int64_t connection,
                           const std::string& upstream, const std::string& why) {
    write(LogLevel::warn, "Upstream is unreachable",
          {{"proxy", proxy}, {"connection", connection}, {"upstream", upstream}, {"err", why}});
}

}  // namespace etimedout
