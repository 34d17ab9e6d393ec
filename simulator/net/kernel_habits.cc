// Kernel habits: what older releases did otherwise, as far as a sysctl of one namespace says it.
#include "simulator/net/kernel_habits.hh"

#include <algorithm>
#include <array>
#include <charconv>

namespace etimedout {

namespace {

// Defaults of a release as it first came out, as tcp_sk_init() and Documentation/networking/
// ip-sysctl.rst give them; a distribution may have taken a change earlier. What did not change
// between the first and the last of the known releases (tcp_tw_reuse is 2 and tcp_autocorking 1
// in all of them), and what no sysctl can bring back, is not here.
constexpr std::array habits{
    KernelHabit{"5.0", "net.ipv4.tcp_limit_output_bytes", "262144",
                "a socket has 256 KiB in its node's queues at the most, not 1 MiB", "c73e5807e4f6"},
    KernelHabit{"5.4", "net.core.somaxconn", "128",
                "listen(2) is cut to 128 connections, not to 4096", "19f92a030ca6"},
    KernelHabit{"5.8", "net.ipv4.tcp_comp_sack_slack_ns", "0",
                "a compressed SACK is not late by up to 100 us more", "a70437cc09a1"},
    KernelHabit{"5.18", "net.ipv4.tcp_tso_rtt_log", "0",
                "segments handed down at once do not grow where the round trip is short",
                "65466904b015"},
    KernelHabit{"6.1", "net.ipv4.tcp_challenge_ack_limit", "1000",
                "1000 challenge ACKs a second (RFC 5961), not as many as are asked for",
                "79e3602caa6f"},
    KernelHabit{"6.5", "net.ipv4.tcp_syn_linear_timeouts", "0",
                "SYNs are repeated after 1, 2, 4, 8 s …, not four times after 1 s first",
                "ccce324dabfe"},
    KernelHabit{"6.7", "net.ipv4.tcp_backlog_ack_defer", "0",
                "each segment that waited for a busy reader is acknowledged by itself",
                "133c4c0d3717"}};

constexpr std::array<std::string_view, 7> releases{
    "linux-4.19", "linux-5.4", "linux-5.10", "linux-5.15", "linux-6.1", "linux-6.6", "linux-6.12"};

// "5.10" is newer than "5.4".
struct Version {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const Version&) const = default;
};

Version version_of(std::string_view text) {
    Version version;
    const char* const end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, version.major);
    if (major.ptr != end) std::from_chars(major.ptr + 1, end, version.minor);
    return version;
}

}  // namespace

std::span<const KernelHabit> kernel_habits() { return habits; }

std::span<const std::string_view> known_releases() { return releases; }

std::map<std::string, std::string> habits_of(std::string_view release) {
    std::map<std::string, std::string> found;
    if (std::find(releases.begin(), releases.end(), release) == releases.end()) return found;
    const Version version = version_of(release.substr(release.find('-') + 1));
    for (const KernelHabit& habit : habits) {
        if (version < version_of(habit.since)) found.emplace(habit.sysctl, habit.value);
    }
    return found;
}

}  // namespace etimedout
