// Resolver over loopback: UDP and TCP, and what faults do to each. No test waits for an absence.
#include "simulator/dns/resolver.hh"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "simulator/base/fd.hh"
#include "simulator/wire/dns_message.hh"
#include "tests/dns/queries.hh"

namespace etimedout {
namespace {

class ResolverTest : public testing::Test {
protected:
    static ResolverSpec spec() {
        ResolverSpec made;
        made.records["api.example"].a = {"10.0.0.1"};
        return made;
    }

    Fd connected(int type) const {
        Fd fd{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(resolver_.port());
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked("connect", ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
        return fd;
    }
    static void send(const Fd& fd, const std::vector<std::byte>& bytes) {
        checked("send", ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
    static DnsFact receive(const Fd& fd) {
        std::vector<std::byte> bytes(65535);
        bytes.resize(static_cast<std::size_t>(
            checked("recv", ::recv(fd.get(), bytes.data(), bytes.size(), 0))));
        return read_dns_message(bytes).value();
    }
    static std::vector<std::byte> framed(const std::vector<std::byte>& message) {
        std::vector<std::byte> bytes;
        test::append_u16(bytes, static_cast<std::uint16_t>(message.size()));
        bytes.insert(bytes.end(), message.begin(), message.end());
        return bytes;
    }
    static DnsFact receive_framed(const Fd& fd) {
        std::array<std::byte, 2> length{};
        checked("recv", ::recv(fd.get(), length.data(), 2, MSG_WAITALL));
        std::vector<std::byte> bytes(read_u16(length, 0));
        checked("recv", ::recv(fd.get(), bytes.data(), bytes.size(), MSG_WAITALL));
        return read_dns_message(bytes).value();
    }
    DnsFact ask(std::string_view name) const {
        const Fd fd = connected(SOCK_DGRAM);
        send(fd, test::query_for(name, test::type_a));
        return receive(fd);
    }

    WorldClock clock_;
    Resolver resolver_{"dns", spec(), 1, clock_, 0};
};

TEST_F(ResolverTest, AnswersOverUdp) {
    EXPECT_EQ(ask("api.example").records, std::vector<std::string>{"A 10.0.0.1"});
    EXPECT_EQ(ask("no.example").rcode, "NXDOMAIN");
    EXPECT_EQ(resolver_.record().queries, 2);
}

TEST_F(ResolverTest, AnswersSeveralQueriesOnOneStream) {
    const Fd fd = connected(SOCK_STREAM);
    std::vector<std::byte> both = framed(test::query_for("api.example", test::type_a, 1));
    const auto second = framed(test::query_for("no.example", test::type_a, 2));
    both.insert(both.end(), second.begin(), second.end());
    send(fd, both);
    EXPECT_EQ(receive_framed(fd).id, 1);
    EXPECT_EQ(receive_framed(fd).id, 2);
}

TEST_F(ResolverTest, ASilentOneLeavesThatQueryOutAndNoOther) {
    // Both are sent over one socket: if the first were answered, it would come first.
    resolver_.arm({"f", DnsSilent{}, {.query = "api.example"}});
    const Fd fd = connected(SOCK_DGRAM);
    send(fd, test::query_for("api.example", test::type_a, 1));
    send(fd, test::query_for("no.example", test::type_a, 2));
    EXPECT_EQ(receive(fd).id, 2);
    EXPECT_EQ(resolver_.witness("f").fired, 1);
    resolver_.heal("f");
    EXPECT_EQ(ask("api.example").rcode, "NOERROR");
}

TEST_F(ResolverTest, ASlowAnswerLetsLaterOnesPass) {
    resolver_.arm({"f", DnsSlow{.delay = 50ms}, {.query = "api.example"}});
    const Fd fd = connected(SOCK_STREAM);
    send(fd, framed(test::query_for("api.example", test::type_a, 1)));
    send(fd, framed(test::query_for("no.example", test::type_a, 2)));
    EXPECT_EQ(receive_framed(fd).id, 2);
    EXPECT_EQ(receive_framed(fd).id, 1);
}

TEST_F(ResolverTest, TruncatedOverUdpIsWholeOverTcp) {
    resolver_.arm({"f", DnsTruncated{}, {}});
    EXPECT_TRUE(ask("api.example").truncated);
    const Fd fd = connected(SOCK_STREAM);
    send(fd, framed(test::query_for("api.example", test::type_a)));
    EXPECT_EQ(receive_framed(fd).records.size(), 1U);
}

TEST_F(ResolverTest, RecordsChangeWhileItServes) {
    DnsRecords changed;
    changed["API.example"].a = {"10.0.0.2"};
    resolver_.set(changed);
    EXPECT_EQ(ask("api.example").records, std::vector<std::string>{"A 10.0.0.2"});
    changed["API.example"] = {};
    resolver_.set(changed);
    EXPECT_EQ(ask("api.example").rcode, "NXDOMAIN");
}

TEST_F(ResolverTest, WhatIsNoQueryGetsNoAnswerAndDoesNoHarm) {
    const Fd fd = connected(SOCK_DGRAM);
    send(fd, std::vector<std::byte>(3, std::byte{0xff}));
    send(fd, test::query_for("api.example", test::type_a, 9));
    EXPECT_EQ(receive(fd).id, 9);
    EXPECT_TRUE(resolver_.record().trouble.empty());
}

TEST_F(ResolverTest, EndsWhileAnswersAreStillDue) {
    // An answer to the second query says that the first has been read.
    resolver_.arm({"f", DnsSlow{.delay = 1h}, {.query = "api.example"}});
    const Fd udp = connected(SOCK_DGRAM);
    send(udp, test::query_for("api.example", test::type_a, 1));
    send(udp, test::query_for("no.example", test::type_a, 2));
    EXPECT_EQ(receive(udp).id, 2);
    const Fd tcp = connected(SOCK_STREAM);
    send(tcp, framed(test::query_for("api.example", test::type_a, 1)));
    send(tcp, framed(test::query_for("no.example", test::type_a, 2)));
    EXPECT_EQ(receive_framed(tcp).id, 2);
    EXPECT_EQ(resolver_.witness("f").fired, 2);
}

}  // namespace
}  // namespace etimedout
