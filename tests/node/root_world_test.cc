// What a node sees of the host, and what the host sees of a node.
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "simulator/base/clock.hh"
#include "simulator/node/text.hh"
#include "tests/node/world_fixture.hh"

namespace etimedout {

namespace {

using RootWorld = WorldFixture;

TEST_F(RootWorld, ANodeHasItsOwnNameAndFilesInEtc) {
    // A name lookup must not depend on what the host's administrator configured.
    const auto here = node("alpha");
    EXPECT_EQ(shell(here, "hostname; cat /etc/hostname | tr -d 0-9").output.substr(0, 5), "alpha");
    EXPECT_EQ(shell(here, "cat /etc/hosts").output, "127.0.0.1 localhost\n10.1.0.2 upstream\n");
    EXPECT_EQ(shell(here, "cat /etc/resolv.conf").output,
              "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n");
    EXPECT_EQ(shell(here, "grep ^hosts: /etc/nsswitch.conf").output, "hosts: files dns\n");
    EXPECT_EQ(shell(here, "cat /etc/machine-id").output.size(), 33U);
    EXPECT_EQ(shell(here, "cat /etc/gai.conf").output, "");
}

TEST_F(RootWorld, TheTimeZoneIsUtc) {
    // Log stamps must read the same on every machine.
    const auto here = node();
    EXPECT_EQ(shell(here, "date +%Z%z").output, "UTC+0000\n");
    EXPECT_EQ(shell(here, "unset TZ; date +%Z%z").output, "UTC+0000\n");
}

TEST_F(RootWorld, ALookupWithoutAResolverFailsAtOnce) {
    // Nobody listens at 127.0.0.1:53, so the kernel refuses; no timer of the resolver runs.
    const auto here = node();
    const WorldClock clock;
    EXPECT_EQ(shell(here, "getent hosts no.such.name").exit_code, 2);
    EXPECT_LT(clock.now(), 3s);
    EXPECT_EQ(shell(here, "getent hosts upstream").output, "10.1.0.2        upstream\n");
}

TEST_F(RootWorld, PrivateFoldersAreEmptyAndWritable) {
    // What lies in the host's /tmp, /run or /dev/shm is not part of a scenario.
    const auto here = node();
    EXPECT_EQ(shell(here, "ls -A /tmp /dev/shm").output, "/dev/shm:\n\n/tmp:\n");
    EXPECT_EQ(shell(here, "cd / && touch tmp/a run/b var/log/c dev/shm/d etc/e var/f").output, "");
    // Host files of users that a user namespace without root cannot map stay as they are.
    if (maps_all_users()) {
        EXPECT_EQ(shell(here, "touch /usr/bin/f").output, "");
    }
    EXPECT_EQ(shell(here, "find /var/log -type f ! -name c").output, "");
    EXPECT_EQ(shell(here, "stat -c %a /tmp /dev/shm /run/home").output, "1777\n1777\n1777\n");
}

TEST_F(RootWorld, WritesStayInTheNode) {
    // Two nodes and the host: three views.
    const auto one = node("one");
    const auto two = node("two");
    EXPECT_EQ(shell(one,
                    "echo x > /etc/only-here && rm /etc/passwd && echo y > /scenario/hello.txt "
                    "&& cat /scenario/hello.txt")
                  .output,
              "y\n");
    EXPECT_NE(shell(two, "cat /etc/only-here").exit_code, 0);
    EXPECT_EQ(shell(two, "grep -c ^root: /etc/passwd; cat /scenario/hello.txt").output,
              "1\nhello\n");
    EXPECT_FALSE(std::filesystem::exists("/etc/only-here"));
    EXPECT_TRUE(std::filesystem::exists("/etc/passwd"));
    EXPECT_EQ(read_text(root().scenario() / "hello.txt"), "hello\n");
}

TEST_F(RootWorld, TheWorldsOwnFoldersAreNotVisible) {
    // Process 1's stage, with the output folder and other nodes' files, went with the old root.
    const auto here = node();
    EXPECT_EQ(
        shell(here, "grep -c -e hostfs -e /nodes/ -e output /proc/self/mountinfo").output,
        shell(here, "grep -c -e 'scenario.*lowerdir' -e 'upperdir=' /proc/self/mountinfo").output);
    EXPECT_NE(shell(here, "ls /tmp/nodes").exit_code, 0);
}

TEST_F(RootWorld, SysctlsOfTheNetworkAreTheNodesOwn) {
    // Per network namespace, and writable; the host's others are not, unless the kernel is ours.
    const auto one = node("one");
    const auto two = node("two");
    const std::string forward = "/proc/sys/net/ipv4/ip_forward";
    EXPECT_EQ(shell(one, "echo 1 > " + forward + " && cat " + forward).output, "1\n");
    EXPECT_EQ(shell(two, "cat " + forward).output, "0\n");
    EXPECT_EQ(shell(two,
                    "echo 3 > /proc/sys/net/ipv4/tcp_syn_retries; cat "
                    "/proc/sys/net/ipv4/tcp_syn_retries")
                  .output,
              "3\n");
    EXPECT_EQ(shell(one, "cat /proc/sys/net/ipv4/tcp_syn_retries").output, "6\n");
}

TEST_F(RootWorld, ProcessOneCannotWriteToTheHost) {
    // Not even by mistake: all it sees of the host is mounted read-only, but for the output.
    const auto here = node();
    EXPECT_NE(shell(here, "touch /proc/1/root/etc/x /proc/1/root/var/tmp/x").exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists("/etc/x"));
    EXPECT_FALSE(std::filesystem::exists("/var/tmp/x"));
}

TEST_F(RootWorld, DevicesWork) {
    // Programs expect these of any Unix.
    const auto here = node();
    EXPECT_EQ(shell(here,
                    "echo x > /dev/null && head -c 4 /dev/zero | wc -c && "
                    "head -c 4 /dev/urandom | wc -c && echo ok > /dev/stdout")
                  .output,
              "4\n4\nok\n");
    EXPECT_EQ(shell(here, "test -c /dev/ptmx && ls /dev/pts").output, "ptmx\n");
}

TEST_F(RootWorld, MakingANodeIsQuick) {
    // A handful of mount calls; measured in CPU seconds of real time where the clock is virtual.
    const WorldClock clock;
    constexpr int count = 20;
    for (int i = 0; i < count; ++i) node("quick");
    RecordProperty("per_node", human(clock.now() / count));
    fmt::print("per node: {}\n", human(clock.now() / count));
}

}  // namespace

}  // namespace etimedout
