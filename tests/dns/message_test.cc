// Messages: what a resolver reads and writes, and what a capture shows of it.
#include "simulator/dns/message.hh"

#include <gtest/gtest.h>

#include "simulator/wire/dns_message.hh"
#include "tests/dns/queries.hh"

namespace etimedout {
namespace {

using test::query_for;

ZoneAnswer two_addresses() {
    return {
        .records = {{"api.example", "A", "10.0.0.1", 9s}, {"api.example", "A", "10.0.0.2", 7s}}};
}

ZoneAnswer many_addresses(int count) {
    ZoneAnswer answer;
    for (int i = 1; i <= count; ++i) {
        answer.records.push_back({"api.example", "A", "10.0.0." + std::to_string(i), 9s});
    }
    return answer;
}

TEST(DnsMessages, AQueryIsReadAsItWasSent) {
    const auto query = read_query(query_for("Api.Example", test::type_aaaa, 77));
    ASSERT_TRUE(query);
    EXPECT_EQ(query->id, 77);
    EXPECT_EQ(query->name, "api.example");
    EXPECT_EQ(query->type, "AAAA");
    EXPECT_EQ(query->most_udp, 512U);
    EXPECT_TRUE(query->is_standard);
    EXPECT_EQ(read_query(test::query_with_room("a.example", test::type_a, 1000))->most_udp, 1000U);
}

TEST(DnsMessages, AnAnswerIsNoQuery) {
    const auto query = read_query(query_for("api.example", test::type_a));
    EXPECT_FALSE(read_query(write_answer(*query, two_addresses(), 512)));
    EXPECT_FALSE(read_query(as_byte_view("not a message")));
}

TEST(DnsMessages, WhatIsWrittenIsWhatACaptureShows) {
    const auto query = read_query(query_for("Api.Example", test::type_a, 5));
    const auto fact = read_dns_message(write_answer(*query, two_addresses(), 512));
    ASSERT_TRUE(fact);
    EXPECT_TRUE(fact->answer);
    EXPECT_EQ(fact->id, 5);
    EXPECT_EQ(fact->name, "api.example");
    EXPECT_EQ(fact->type, "A");
    EXPECT_EQ(fact->rcode, "NOERROR");
    EXPECT_EQ(fact->records, (std::vector<std::string>{"A 10.0.0.1", "A 10.0.0.2"}));
    EXPECT_EQ(fact->ttl, Duration{7s});
}

TEST(DnsMessages, TheQuestionComesBackInTheCaseItWasAskedIn) {
    // Who varies the case of letters to make answers hard to forge compares it.
    const auto bytes = query_for("aPi.ExAmPlE", test::type_a);
    const auto answer = write_answer(*read_query(bytes), two_addresses(), 512);
    const auto question = [](const std::vector<std::byte>& message) {
        return std::vector<std::byte>{message.begin() + 12, message.begin() + 12 + 13};
    };
    EXPECT_EQ(question(answer), question(bytes));
}

TEST(DnsMessages, ACodeComesWithHowLongItMayBeKept) {
    const auto query = read_query(query_for("no.example", test::type_a));
    const auto bytes = write_answer(*query, {.code = DnsCode::nxdomain, .negative_ttl = 30s}, 512);
    EXPECT_EQ(read_dns_message(bytes)->rcode, "NXDOMAIN");
    EXPECT_EQ(read_u16(bytes, 8), 1) << "one record in the authority section";
}

TEST(DnsMessages, WhatDoesNotFitSaysAskOverTcp) {
    // 40 addresses take 16 bytes each.
    const auto query = read_query(query_for("api.example", test::type_a));
    const auto cut = read_dns_message(write_answer(*query, many_addresses(40), 512));
    EXPECT_TRUE(cut->truncated);
    EXPECT_TRUE(cut->records.empty());
    const auto whole = read_dns_message(write_answer(*query, many_addresses(40), 65535));
    EXPECT_FALSE(whole->truncated);
    EXPECT_EQ(whole->records.size(), 40U);
}

TEST(DnsMessages, EachMalformationIsWrongInItsOwnWay) {
    const auto query = read_query(query_for("api.example", test::type_a, 5));
    const auto made = [&](DnsMalformation how) {
        return write_malformed(*query, two_addresses(), how);
    };
    EXPECT_FALSE(read_dns_message(made(DnsMalformation::garbage)));
    EXPECT_FALSE(read_dns_message(made(DnsMalformation::cut)));
    EXPECT_FALSE(read_dns_message(made(DnsMalformation::pointer_loop)));
    EXPECT_NE(read_dns_message(made(DnsMalformation::wrong_id))->id, 5);
    EXPECT_EQ(read_dns_message(made(DnsMalformation::wrong_question))->name, "another.invalid");
    EXPECT_FALSE(read_dns_message(made(DnsMalformation::no_answer))->answer);
}

TEST(DnsMessages, AStreamIsSplitWhereItsLengthsSay) {
    DnsStreamSplitter splitter;
    const auto message = query_for("api.example", test::type_a);
    std::vector<std::byte> stream;
    for (int i = 0; i < 2; ++i) {
        test::append_u16(stream, static_cast<std::uint16_t>(message.size()));
        stream.insert(stream.end(), message.begin(), message.end());
    }
    // Byte by byte, so that every cut is tried.
    int found = 0;
    for (const std::byte byte : stream) {
        splitter.add({&byte, 1});
        while (const auto next = splitter.next()) {
            EXPECT_EQ(*next, message);
            ++found;
        }
    }
    EXPECT_EQ(found, 2);
    splitter.add(stream);
    splitter.give_up();
    EXPECT_FALSE(splitter.next());
}

}  // namespace
}  // namespace etimedout
