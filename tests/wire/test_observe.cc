// Observing: counters and socket tables as the kernel writes them, and the merge into one log.
#include <span>

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include "harness/observe/counters.hh"
#include "harness/observe/merge.hh"
#include "harness/observe/stall_meter.hh"
#include "simulator/events/jsonl.hh"
#include "tests/wire/packet_builder.hh"

namespace etimedout {
namespace {

using namespace test;
using Values = std::map<std::string, std::int64_t>;

Values update(CounterHistory& history, std::string text) {
    Values changed;
    history.update(std::move(text), changed);
    return changed;
}

TEST(KernelCounters, NamesAreThoseOfNstat) {
    // The prefix without its colon, then the name; snmp6 has whole names.
    CounterHistory snmp;
    EXPECT_EQ(update(snmp,
                     "Tcp: RtoMin MaxConn ActiveOpens\nTcp: 200 -1 0\n"
                     "IcmpMsg: InType3\nIcmpMsg: 7\n"),
              (Values{{"TcpRtoMin", 200}, {"TcpMaxConn", -1}, {"IcmpMsgInType3", 7}}));
    CounterHistory snmp6;
    EXPECT_EQ(update(snmp6, "Ip6InReceives                   \t8\nIp6InOctets\t0\n"),
              (Values{{"Ip6InReceives", 8}}));
}

TEST(KernelCounters, OnlyWhatChangedIsTold) {
    // Absolute values of those that moved, also back to 0, also when lines appear in between.
    CounterHistory history;
    update(history, "A: x y\nA: 1 2\nB: z\nB: 3\n");
    EXPECT_EQ(update(history, "A: x y\nA: 1 2\nB: z\nB: 3\n"), Values{});
    EXPECT_EQ(update(history, "A: x y\nA: 1 5\nB: z\nB: 0\n"), (Values{{"Ay", 5}, {"Bz", 0}}));
    EXPECT_EQ(update(history, "A: x y\nA: 1 5\nN: n\nN: 4\nB: z\nB: 0\n"), (Values{{"Nn", 4}}));
    EXPECT_EQ(update(history, "A: x y\nA: 1 5\nB: z\nB: 1\n"), (Values{{"Bz", 1}}));
}

TEST(KernelCounters, OddTextsAreSurvived) {
    // Cut anywhere, and counters beyond 2^63.
    const std::string text = "Tcp: a b\nTcp: 1 18446744073709551615\nIp6X 3\n";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        parse_kernel_counters(std::string_view{text}.substr(0, size));
    }
    EXPECT_EQ(parse_kernel_counters(text).size(), 3U);
    EXPECT_TRUE(parse_kernel_counters("A: x\nB: 1\n\nC:\n").empty());
}

template <class Body>
std::vector<std::byte> diag_message(std::uint16_t type, const Body& body) {
    struct {
        nlmsghdr header{};
        Body body{};
    } message;
    message.header.nlmsg_len = sizeof message;
    message.header.nlmsg_type = type;
    message.body = body;
    const auto bytes = std::as_bytes(std::span{&message, 1});
    return {bytes.begin(), bytes.end()};
}

TEST(SocketTable, AnswersOfTheKernelAreCountedByState) {
    // Two listeners' worth of facts in a LISTEN message; queues of the others are summed.
    inet_diag_msg listener{};
    listener.idiag_state = 10;
    listener.id.idiag_sport = 0x901F;  // 8080 in network order
    listener.idiag_rqueue = 2;
    listener.idiag_wqueue = 128;
    inet_diag_msg established{};
    established.idiag_state = 1;
    established.idiag_rqueue = 5;
    established.idiag_wqueue = 7;
    auto datagram = diag_message(TCPDIAG_GETSOCK, listener);
    for (int i = 0; i < 2; ++i) {
        const auto next = diag_message(TCPDIAG_GETSOCK, established);
        datagram.insert(datagram.end(), next.begin(), next.end());
    }
    SocketTable table;
    EXPECT_TRUE(add_diag_messages(datagram, table).more);
    EXPECT_EQ(table.states, (Values{{"ESTAB", 2}, {"LISTEN", 1}}));
    EXPECT_EQ(table.listeners, (std::vector<Listener>{{8080, 2, 128}}));
    EXPECT_EQ(table.receive_queue, 10);
    EXPECT_EQ(table.send_queue, 14);
    const int nothing = 0;
    EXPECT_FALSE(add_diag_messages(diag_message(NLMSG_DONE, nothing), table).more);
    nlmsgerr error{};
    error.error = -ENOENT;
    EXPECT_EQ(add_diag_messages(diag_message(NLMSG_ERROR, error), table).error, ENOENT);
    for (std::size_t size = 0; size < datagram.size(); ++size) {
        SocketTable cut;
        add_diag_messages(std::span{datagram}.first(size), cut);
    }
}

TEST(SocketTable, StatesHaveTheNamesOfSs) {
    // include/net/tcp_states.h; 12 is a SYN that was answered and is not yet a socket.
    EXPECT_EQ(tcp_state_name(1), "ESTAB");
    EXPECT_EQ(tcp_state_name(6), "TIME-WAIT");
    EXPECT_EQ(tcp_state_name(8), "CLOSE-WAIT");
    EXPECT_EQ(tcp_state_name(11), "CLOSING");
    EXPECT_EQ(tcp_state_name(12), "SYN-RECV");
    EXPECT_EQ(tcp_state_name(99), "UNKNOWN");
}

std::string bytes_of(const CaptureBuilder& capture) { return std::string{as_text(capture.file())}; }

EventLog raw_log() {
    LogBegin begin;
    begin.scenario = "s";
    begin.start = "1970-01-01T00:00:01.000000005Z";
    return {{0ns, begin},
            {10ns, StepBegin{1, "call", {}}},
            {10ns, StepEnd{1}},
            {30ns, CaptureEnd{"l", "near", 2, 0}},
            {12ns, LogEnd{"ok", {}, {}}}};
}

// "t event", one per line.
std::string outline(const EventLog& log) {
    std::string text;
    for (const Event& event : log) {
        text += std::to_string(event.t.count()) + " " +
                std::visit([](const auto& what) { return std::string{what.kind}; }, event.what);
        if (const auto* tcp = std::get_if<TcpEvent>(&event.what))
            text += " " + tcp->link + " " + tcp->end;
        text += '\n';
    }
    return text;
}

TEST(Merge, EventsAreSortedWithTheWorldFirstAndTheLinksByName) {
    // Stamps count from the wall clock at t = 0, which has nanoseconds of its own.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(1'000'000'015ns, syn);
    const std::string bytes = bytes_of(capture);
    const EventLog log =
        merge_log(raw_log(), {{"l", "far", bytes}, {"m", "near", bytes}, {"l", "near", bytes}});
    EXPECT_EQ(outline(log),
              "0 log_begin\n10 step_begin\n10 step_end\n"
              "10 tcp l near\n10 connection\n10 tcp l far\n10 connection\n"
              "10 tcp m near\n10 connection\n30 capture_end\n12 log_end\n");
}

TEST(Merge, PacketsThatTheFileLacksAreCountedAsDropped) {
    // The world says two, the file has one and a half.
    CaptureBuilder capture;
    Talk talk{capture};
    talk.client_sends(1s, syn);
    talk.server_sends(1s, syn | ack);
    std::string bytes = bytes_of(capture);
    const auto dropped = [](const EventLog& log) {
        for (const Event& event : log) {
            if (const auto* end = std::get_if<CaptureEnd>(&event.what)) return end->dropped;
        }
        return std::int64_t{-1};
    };
    EXPECT_EQ(dropped(merge_log(raw_log(), {{"l", "near", bytes}})), 0);
    bytes.pop_back();
    EXPECT_EQ(dropped(merge_log(raw_log(), {{"l", "near", bytes}})), 1);
    EXPECT_EQ(dropped(merge_log(raw_log(), {{"l", "near", ""}})), 2);
}

TEST(Merge, WhatCannotBeReadIsNamed) {
    // The message says which capture, and what it is instead.
    try {
        merge_log(raw_log(), {{"up", "far", "no capture at all"}});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "the capture at the far end of link `up`: not a capture file: it begins with "
                     "63206f6e");
    }
    EXPECT_THROW(merge_log({}, {{"up", "far", ""}}), Error);
    EXPECT_TRUE(merge_log({}, {}).empty());
}

TEST(LateTimer, TellsHowLateItFiredAndCountsNoTimeTwice) {
    // Every 10 ms from 1 s on; 4 ms late is nothing, and what a stall skipped is not made up for.
    LateTimer timer{1s};
    EXPECT_EQ(timer.next(), 1010ms);
    EXPECT_EQ(timer.fired(1014ms), std::nullopt);
    EXPECT_EQ(timer.next(), 1020ms);
    EXPECT_EQ(timer.fired(1025ms), 5ms);
    EXPECT_EQ(timer.fired(1337ms), 307ms);
    EXPECT_EQ(timer.next(), 1340ms);
    EXPECT_EQ(timer.fired(1350ms), 10ms);
    EXPECT_EQ(timer.next(), 1360ms);
}

}  // namespace
}  // namespace etimedout
