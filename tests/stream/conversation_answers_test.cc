// What faults do to the answers of an upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/stream/conversation.hh"
#include "simulator/stream/response_head.hh"
#include "simulator/stream/response_reader.hh"
#include "tests/stream/talk.hh"

namespace etimedout {
namespace {

using test::Talk;
using test::with;
using testing::ElementsAre;
using testing::EndsWith;
using testing::StartsWith;

constexpr Amount events(std::int64_t count) { return {count, AmountUnit::events}; }

// One request, its answer, and how it came to the client.
struct Answered {
    explicit Answered(Fault fault, Selectors selectors = {})
        : table{with(std::move(fault), std::move(selectors))}, talk{table} {}

    Answered& of(std::string answer, std::string request = "GET / HTTP/1.1\r\n\r\n") {
        talk.client(std::move(request));
        talk.server(std::move(answer));
        talk.to_the_end();
        return *this;
    }
    const std::string& text() const { return talk.to_client; }
    std::int64_t matched() const { return table->witness("f").matched; }
    std::int64_t fired() const { return table->witness("f").fired; }

    std::shared_ptr<FaultTable> table;
    Talk talk;
};

std::string plain(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
}

const std::string chunked_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string events_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";
const std::string no_content = "HTTP/1.1 204 No Content\r\n\r\n";

std::string chunk(std::string_view text) {
    return chunk_header(static_cast<std::int64_t>(text.size())) + std::string{text} + "\r\n";
}

TEST(SlowHeaders, TheHeadComesInPiecesAndTheBodyWithItsLast) {
    // 19 bytes of head in pieces of 10: 3 ms for the first, 2 ms more for the second.
    Answered slow{SlowHeaders{.between = 2ms, .piece = 10, .first_byte = 3ms}};
    slow.of("HTTP/1.1 200 OK\r\n\r\nbody");
    slow.talk.server("more");
    EXPECT_THAT(slow.talk.times,
                ElementsAre("3ms HTTP/1.1 2", "5ms 00 OK\r\n\r\nbody", "5ms more"));
    EXPECT_EQ(slow.fired(), 1);
}

TEST(SlowHeaders, AnInterimAnswerIsNotTheAnswer) {
    Answered slow{SlowHeaders{.between = 1s, .piece = 1000, .first_byte = 3ms}};
    slow.talk.client("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    slow.talk.server("HTTP/1.1 100 Continue\r\n\r\n");
    slow.talk.client("x").server(no_content);
    slow.talk.to_the_end();
    EXPECT_THAT(slow.talk.times,
                ElementsAre("0s HTTP/1.1 100 Continue\r\n\r\n", "3ms " + no_content));
}

TEST(SlowBody, TheHeadComesAtOnceAndTheBodyInPieces) {
    Answered slow{SlowBody{.between = 2ms, .piece = 2, .first_byte = 3ms}};
    slow.of(plain("abcde"));
    EXPECT_THAT(slow.talk.times, ElementsAre("0s HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                                             "3ms ab", "5ms cd", "7ms e"));
    EXPECT_EQ(slow.fired(), 1);
}

TEST(SlowBody, WithoutABodyItHasNotFired) {
    Answered slow{SlowBody{.first_byte = 1h}};
    slow.of(no_content);
    slow.of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n");
    slow.talk.until(0ms);
    EXPECT_EQ(slow.text(), no_content + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(slow.matched(), 2);
    EXPECT_EQ(slow.fired(), 0);
}

TEST(SlowBody, ABodyWithoutALengthEndsBehindItsLastPiece) {
    Answered slow{SlowBody{.between = 2ms, .piece = 2}};
    slow.talk.client("GET / HTTP/1.1\r\n\r\n");
    slow.talk.server("HTTP/1.1 200 OK\r\n\r\nabc").server_ends();
    slow.talk.to_the_end();
    EXPECT_THAT(slow.talk.times,
                ElementsAre("0s HTTP/1.1 200 OK\r\n\r\n", "0s ab", "2ms c", "2ms <FIN>"));
}

TEST(Truncate, EndsInsideABodyThatPromisedMore) {
    Answered length{Truncate{.after = Bytes{2}}};
    EXPECT_EQ(length.of(plain("abcde")).text(),
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab<CLOSE>");
    EXPECT_EQ(length.fired(), 1);
    Answered chunks{Truncate{.after = Bytes{3}, .how = CutHow::rst}};
    EXPECT_EQ(chunks.of(chunked_head + chunk("abc") + chunk("d")).text(),
              chunked_head + "3\r\nabc<RST>");
    Answered head_only{Truncate{}};
    EXPECT_EQ(head_only.of(plain("abcde")).text(),
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<CLOSE>");
}

TEST(Truncate, ABodyThatIsNotLongerPassesWhole) {
    // Matched, since a request selected it; not fired, since nothing was cut.
    Answered whole{Truncate{.after = Bytes{3}}};
    const std::string chunks = chunked_head + chunk("abc") + "0\r\n\r\n";
    whole.of(plain("abc")).of(chunks).of(no_content);
    EXPECT_EQ(whole.text(), plain("abc") + chunks + no_content);
    EXPECT_EQ(whole.matched(), 3);
    EXPECT_EQ(whole.fired(), 0);
}

TEST(Malformed, IsNoHttpAndCloses) {
    // Each is refused by the parser that reads answers here, or, of a chunk, when that comes.
    for (const auto& [word, what] : Words<Malformation>::words) {
        Answered broken{Malformed{.what = what}};
        broken.talk.client("GET / HTTP/1.1\r\n\r\n");
        ASSERT_THAT(broken.text(), EndsWith("<CLOSE>")) << word;
        EXPECT_EQ(broken.talk.to_server, "") << word;
        EXPECT_EQ(broken.fired(), 1) << word;
        ResponseReader reader{"GET"};
        std::string_view rest = broken.text();
        rest.remove_suffix(7);
        while (const std::size_t taken = reader.feed(rest).taken) rest.remove_prefix(taken);
        EXPECT_EQ(reader.state(), ResponseReader::State::malformed) << word;
    }
}

std::string three_events() {
    return events_head + chunk("data: 1\n\n") + chunk("data: 2\n\ndata") + chunk(": 3\n\n") +
           "0\r\nT: v\r\n\r\n";
}

TEST(SlowEvents, EachComesInItsTurnAndIsAChunk) {
    Answered slow{SlowEvents{.first_event = 10ms, .between = 5ms}};
    slow.of(three_events());
    EXPECT_THAT(slow.talk.times, ElementsAre("0s " + events_head, "10ms " + chunk("data: 1\n\n"),
                                             "15ms " + chunk("data: 2\n\n"),
                                             "20ms " + chunk("data: 3\n\n") + "0\r\nT: v\r\n\r\n"));
    EXPECT_EQ(slow.fired(), 1);
}

TEST(SlowEvents, CommentsPassAtOnceAndAreNoEvents) {
    Answered slow{SlowEvents{.first_event = 10ms}};
    slow.of("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n\nretry: 5\n\n");
    slow.talk.server("data: 1\n\n");
    slow.talk.to_the_end();
    ASSERT_EQ(slow.talk.times.size(), 3u);
    EXPECT_EQ(slow.talk.times[1], "0s : hi\n\nretry: 5\n\n");
    EXPECT_EQ(slow.talk.times[2], "10ms data: 1\n\n");
}

TEST(EventFaults, AnAnswerThatIsNoEventStreamPassesAsItCame) {
    // Nor one whose content coding hides its events.
    const std::string coded =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 9\r\n\r\ndata: 1\n\n";
    const std::string other = chunked_head + "5;x\r\ndata:\r\n2\r\n\n\n\r\n0\r\n\r\n";
    const std::vector<Fault> faults{SlowEvents{.first_event = 1h}, StallFault{events(0)},
                                    CutFault{events(0)}, ErrorEvent{.data = "x"}};
    for (const Fault& fault : faults) {
        Answered answered{fault};
        answered.of(other).of(coded).of(no_content).of(plain("data: 1\n\n"));
        EXPECT_EQ(answered.text(), other + coded + no_content + plain("data: 1\n\n"));
        EXPECT_EQ(answered.matched(), 4) << kind_of(fault);
        EXPECT_EQ(answered.fired(), 0) << kind_of(fault);
    }
}

TEST(Stall, KeepsWhatComesBehindSoManyEvents) {
    Answered stalled{StallFault{events(2)}};
    stalled.talk.client("GET / HTTP/1.1\r\n\r\n");
    stalled.talk.server(events_head + chunk("data: 1\n\n") + chunk("data: 2\n\n"));
    EXPECT_EQ(stalled.fired(), 0) << "nothing is kept yet";
    stalled.talk.server(chunk("data: 3\n\n") + "0\r\n\r\n").server_ends();
    stalled.talk.until(10h);
    EXPECT_EQ(stalled.text(), events_head + chunk("data: 1\n\n") + chunk("data: 2\n\n"));
    EXPECT_EQ(stalled.fired(), 1);
    EXPECT_GT(stalled.talk.stages().down->held(), 0u);
    stalled.table->heal("f");
    stalled.talk.healed();
    EXPECT_EQ(stalled.talk.times.back(), "36000s <FIN>");
    EXPECT_THAT(stalled.text(), EndsWith(chunk("data: 3\n\n") + "0\r\n\r\n<FIN>"));
}

TEST(Stall, AShorterStreamIsNotStalled) {
    Answered whole{StallFault{events(4)}};
    EXPECT_THAT(whole.of(three_events()).text(), EndsWith("0\r\nT: v\r\n\r\n"));
    EXPECT_EQ(whole.matched(), 1);
    EXPECT_EQ(whole.fired(), 0);
}

TEST(Cut, EndsWithoutTheMarkerOfTheEnd) {
    Answered cut{CutFault{events(2)}};
    EXPECT_EQ(cut.of(three_events()).text(),
              events_head + chunk("data: 1\n\n") + chunk("data: 2\n\n") + "<CLOSE>");
    EXPECT_EQ(cut.fired(), 1);
    Answered reset{CutFault{events(0), CutHow::rst}};
    EXPECT_EQ(reset.of(three_events()).text(), events_head + "<RST>");
}

TEST(ErrorEventFault, EndsTheStreamInGoodOrder) {
    Answered error{ErrorEvent{.after = {2}, .data = "{\"type\": \"error\"}"}};
    EXPECT_EQ(error.of(three_events()).text(),
              events_head + chunk("data: 1\n\n") + chunk("data: 2\n\n") +
                  chunk("event: error\ndata: {\"type\": \"error\"}\n\n") + "0\r\n\r\n<CLOSE>");
    EXPECT_EQ(error.fired(), 1);
}

TEST(ErrorEventFault, OrTheStreamGoesOn) {
    // Two lines of data, and no type.
    Answered error{ErrorEvent{.after = {0}, .data = "a\nb", .event = "", .goes_on = true}};
    EXPECT_EQ(error.of(three_events()).text(), events_head + chunk("data: a\ndata: b\n\n") +
                                                   chunk("data: 1\n\n") + chunk("data: 2\n\n") +
                                                   chunk("data: 3\n\n") + "0\r\nT: v\r\n\r\n");
    EXPECT_EQ(error.of(no_content).text().substr(error.text().size() - no_content.size()),
              no_content);
}

TEST(ErrorEventFault, ALengthThatWouldLieIsReplaced) {
    const std::string stream =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n"
        "X: y\r\n\r\ndata: 1\n\n";
    const ErrorEvent fault{.after = {1}, .data = "e", .event = "", .goes_on = true};
    Answered chunks{fault};
    EXPECT_EQ(chunks.of(stream).text(),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: y\r\n"
              "Transfer-Encoding: chunked\r\n\r\n" +
                  chunk("data: 1\n\n") + chunk("data: e\n\n") + "0\r\n\r\n");
    Answered old{fault};
    EXPECT_EQ(old.of(stream, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").text(),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: y\r\n"
              "Connection: close\r\n\r\ndata: 1\n\ndata: e\n\n<CLOSE>");
}

TEST(EventFaults, AnEventOfAnySizeIsPassedOnAndCountedOnce) {
    // 1 MB in one event: not kept until it ends.
    Answered slow{CutFault{events(2)}};
    slow.talk.client("GET / HTTP/1.1\r\n\r\n");
    slow.talk.server(events_head);
    const std::string part = "data: " + std::string(50000, 'x') + "\n";
    for (int i = 0; i < 20; ++i) slow.talk.server(chunk(part));
    slow.talk.server(chunk("\n"));
    EXPECT_LT(slow.talk.most_held(), ConversationStages::most_kept);
    EXPECT_THAT(slow.text(), EndsWith("\r\n"));
    slow.talk.server(chunk("data: 2\n\n"));
    EXPECT_THAT(slow.text(), EndsWith("data: 2\n\n\r\n<CLOSE>"));
    EXPECT_GT(slow.text().size(), 20 * part.size());
}

TEST(AnswerFaults, TheFirstOnlyAndTheOthersAsTheyCame) {
    Answered first{Truncate{.after = Bytes{1}}, {.nth = Count{2, {}}}};
    first.of(plain("abc")).of(plain("abc"));
    EXPECT_EQ(first.text(), plain("abc") + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na<CLOSE>");
    EXPECT_EQ(first.matched(), 2);
    EXPECT_EQ(first.fired(), 1);
}

// The same conversation, cut in two at every place.
struct Line {
    bool by_client;
    std::string bytes;
};

std::string run(const Fault& fault, const std::vector<Line>& lines, std::size_t cut_line,
                std::size_t offset) {
    const auto table = with(fault, {.first = Count{3, CountedUnit::requests}});
    Talk talk{table};
    const auto say = [&](const Line& line, std::string bytes) {
        if (bytes.empty()) return;
        if (line.by_client) {
            talk.client(std::move(bytes));
        } else {
            talk.server(std::move(bytes));
        }
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t at = i == cut_line ? offset : lines[i].bytes.size();
        say(lines[i], lines[i].bytes.substr(0, at));
        say(lines[i], lines[i].bytes.substr(at));
    }
    talk.to_the_end();
    talk.server_ends();
    talk.to_the_end();
    return talk.to_server + "|" + talk.to_client + "|" +
           std::to_string(table->witness("f").matched) + "/" +
           std::to_string(table->witness("f").fired);
}

TEST(AnswerFaults, WhereBytesAreSplitMakesNoDifference) {
    const std::string ask = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string post = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    const std::string stream = events_head + chunk("data: 1\r\n\r\n: c\r\n\r") +
                               chunk("\ndata: 2\r\n\r\ndata") + chunk(": 3\r\n\r\n") +
                               "0\r\nT: v\r\n\r\n";
    const std::vector<Line> lines{{true, ask + post + ask + ask},
                                  {false, "HTTP/1.1 100 Continue\r\n\r\n" + stream},
                                  {false, chunked_head + chunk("abc") + chunk("de") + "0\r\n\r\n"},
                                  {false, plain("abcdef") + plain("x")}};
    const std::vector<Fault> faults{Slow{.first_byte = 1ms, .between = 1ms, .piece = 3},
                                    Status{},
                                    Reset{},
                                    HangUpFault{},
                                    Silent{},
                                    SlowHeaders{.between = 1ms, .piece = 7, .first_byte = 1ms},
                                    SlowBody{.between = 1ms, .piece = 2, .first_byte = 1ms},
                                    Truncate{.after = Bytes{5}},
                                    Malformed{.what = Malformation::chunk},
                                    SlowEvents{.first_event = 1ms, .between = 1ms},
                                    StallFault{events(2)},
                                    CutFault{events(2)},
                                    ErrorEvent{.after = {2}, .data = "x"},
                                    ErrorEvent{.after = {1}, .data = "x", .goes_on = true}};
    for (const Fault& fault : faults) {
        const std::string whole = run(fault, lines, lines.size(), 0);
        for (std::size_t line = 0; line < lines.size(); ++line) {
            for (std::size_t at = 1; at < lines[line].bytes.size(); ++at) {
                ASSERT_EQ(run(fault, lines, line, at), whole)
                    << kind_of(fault) << ", line " << line << " cut at " << at;
            }
        }
    }
}

}  // namespace
}  // namespace etimedout
