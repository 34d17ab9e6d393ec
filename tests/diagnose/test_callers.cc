// What fails before a packet leaves, and names that lead nowhere; and what looks alike.
#include <gtest/gtest.h>

#include "tests/diagnose/story.hh"

namespace etimedout::testing {

namespace {

Story with_resolver() {
    Story story = Story::direct();
    story.link("names", "client", "resolver", 53);
    return story;
}

}  // namespace

TEST(DiagnoseCallers, NoPortIsAKernelLimit) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("unreachable", "EADDRNOTAVAIL"), "tcp");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "kernel limits, certain: the caller has no free ephemeral port");
}

TEST(DiagnoseCallers, NoDescriptorIsOverload) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("failed", "EMFILE"), "tcp");
    EXPECT_EQ(verdict_of(story.end(2s)),
              "server overload, certain: the caller has no free file descriptor");
}

TEST(DiagnoseCallers, NoRouteAndNoPacketIsTheCallersConfiguration) {
    Story story = Story::direct();
    story.call(0s, 1ms, ended("unreachable", "ENETUNREACH"), "tcp");
    EXPECT_EQ(only(story.end(2s)).cause, RootCause::down);
}

TEST(DiagnoseCallers, NothingSeenAndNothingSaidIsNotEnough) {
    Story story = Story::direct();
    story.call(0s, 10s, ended("total_timeout"), "exec");
    EXPECT_EQ(only(story.end(20s)).cause, RootCause::not_enough_evidence);
}

TEST(DiagnoseCallers, EachRefusalOfAResolverIsDns) {
    for (const char* rcode : {"NXDOMAIN", "SERVFAIL", "REFUSED"}) {
        Story story = with_resolver();
        story.call(0s, 5ms, ended("dns_failure"));
        story.dns("names", 1ms, Story::query("db.example"));
        story.dns("names", 2ms, Story::answer("db.example", rcode));
        const Diagnosis found = only(story.end(2s));
        EXPECT_EQ(verdict(found), "DNS, certain: the name could not be resolved");
        EXPECT_NE(found.evidence.front().find(rcode), std::string::npos) << found.evidence.front();
    }
}

TEST(DiagnoseCallers, ASilentResolverIsDns) {
    Story story = with_resolver();
    story.call(0s, 10s, ended("dns_timeout"));
    story.dns("names", 1ms, Story::query("db.example", 1));
    story.dns("names", 5s, Story::query("db.example", 2));
    EXPECT_EQ(verdict_of(story.end(20s)), "DNS, certain: the resolver does not answer");
}

TEST(DiagnoseCallers, AGoodAnswerIsNoReasonWhenTheCalleeIsSilent) {
    Story story = with_resolver();
    story.call(0s, 5s, ended("first_byte_timeout"));
    story.dns("names", 1ms, Story::query("db.example"));
    story.dns("names", 2ms,
              Story::answer("db.example", "NOERROR", {"A " + story.address_of("api")}));
    story.handshake("api", 3ms).request("api", 4ms).fin("api", 5s);
    EXPECT_EQ(only(story.end(10s)).cause, RootCause::application);
}

TEST(DiagnoseCallers, AnAnswerThatTookMostOfTheTimeIsDns) {
    Story story = with_resolver();
    story.call(0s, 6s, ended("total_timeout"));
    story.dns("names", 1ms, Story::query("db.example"));
    story.dns("names", 5s,
              Story::answer("db.example", "NOERROR", {"A " + story.address_of("api")}));
    story.handshake("api", 5001ms).request("api", 5002ms).fin("api", 6s);
    EXPECT_EQ(verdict_of(story.end(10s)),
              "DNS, certain: looking the name up took most of the time");
}

TEST(DiagnoseCallers, ATruncatedAnswerWithoutOneOverTcpIsDns) {
    Story story = with_resolver();
    story.call(0s, 5s, ended("dns_failure"));
    DnsMessage cut = Story::answer("db.example", "NOERROR");
    cut.truncated = true;
    story.dns("names", 1ms, Story::query("db.example")).dns("names", 2ms, cut);
    EXPECT_EQ(verdict_of(story.end(8s)),
              "DNS, certain: the answer was truncated, and not to be had over TCP");
}

TEST(DiagnoseCallers, AnAddressAtWhichNobodyIsIsDns) {
    Story story = with_resolver();
    story.call(0s, 5s, ended("connect_timeout"));
    story.dns("names", 1ms, Story::query("db.example"));
    story.dns("names", 2ms, Story::answer("db.example", "NOERROR", {"A 10.99.0.1"}));
    EXPECT_EQ(verdict_of(story.end(8s)),
              "DNS, certain: the name resolves to an address at which nobody is");
}

