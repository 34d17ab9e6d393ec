// Event streams read as the standard has it, and what is said of a body that comes piece by piece.
#include "simulator/wire/event_stream.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/wire/request_fingerprint.hh"
#include "tests/wire/wire_fixture.hh"

namespace etimedout {
namespace {

using namespace test;
using ::testing::ElementsAre;

// "type|data" of events, ":" of comments; the text is cut at `cut`.
std::vector<std::string> read(std::string_view text, std::size_t cut = 0) {
    EventStreamReader reader;
    std::vector<std::string> items;
    for (const std::string_view piece : {text.substr(0, cut), text.substr(cut)}) {
        for (const auto& item : reader.feed(piece)) {
            items.push_back(item.kind == EventStreamReader::Item::Kind::comment
                                ? ":"
                                : item.type + "|" + item.data);
        }
    }
    return items;
}

TEST(EventStream, FieldsAreReadAsTheStandardSays) {
    // One space behind the colon goes; lines of data are joined; the type holds for one event.
    EXPECT_THAT(read("data: one\n\nevent: a\ndata:two\ndata:  three\n\ndata\n\n"),
                ElementsAre("message|one", "a|two\n three", "message|"));
    // Without data there is no event, and the type is forgotten.
    EXPECT_THAT(read("event: a\nid: 7\nretry: 10\n\ndata: x\n\n"), ElementsAre("message|x"));
    // What no empty line ends never was an event; unknown fields are nothing.
    EXPECT_THAT(read("datas: 1\n\ndata: 2\n"), ElementsAre());
    EXPECT_THAT(read("\xEF\xBB\xBF"
                     "data: 1\n\n"),
                ElementsAre("message|1"));
}

TEST(EventStream, CommentsAreNoEvents) {
    EXPECT_THAT(read(": ping\n\n:\ndata: 1\n: in between\n\n"),
                ElementsAre(":", ":", ":", "message|1"));
}

TEST(EventStream, TheSameWhereverItIsCut) {
    // Lines end in LF, CRLF or CR.
    for (const std::string text :
         {"data: 1\n\nevent: a\ndata: 2\n\n", "data: 1\r\n\r\nevent: a\r\ndata: 2\r\n\r\n",
          "data: 1\r\revent: a\rdata: 2\r\r"}) {
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            EXPECT_THAT(read(text, cut), ElementsAre("message|1", "a|2")) << cut;
        }
    }
}

TEST(EventStream, DataBeyondWhatIsKeptIsStillOneEvent) {
    std::string text = "data: ";
    text += std::string(3 * EventStreamReader::most_kept, 'x');
    text += "\ndata: more\n\n";
    EventStreamReader reader;
    const auto items = reader.feed(text);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_LE(items[0].data.size(), EventStreamReader::most_kept + 1);
}

bool content(const std::string& data, const std::string& type = "message") {
    return carries_content({EventStreamReader::Item::Kind::event, type, data});
}

TEST(EventStream, ContentOfKnownProtocols) {
    // OpenAI: the first chunk has a role alone, the last a reason to finish.
    EXPECT_FALSE(content(R"({"choices":[{"delta":{"role":"assistant","content":""}}]})"));
    EXPECT_TRUE(content(R"({"choices":[{"delta":{"content":"Hi"}}]})"));
    EXPECT_TRUE(content(R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})"));
    EXPECT_TRUE(content(R"({"choices":[{"text":"Hi"}]})"));
    EXPECT_FALSE(content(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"));
    EXPECT_FALSE(content(R"({"error":{"message":"overloaded"}})"));
    EXPECT_FALSE(content("[DONE]"));
    // Its Responses, and Anthropic's Messages.
    EXPECT_FALSE(content(R"({"type":"response.created"})", "response.created"));
    EXPECT_TRUE(content(R"({"type":"response.output_text.delta"})", "response.output_text.delta"));
    EXPECT_FALSE(content(R"({"type":"message_start"})", "message_start"));
    EXPECT_FALSE(content(R"({"type":"ping"})", "ping"));
    EXPECT_TRUE(content(R"({"type":"content_block_delta"})", "content_block_delta"));
    // What is neither is all content.
    EXPECT_TRUE(content("17"));
    EXPECT_TRUE(content(R"({"price":17})"));
    EXPECT_TRUE(content("not { JSON"));
}

TEST(EventStream, AWatchSaysWhenWhatCame) {
    // Comments end no gap between events.
    StreamWatch watch{1s, "Text/Event-Stream; charset=utf-8"};
    watch.add(": hi\n\n", 2s);
    watch.add("data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n", 3s);
    watch.add(": still here\n\n", 5s);
    watch.add("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", 7s);
    watch.add("data: [DONE]\n\n", 8s);
    watch.end(9s);
    const StreamSeen seen = watch.seen();
    EXPECT_EQ(seen.headers, 1s);
    EXPECT_EQ(seen.first_byte, 2s);
    EXPECT_EQ(seen.first_event, 3s);
    EXPECT_EQ(seen.first_content, 7s);
    EXPECT_EQ(seen.last, 8s);
    EXPECT_EQ(seen.end, 9s);
    EXPECT_EQ(seen.largest_gap, 4s);
    EXPECT_EQ(seen.events, 3);
    EXPECT_EQ(seen.comments, 2);
    EXPECT_EQ(seen.last_type, "message");
    EXPECT_EQ(seen.last_data, "[DONE]");
}

TEST(EventStream, AWatchOfAnotherBodyKeepsItsLastLine) {
    StreamWatch watch{1s, "application/x-ndjson"};
    EXPECT_FALSE(watch.is_event_stream());
    watch.add("{\"a\":1}\n{\"b\"", 2s);
    watch.add(":2}\r\n", 5s);
    const StreamSeen seen = watch.seen();
    EXPECT_EQ(seen.first_byte, 2s);
    EXPECT_EQ(seen.first_event, std::nullopt);
    EXPECT_EQ(seen.largest_gap, 3s);
    EXPECT_EQ(seen.events, 0);
    EXPECT_EQ(seen.last_data, "{\"b\":2}");
}

class StreamsOnTheWire : public ::testing::Test {
protected:
    StreamsOnTheWire() {
        talk_.handshake(0s);
        talk_.client_sends(1s, ack, "GET / HTTP/1.1\r\nIdempotency-Key: k\r\n\r\n");
    }
    HttpMessage response() { return messages(capture_).at(1); }
    CaptureBuilder capture_{};
    Talk talk_{capture_};
};

TEST_F(StreamsOnTheWire, ChunksThatCutEventsAnywhere) {
    // Two events in three chunks; the last chunk comes at 5 s.
    talk_.server_sends(2s, ack,
                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n");
    talk_.server_sends(3s, ack, "6\r\n 1\n\nda\r\n");
    talk_.server_sends(4s, ack, "6\r\nta:2\n\n\r\n");
    talk_.server_sends(5s, ack, "0\r\n\r\n");
    const auto seen = response().stream;
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->headers, 2s);
    EXPECT_EQ(seen->first_event, 3s);
    EXPECT_EQ(seen->last, 4s);
    EXPECT_EQ(seen->end, 5s);
    EXPECT_EQ(seen->events, 2);
    EXPECT_EQ(seen->last_data, "2");
}

TEST_F(StreamsOnTheWire, ABodyThatEndsWithItsConnection) {
    talk_.server_sends(2s, ack, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhel");
    talk_.server_sends(6s, ack, "lo");
    talk_.server_sends(7s, fin | ack, "");
    const auto seen = response().stream;
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->first_byte, 2s);
    EXPECT_EQ(seen->largest_gap, 4s);
    EXPECT_EQ(seen->end, 7s);
    EXPECT_EQ(seen->last_data, "hello");
}

TEST_F(StreamsOnTheWire, ABodyWithALengthIsNoStream) {
    talk_.server_sends(2s, ack,
                       "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ(response().stream, std::nullopt);
    EXPECT_EQ(response().headers, (std::map<std::string, std::string>{{"retry-after", "7"}}));
    EXPECT_EQ(messages(capture_).at(0).headers.at("idempotency-key"), "k");
}

std::string fingerprint(std::initializer_list<std::pair<const char*, const char*>> lines) {
    RequestFingerprint fingerprint;
    for (const auto& [name, value] : lines) fingerprint.add(name, value);
    return fingerprint.text();
}

TEST(RequestFingerprint, IsOfWhatMatters) {
    // Order between names and their case do not matter, nor does what differs with each attempt.
    const std::string one = fingerprint({{"Host", "a"}, {"Authorization", "b"}});
    EXPECT_EQ(one.size(), 16U);
    EXPECT_EQ(fingerprint({{"authorization", "b"}, {"HOST", "a"}}), one);
    EXPECT_EQ(fingerprint({{"Host", "a"},
                           {"Authorization", "b"},
                           {"Traceparent", "00-1"},
                           {"X-Etimedout-Call", "c/2"},
                           {"X-B3-TraceId", "4"},
                           {"Connection", "close"},
                           {"Date", "now"}}),
              one);
    EXPECT_NE(fingerprint({{"Host", "a"}, {"Authorization", "c"}}), one);
    EXPECT_NE(fingerprint({{"Host", "a"}}), one);
    // Where one header ends and the next begins matters.
    EXPECT_NE(fingerprint({{"A", "b"}, {"C", "d"}}), fingerprint({{"A", "bC"}, {"d", ""}}));
}

}  // namespace
}  // namespace etimedout
