// Pins make nodes alike; sysctls are written per node, with errors that say why not.
#include <gtest/gtest.h>

#include "simulator/base/error.hh"
#include "simulator/net/kernel_habits.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"

namespace etimedout::testing {
namespace {

template <class Call>
std::string message_of(Call call) {
    try {
        call();
    } catch (const Error& failure) {
        return std::string{failure.what()} + "; " + failure.advice();
    }
    return "no error";
}

TEST(NodePins, AreWhatTheyShouldBe) {
    // The host's own values do not reach a node.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    const auto shortfalls = pin_node_defaults();
    EXPECT_EQ(read_sysctl("net.ipv4.tcp_congestion_control"),
              shortfalls.empty() ? "cubic" : "reno");
    for (const auto& shortfall : shortfalls) {
        EXPECT_NE(shortfall.find("tcp_allowed_congestion_control"), std::string::npos) << shortfall;
    }
    EXPECT_EQ(read_sysctl("net.ipv4.tcp_no_metrics_save"), "1");
    EXPECT_EQ(read_sysctl("net.ipv4.icmp_ratelimit"), "0");
    EXPECT_EQ(read_sysctl("net.ipv4.ip_forward"), "0");
}

TEST(NodePins, RoutersForward) {
    // A router is a node that forwards in both IP versions.
    const Fd router = new_network_namespace();
    const NamespaceGuard inside{router.get()};
    pin_router_defaults();
    EXPECT_EQ(read_sysctl("net.ipv4.ip_forward"), "1");
    EXPECT_EQ(read_sysctl("net.ipv6.conf.all.forwarding"), "1");
}

TEST(NodePins, ASysctlBelongsToOneNode) {
    // What one node writes, another does not see.
    const Fd one = new_network_namespace();
    const Fd other = new_network_namespace();
    std::string before;
    {
        const NamespaceGuard inside{other.get()};
        before = read_sysctl("net.ipv4.tcp_syn_retries");
    }
    {
        const NamespaceGuard inside{one.get()};
        write_sysctl("net.ipv4.tcp_syn_retries", "2");
        EXPECT_EQ(read_sysctl("net.ipv4.tcp_syn_retries"), "2");
    }
    const NamespaceGuard inside{other.get()};
    EXPECT_EQ(read_sysctl("net.ipv4.tcp_syn_retries"), before);
    EXPECT_NE(before, "2");
}

TEST(NodePins, UnknownSysctlsAreUnsupported) {
    // The kernel has no such file.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    EXPECT_EQ(message_of([] { write_sysctl("net.ipv4.tcp_syn_retires", "2"); }),
              "sysctl net.ipv4.tcp_syn_retires: unsupported by this kernel; check the spelling, "
              "or run with --time virtual, whose kernel is newer");
}

TEST(NodePins, SysctlsOfTheWholeKernelAreNotANodes) {
    // tcp_mem is one for all namespaces, and so is everything outside net.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    EXPECT_EQ(message_of([] { write_sysctl("net.ipv4.tcp_mem", "1 2 3"); }),
              "sysctl net.ipv4.tcp_mem: not one per node, but one for the whole kernel; leave it "
              "out; no node can have its own");
    EXPECT_EQ(message_of([] { write_sysctl("vm.swappiness", "1"); }),
              "sysctl vm.swappiness: not one per node, but one for the whole kernel; only names "
              "that begin with `net.` can be set for a node");
}

TEST(NodePins, RefusedValuesSayWhichAndWhy) {
    // The kernel takes 1 to 127 for tcp_syn_retries.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    EXPECT_EQ(message_of([] { write_sysctl("net.ipv4.tcp_syn_retries", "many"); }),
              "sysctl net.ipv4.tcp_syn_retries = many: Invalid argument (EINVAL); the kernel "
              "refuses this value; see its ip-sysctl document");
}

TEST(NodePins, OlderHabitsAreWritten) {
    // Linux 6.5 brought linear SYN timeouts; a kernel without them has the old habit anyway.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    pin_habits_of("linux-6.1");
    const std::string linear =
        message_of([] { EXPECT_EQ(read_sysctl("net.ipv4.tcp_syn_linear_timeouts"), "0"); });
    EXPECT_TRUE(linear == "no error" || linear.find("unsupported") != std::string::npos) << linear;
    pin_habits_of("linux-4.19");
    EXPECT_EQ(read_sysctl("net.core.somaxconn"), "128");
}

TEST(NodePins, HabitsEndWithTheReleaseThatChangedThem) {
    // 5.10 is newer than 5.4, which a comparison of texts gets wrong; the newest has no habits.
    const auto value = [](std::string_view release, const char* sysctl) -> std::string {
        const auto habits = habits_of(release);
        const auto found = habits.find(sysctl);
        return found != habits.end() ? found->second : "as now";
    };
    EXPECT_EQ(value("linux-4.19", "net.core.somaxconn"), "128");
    EXPECT_EQ(value("linux-5.4", "net.core.somaxconn"), "as now");
    EXPECT_EQ(value("linux-5.4", "net.ipv4.tcp_comp_sack_slack_ns"), "0");
    EXPECT_EQ(value("linux-5.10", "net.ipv4.tcp_comp_sack_slack_ns"), "as now");
    EXPECT_EQ(value("linux-5.15", "net.ipv4.tcp_challenge_ack_limit"), "1000");
    EXPECT_EQ(value("linux-6.1", "net.ipv4.tcp_challenge_ack_limit"), "as now");
    EXPECT_EQ(value("linux-6.1", "net.ipv4.tcp_syn_linear_timeouts"), "0");
    EXPECT_EQ(value("linux-6.6", "net.ipv4.tcp_syn_linear_timeouts"), "as now");
    EXPECT_TRUE(habits_of("linux-6.12").empty());
}

TEST(NodePins, EveryHabitIsOneOfANamespace) {
    // Whatever this kernel knows of the table must be writable for a node, and stay written.
    const Fd node = new_network_namespace();
    const NamespaceGuard inside{node.get()};
    std::size_t there = 0;
    for (const KernelHabit& habit : kernel_habits()) {
        try {
            read_sysctl(habit.sysctl);
        } catch (const Error&) {
            continue;  // an older kernel than the release that brought it
        }
        write_sysctl(habit.sysctl, habit.value);
        EXPECT_EQ(read_sysctl(habit.sysctl), habit.value) << habit.sysctl;
        ++there;
    }
    EXPECT_GE(there, 2U);  // those of Linux 5.4 and before
}

TEST(NodePins, UnknownReleasesNameTheKnown) {
    // A release that nobody has compared with is not guessed.
    EXPECT_EQ(message_of([] { pin_habits_of("linux-6.2"); }).substr(0, 56),
              "like: `linux-6.2` is not a release whose habits are know");
    EXPECT_NE(message_of([] { pin_habits_of("linux-6.2"); }).find("linux-6.1"), std::string::npos);
}

}  // namespace
}  // namespace etimedout::testing