TEST(DiagnoseCallers, AnAddressThatDnsHasTakenBackIsStale) {
    Story story = with_resolver();
    story.dns("names", 1ms, Story::query("db.example"));
    story.dns("names", 2ms,
              Story::answer("db.example", "NOERROR", {"A " + story.address_of("api")}));
    story.dns("names", 30s, Story::query("db.example", 2));
    story.dns("names", 31s, Story::answer("db.example", "NOERROR", {"A 10.7.7.7"}, 2));
    story.call(60s, 65s, ended("connect_timeout"));
    for (int i = 0; i < 5; ++i) story.packet("api", "near", 60s + 1s * i, "syn", "client", i);
    EXPECT_EQ(verdict_of(story.end(70s)),
              "DNS, likely: the caller was given an address that is out of date");
}

TEST(DiagnoseCallers, NoCallNoCaseAndASuccessNone) {
    Story story = Story::direct();
    story.call(0s, 1ms, answered(200));
    story.handshake("api", 0s).request("api", 300us).response("api", 500us, 200);
    EXPECT_TRUE(diagnose(story.end(2s)).empty());
    // That the request was wrong is an answer, and no failure of what carried it.
    Story missing = Story::direct();
    missing.call(0s, 1ms, answered(404));
    EXPECT_TRUE(diagnose(missing.end(2s)).empty());
}

TEST(DiagnoseCallers, ACertificateThatNobodyAcceptsIsAMisconfiguredService) {
    // An answer came, and it is the caller who ends the handshake.
    for (const std::string_view words :
         {"SSL certificate problem: certificate has expired", "tlsv1 alert protocol version"}) {
        Story story = Story::direct();
        CallEnd end = ended("tls_failure");
        end.detail = words;
        story.call(0s, 2ms, std::move(end)).handshake("api", 0s).up("api", 1ms, "first_data");
        story.down("api", 1100us, "first_data").fin("api", 2ms);
        EXPECT_EQ(only(story.end(10s)).cause, RootCause::down) << words;
    }
}

TEST(DiagnoseCallers, WhatADatabaseSaysCounts) {
    const std::pair<std::string_view, RootCause> cases[] = {
        {"FATAL:  sorry, too many clients already", RootCause::overload},
        {"ERR max number of clients reached", RootCause::overload},
        {"ERROR:  canceling statement due to lock timeout", RootCause::application},
        {"ERROR:  deadlock detected", RootCause::application},
        {"FATAL:  database \"x\" does not exist", RootCause::not_enough_evidence}};
    for (const auto& [words, cause] : cases) {
        Story story = Story::direct();
        CallEnd end = ended("failed");
        end.standard_error = words;
        story.call(0s, 2ms, std::move(end), "exec").handshake("api", 0s);
        story.up("api", 1ms, "first_data").down("api", 1100us, "first_data").fin("api", 2ms);
        EXPECT_EQ(only(story.end(10s)).cause, cause) << words;
    }
}

TEST(DiagnoseCallers, AProgramsWordsNameItsErrno) {
    Story story = Story::direct();
    CallEnd end = ended("failed");
    end.standard_output = "connect EHOSTUNREACH 10.1.2.2:80";
    story.call(0s, 3s, std::move(end), "exec");
    EXPECT_EQ(verdict_of(story.end(5s)),
              "service down or misconfigured, likely: the caller has no route to that address");
}

TEST(DiagnoseCallers, ARefusalAtAnAddressThatDnsGaveIsOnlyLikelyADeadService) {
    for (const bool by_name : {false, true}) {
        Story story = Story::direct();
        if (by_name) {
            story.link("dns", "client", "resolver", 53);
            story.dns("dns", 0s, Story::query("server.example."));
            story.dns(
                "dns", 1ms,
                Story::answer("server.example.", "NOERROR", {"A " + story.address_of("api")}));
        }
        story.call(0s, 3ms, ended("connect_refused", "ECONNREFUSED")).up("api", 2ms, "syn");
        story.down("api", 2ms + one_way, "rst");
        const Diagnosis found = only(story.end(5s));
        EXPECT_EQ(found.cause, RootCause::down);
        EXPECT_EQ(found.confidence, by_name ? Confidence::likely : Confidence::certain);
    }
}

TEST(DiagnoseCallers, ALookupOfAMomentIsNoReason) {
    // Most of the time of a call that failed at once.
    for (const Duration took : {200us, 200'000us}) {
        Story story = with_resolver();
        story.call(0s, took + 10us, ended("unreachable", "EHOSTUNREACH"));
        story.dns("names", 0s, Story::query("db.example"));
        story.dns("names", took,
                  Story::answer("db.example", "NOERROR", {"A " + story.address_of("api")}));
        EXPECT_EQ(only(story.end(8s)).cause, took < 1ms ? RootCause::down : RootCause::dns);
    }
}

}  // namespace etimedout::testing
