// What a diagnosis may not depend on, and what a capture alone still says.
#include <gtest/gtest.h>

#include "simulator/events/jsonl.hh"
#include "simulator/wire/pcap_file.hh"
#include "tests/diagnose/story.hh"

namespace etimedout::testing {

namespace {

EventLog secretive_log() {
    Story story = Story::direct();
    story.put(0s, StepBegin{1, "fault", "blackhole"});
    story.put(0s, FaultArmed{"blackhole", "blackhole", "api"});
    story.call(0s, 5s, ended("connect_timeout"));
    for (int i = 0; i < 5; ++i) story.packet("api", "near", 1s * i, "syn", "client", i);
    story.line("server", 1s, "10.1.1.2 calls api of server");
    story.put(5s, FaultWitness{"blackhole", 5, 5, "the rule's counter"});
    return story.end(9s);
}

// Takes the far ends and the nodes away, as one capture at the caller would.
EventLog as_one_capture(const EventLog& log) {
    EventLog alone;
    for (const Event& event : log) {
        const auto* tcp = std::get_if<TcpEvent>(&event.what);
        const auto* http = std::get_if<HttpMessage>(&event.what);
        if ((tcp != nullptr && tcp->end == "near") || (http != nullptr && http->end == "near")) {
            alone.push_back(event);
        }
    }
    return alone;
}

}  // namespace

TEST(Anonymous, NothingOfTheScenarioIsLeft) {
    const std::string text = write_event_log(anonymous(secretive_log()));
    for (const char* word : {"blackhole", "secret", "client\"", "\"api\"", "server\"", "10.1.1.2",
                             "10.1.2.2", "step", "fault", "of server"}) {
        // `client` and `server` are also words for the sides of a connection: not as nodes.
        if (std::string_view{word} == "client\"" || std::string_view{word} == "server\"") {
            EXPECT_EQ(text.find(std::string{"\"node\":\""} + word), std::string::npos) << word;
            continue;
        }
        EXPECT_EQ(text.find(word), std::string::npos) << word;
    }
}

TEST(Anonymous, ADiagnosisStaysTheSame) {
    const auto cases = diagnose(secretive_log());
    const auto blind = diagnose(anonymous(secretive_log()));
    ASSERT_EQ(cases.size(), 1U);
    ASSERT_EQ(blind.size(), 1U);
    EXPECT_EQ(cases[0].diagnosis, blind[0].diagnosis);
    EXPECT_EQ(cases[0].diagnosis.cause, RootCause::firewall);
}

TEST(CaptureAlone, UnansweredSynsAreNotEnough) {
    // From one end a firewall, a full queue and a dead host look the same.
    const auto cases = diagnose(as_one_capture(secretive_log()));
    ASSERT_EQ(cases.size(), 1U);
    EXPECT_EQ(cases[0].diagnosis.cause, RootCause::not_enough_evidence);
    EXPECT_EQ(cases[0].diagnosis.finding, "SYNs are not answered");
    EXPECT_FALSE(cases[0].diagnosis.remedy.empty());
}

TEST(CaptureAlone, ARefusalIsLikelyADeadServiceAndNotCertainly) {
    Story story = Story::direct();
    story.up("api", 0s, "syn").down("api", one_way, "rst");
    const auto cases = diagnose(as_one_capture(story.end(1s)));
    ASSERT_EQ(cases.size(), 1U);
    EXPECT_EQ(cases[0].diagnosis.cause, RootCause::down);
    EXPECT_EQ(cases[0].diagnosis.confidence, Confidence::likely);
}

TEST(CaptureAlone, AnUnansweredRequestIsNotEnough) {
    Story story = Story::direct();
    story.handshake("api", 0s).request("api", 1ms).fin("api", 5s);
    const auto cases = diagnose(as_one_capture(story.end(6s)));
    ASSERT_EQ(cases.size(), 1U);
    EXPECT_EQ(cases[0].diagnosis.cause, RootCause::not_enough_evidence);
}

TEST(CaptureAlone, AnEmptyCaptureHasNoCases) {
    std::vector<std::byte> file;
    append_pcap_header(file);
    EXPECT_TRUE(diagnose(log_of_capture(file)).empty());
}

TEST(CaptureAlone, PcapngIsToldHowToBecomePcap) {
    const std::string bytes{"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a", 12};
    try {
        log_of_capture(std::as_bytes(std::span{bytes}));
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.advice().find("editcap -F pcap"), std::string::npos) << error.advice();
    }
}

}  // namespace etimedout::testing
