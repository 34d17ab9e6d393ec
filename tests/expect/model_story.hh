// Story: logs of calls, and of requests on connections of their own, for tests of models.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>

#include "tests/expect/log_builder.hh"

namespace etimedout::testing {

inline Scenario calls(std::initializer_list<std::string> ids) {
    Scenario scenario = gateway_scenario();
    scenario.steps = {fault_step("trouble")};
    for (const std::string& id : ids) scenario.steps.push_back(call_step(id));
    return scenario;
}

inline CallEnd response(std::int64_t status, const std::string& body = {}) {
    CallEnd end;
    end.outcome = "response";
    end.status = status;
    end.body = body;
    return end;
}

// One repetition of the call `c`, which takes `took`.
inline void repetition(LogBuilder& log, std::int64_t index, Duration from, Duration took,
                       CallEnd end, const std::string& call = "c") {
    CallBegin begin;
    begin.call = call;
    begin.index = index;
    begin.link = "front";
    log.put(from, begin);
    end.call = call;
    end.index = index;
    end.total = took;
    log.put(from + took, end);
}

// A connection of its own with one request, closed by its client where it is not answered.
struct Ask {
    std::string link = "up";
    Duration at{};
    Duration took = 10ms;
    std::int64_t status = 200;  // 0: not answered, and given up after `took`
    std::string call{};
    std::string path = "/";
    std::map<std::string, std::string> request_headers{};
    std::map<std::string, std::string> response_headers{};
    std::string fingerprint{};
    bool client_closes = true;
};

class Story {
public:
    LogBuilder log{};

    Story& ask(const Ask& one) {
        const std::int64_t number = ++numbers_[one.link];
        const bool answered = one.status != 0;
        HttpMessage message;
        message.link = one.link;
        message.end = "near";
        message.connection = number;
        message.number = 1;
        message.what = "request";
        message.method = "GET";
        message.path = one.path;
        message.call = one.call;
        message.ended = one.at;
        message.complete = true;
        message.headers = one.request_headers;
        message.fingerprint = one.fingerprint;
        log.put(one.at, message);
        if (answered) {
            message.what = "response";
            message.status = one.status;
            message.ended = one.at + one.took;
            message.headers = one.response_headers;
            log.put(one.at + one.took, message);
        }
        ConnectionStory connection;
        connection.link = one.link;
        connection.number = number;
        connection.began = one.at;
        connection.established = one.at;
        if (one.client_closes) connection.closed = one.at + one.took;
        connection.bytes = 100;
        connection.last_byte = answered ? one.at + one.took : one.at;
        connection.client = "10.0.1.1:" + std::to_string(40000 + number);
        log.connection(connection);
        return *this;
    }
    Story& run(std::int64_t index, Duration from, Duration took, const CallEnd& end) {
        repetition(log, index, from, took, end);
        return *this;
    }

private:
    std::map<std::string, std::int64_t> numbers_{};
};

inline Finding judge_at(const std::string& at, Expectation expectation, Story story,
                        Duration end = 100s) {
    expectation.at = at;
    return check_one(calls({"c"}), std::move(expectation), story.log.end(end));
}

inline void expect_miss(const Finding& finding, const std::string& why) {
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.observed;
    EXPECT_THAT(finding.observed + " | " + finding.missed_by, ::testing::HasSubstr(why));
}

inline void expect_pass(const Finding& finding) {
    EXPECT_EQ(finding.verdict, Verdict::pass)
        << finding.observed << " | " << finding.missed_by << " | " << finding.advice;
}

}  // namespace etimedout::testing
