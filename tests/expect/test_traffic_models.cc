// Models of traffic, checks, names and streams, over logs written by hand: each holds once, and is
// missed for the reason that it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect/model_story.hh"

namespace etimedout {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// ------------------------------------------------------------------ hedge, rate_limit

TEST(HedgeModel, ASecondRequestWhileTheFirstHasNoAnswer) {
    // Sent again after 50 ms; the second is answered, and the first closed 1 ms later.
    const auto story = [](Duration second, Duration loser) {
        Story made;
        made.run(1, 1s, 200ms, response(200));
        made.ask({.at = 1s, .took = loser, .status = 0, .call = "c/1"});
        made.ask({.at = 1s + second, .took = 20ms, .call = "c/1"});
        return made;
    };
    const HedgeBound bound{.after = around("50ms ±5ms"), .count = count(1), .cancels_loser = true};
    const auto judged = [&](const Story& made) {
        return judge_at("up", {.of = "c", .hedge = bound}, made);
    };
    expect_pass(judged(story(50ms, 71ms)));
    expect_miss(judged(story(70ms, 91ms)), "after late by 15.00ms");
    expect_miss(judged(story(50ms, 900ms)), "cancels_loser false");
    Story alone;
    alone.run(1, 1s, 200ms, response(200)).ask({.at = 1s, .took = 150ms, .call = "c/1"});
    expect_miss(judged(alone), "none in 1 call");
    // One that is sent after the first was given up is a retry, and no hedge.
    expect_miss(judged(story(100ms, 80ms)), "none in 2 calls");
    Story twice = story(50ms, 71ms);
    twice.ask({.at = 1060ms, .took = 5ms, .status = 0, .call = "c/1"});
    expect_miss(judged(twice), "count 1 too many");
}

// A request every 100 ms, of which those in `refused` get 429.
Story limited(const std::vector<int>& refused, const std::string& retry_after = "1") {
    Story story;
    for (int i = 0; i < 20; ++i) {
        const bool no = std::find(refused.begin(), refused.end(), i) != refused.end();
        const Duration t = 1s + i * 100ms;
        story.run(i + 1, t, 5ms, response(no ? 429 : 200));
        std::map<std::string, std::string> headers;
        if (no && !retry_after.empty()) headers["retry-after"] = retry_after;
        story.ask({.at = t, .took = 5ms, .status = no ? 429 : 200, .response_headers = headers});
    }
    return story;
}

Finding limit(const RateLimitBound& bound, const Story& story) {
    return judge_at("up", {.rate_limit = bound}, story);
}

TEST(RateLimitModel, NoMoreInAnyWindow) {
    // Five a second let through: the first five of each ten.
    const std::vector<int> refused{5, 6, 7, 8, 9, 15, 16, 17, 18, 19};
    const RateLimitBound five{.requests = 5, .per = 1s};
    expect_pass(limit(five, limited(refused)));
    expect_miss(limit({.requests = 4, .per = 1s}, limited(refused)), "requests 1 too many");
    expect_miss(limit(five, limited({})), "none of 20 was refused");
}

TEST(RateLimitModel, ATokenBucket) {
    // A bucket of 5 that gets 5 a second: at ten a second it is empty after the ninth, and from
    // then on each other request is refused.
    const std::vector<int> refused{9, 11, 13, 15, 17, 19};
    const RateLimitBound bucket{.requests = 5, .per = 1s, .burst = 5};
    expect_pass(limit(bucket, limited(refused)));
    expect_miss(limit(bucket, limited({9, 11, 15, 17, 19})), "let through at 2.300s");
    expect_miss(limit(bucket, limited({3, 10, 12, 14, 16, 18})), "refused at 1.300s with 3.5");
}

TEST(RateLimitModel, RetryAfterOfTheRefused) {
    const RateLimitBound bound{.requests = 19, .per = 10s, .retry_after = exactly<Duration>(1s)};
    expect_pass(limit(bound, limited({4})));
    expect_miss(limit(bound, limited({4}, "60")), "retry_after late by 59.00s");
    expect_miss(limit(bound, limited({4}, "")), "no Retry-After");
}

// ------------------------------------------------------------------ health_check

// A check every 2 s and a request every second but while `out`; checks fail from the fourth to the
// seventh.
Story checked(Duration out_from, Duration out_to, bool checks_fail = true,
              bool others_fail = false) {
    Story story;
    for (int i = 1; i <= 12; ++i) {
        const bool bad = checks_fail && i >= 4 && i <= 7;
        story.ask({.at = 2s * i, .status = bad ? 503 : 200, .path = "/health?x=1"});
    }
    for (int i = 1; i <= 24; ++i) {
        const Duration t = 500ms + 1s * i;
        if (t > out_from && t < out_to) continue;
        const bool bad = others_fail && i >= 7 && i <= 14;
        story.ask({.at = t, .status = bad ? 500 : 200, .path = "/pay"});
    }
    return story;
}

Finding health(HealthCheckBound bound, const Story& story) {
    if (!bound.path) bound.path = "/health";
    return judge_at("up", {.health_check = bound}, story);
}

TEST(HealthCheckModel, TrafficFollowsTheChecks) {
    // Failures at 8, 10, 12 and 14 s; out after the third; two good ones at 16 and 18 s, then back.
    const HealthCheckBound bound{
        .every = around("2s ±5ms"), .unhealthy_after = count(3), .healthy_after = count(2)};
    expect_pass(health(bound, checked(12s, 18s)));
    expect_miss(health(bound, checked(10s, 18s)), "unhealthy_after 1 too few");
    expect_miss(health(bound, checked(12s, 16s)), "unhealthy_after 3, healthy_after 1");
    expect_miss(health(bound, checked(0s, 0s)), "other requests went on after 4 failed checks");
    expect_miss(health(bound, checked(12s, 18s, false)), "no check ever failed");
    expect_miss(health({.every = around("3s ±5ms")}, checked(12s, 18s)), "every early by 995.0ms");
    expect_miss(health({.path = "/other", .every = around("2s")}, checked(12s, 18s)),
                "there are no requests of /other on `up`");
    expect_miss(health({.unhealthy_after = count(5)}, checked(12s, 18s)),
                "never did as many fail in a row");
}

TEST(HealthCheckModel, ACheckThatLies) {
    // Requests fail for 8 s, and the checks see nothing of it.
    expect_pass(health({.lies = true}, checked(0s, 0s, false, true)));
    expect_miss(health({.lies = false}, checked(0s, 0s, false, true)),
                "true: 8 requests failed between checks that succeeded");
    expect_miss(health({.lies = true}, checked(0s, 0s, false, false)), "lies false");
}

TEST(HealthCheckModel, AConnectionIsACheckToo) {
    // As HAProxy's: SYN, SYN-ACK, RST, every 2 s. The one at 6 s is not accepted.
    const auto judged = [](const HealthCheckBound& bound) {
        Story story;
        for (std::int64_t i = 1; i <= 4; ++i) {
            const Duration t = std::chrono::seconds{2 * i};
            TcpEvent event;
            event.link = "up";
            event.end = "near";
            event.connection = i;
            event.what = "syn_ack";
            event.by = "server";
            if (i != 3) story.log.put(t + 1ms, event);
            story.log.connection({.number = i, .began = t, .closed = t + 2ms, .closed_how = "rst"});
        }
        return judge_at("up", {.health_check = bound}, story);
    };
    const Finding held = judged({.every = around("2s ±1ms")});
    expect_pass(held);
    EXPECT_THAT(held.evidence.front(), HasSubstr("4 checks, of which 1 failed"));
    expect_miss(judged({.every = around("5s")}), "every early by");
}

// ------------------------------------------------------------------ dns_cache

DnsMessage dns(const std::string& what, std::int64_t id, const std::string& address = {},
               Duration ttl = 10s) {
    DnsMessage message;
    message.link = "up";
    message.end = "near";
    message.what = what;
    message.transport = "udp";
    message.id = id;
    message.name = "pay.example";
    message.type = "A";
    if (what == "answer") {
        message.rcode = "NOERROR";
        message.ttl = ttl;
        message.records = {"A " + address};
    }
    return message;
}

// Asked at 1 s, good for 10 s; connected to at 2 s and `late`; asked again at `again`, if at all.
Story cached(std::optional<Duration> again, Duration late) {
    Story story;
    story.run(1, 1s, 30s, response(200));
    story.log.put(1s, dns("query", 7)).put(1001ms, dns("answer", 7, "10.0.1.2"));
    if (again) {
        story.log.put(*again, dns("query", 8)).put(*again + 1ms, dns("answer", 8, "10.0.1.3"));
    }
    story.ask({.at = 2s}).ask({.at = late});
    return story;
}

Finding cache(DnsCacheBound bound, const Story& story, const std::string& at = "up") {
    bound.name = "PAY.example.";
    return judge_at(at, {.dns_cache = bound}, story);
}

TEST(DnsCacheModel, QueriesTtlAndStaleness) {
    expect_pass(cache({.queries = count(2), .obeys_ttl = true, .stale_for = at_most<Duration>(1s)},
                      cached(12s, 10s)));
    expect_miss(cache({.queries = count(1)}, cached(12s, 10s)), "queries 1 too many");
    expect_miss(cache({.obeys_ttl = true}, cached(4s, 10s)),
                "false: asked again 2.999s after an answer that was good for 10.00s");
    // It still connects to the old address 14 s after the end of its TTL.
    expect_miss(cache({.stale_for = at_most<Duration>(1s)}, cached(std::nullopt, 25001ms)),
                "stale_for late by 13.00s");
    expect_miss(cache({.obeys_ttl = true}, cached(std::nullopt, 25001ms)),
                "10.0.1.2 was connected to 14.00s after its TTL was over");
    expect_pass(cache({.obeys_ttl = false}, cached(std::nullopt, 25001ms)));
    expect_miss(cache({.obeys_ttl = false}, cached(12s, 10s)), "obeys_ttl true");
    expect_pass(cache({.queries = count(2)}, cached(12s, 10s), "gateway"));
    expect_miss(cache({.type = "AAAA", .obeys_ttl = true}, cached(12s, 10s)),
                "`gateway` never asked for");
}

TEST(DnsCacheModel, AQueryThatIsSentAgainCountsOnce) {
    Story story = cached(std::nullopt, 3s);
    story.log.put(1s, dns("query", 7));
    story.log.put(1000500us, dns("query", 7));
    expect_pass(cache({.queries = count(1)}, story));
}

// ------------------------------------------------------------------ stream

StreamSeen streamed(const std::string& last = "[DONE]") {
    StreamSeen seen;
    seen.headers = 10ms;
    seen.first_byte = 20ms;
    seen.first_event = 30ms;
    seen.first_content = 200ms;
    seen.last = 5s;
    seen.end = 8s;
    seen.largest_gap = 2s;
    seen.events = 20;
    seen.comments = 3;
    seen.last_type = "message";
    seen.last_data = last;
    return seen;
}

std::vector<Finding> at_call(const Expectation& wanted, const std::optional<StreamSeen>& seen,
                             const std::string& completeness = "complete") {
    CallEnd end = response(200);
    end.stream = seen;
    end.completeness = completeness;
    Story story;
    story.run(1, 1s, 8s, end);
    Scenario scenario = calls({"c"});
    scenario.expectations = {wanted};
    scenario.expectations.front().at = "c";
    return check_expectations(scenario, story.log.end(100s));
}

TEST(StreamModel, EachMomentIsAFact) {
    const auto judged = [](const StreamBound& bound) {
        return at_call({.stream = bound}, streamed()).front();
    };
    const Bound<Duration> tight{std::nullopt, 1ms, {}};
    expect_pass(judged({.headers = around("10ms ±1ms")}));
    expect_miss(judged({.headers = tight}), "late by 9.000ms");
    expect_miss(judged({.first_byte = tight}), "late by 19.00ms");
    expect_miss(judged({.first_event = tight}), "late by 29.00ms");
    expect_miss(judged({.first_content = tight}), "late by 199.0ms");
    expect_miss(judged({.largest_gap = tight}), "late by 1.999s");
    expect_miss(judged({.idle_before_end = tight}), "late by 2.999s");
    expect_miss(judged({.events = count(21)}), "1 too few");
    expect_miss(judged({.comments = count(0)}), "3 too many");
    expect_pass(judged({.end_marker = "[DONE]"}));
    expect_miss(judged({.end_marker = "message_stop"}), "the last was \"[DONE]\"");
    expect_miss(at_call({.stream = {.events = count(1)}}, std::nullopt).front(),
                "no stream: response 200");
    StreamSeen silent = streamed();
    silent.first_event.reset();
    expect_miss(at_call({.stream = {.first_event = tight}}, silent).front(), "it never came");
}

TEST(StreamModel, TheMarkerSaysWhatIsComplete) {
    // Ended in good order, or with the connection: only the marker tells.
    const auto completeness = [](const std::string& seen, const std::string& last) {
        Expectation wanted;
        wanted.completeness = "complete";
        wanted.stream.end_marker = "[DONE]";
        const auto findings = at_call(wanted, streamed(last), seen);
        EXPECT_EQ(findings.size(), 1U);
        return findings.front().observed;
    };
    EXPECT_EQ(completeness("complete", "[DONE]"), "complete");
    EXPECT_EQ(completeness("silently_cut", "[DONE]"), "complete");
    EXPECT_EQ(completeness("complete", "{}"), "silently_cut");
    EXPECT_EQ(completeness("cut", "{}"), "cut");
}

TEST(StreamModel, AtALinkItIsEachResponse) {
    // The response's times are the world's; the request began at 1 s.
    const auto judged = [](const StreamBound& bound, bool is_stream = true) {
        Story story;
        story.run(1, 1s, 8s, response(200)).ask({.at = 1s, .took = 7s});
        EventLog log = story.log.end(100s);
        for (Event& event : log) {
            auto* message = std::get_if<HttpMessage>(&event.what);
            if (message == nullptr || message->what != "response" || !is_stream) continue;
            message->stream = streamed("message_stop");
            for (auto* t : {&message->stream->headers, &message->stream->first_event,
                            &message->stream->last}) {
                **t += 1s;
            }
            message->stream->end.reset();  // it was cut: its connection's end is what ended it
        }
        Expectation expectation;
        expectation.at = "up";
        expectation.stream = bound;
        return check_one(calls({"c"}), expectation, log);
    };
    expect_pass(judged({.headers = around("10ms ±1ms")}));
    expect_pass(judged({.idle_before_end = around("2s ±1ms")}));
    expect_miss(judged({.first_event = at_most<Duration>(1ms)}), "late by 29.00ms");
    expect_miss(judged({.events = count(20)}, false), "none of 1 answer was one");
}

TEST(Models, ACallThatNeverBeganIsNoAnswer) {
    Story story;
    const Finding finding =
        judge_at("up", {.of = "c", .breaker = BreakerBound{.trials = count(1)}}, story);
    EXPECT_EQ(finding.cause, ErrorCause::absent);
}

}  // namespace
}  // namespace etimedout
