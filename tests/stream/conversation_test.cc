// What passes a conversation as it came, and what the faults of a request do.
#include "simulator/stream/conversation.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/base/rng.hh"
#include "tests/stream/talk.hh"

namespace etimedout {
namespace {

using test::no_faults;
using test::Talk;
using test::with;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view get_b = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view ok_a = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
constexpr std::string_view ok_b = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";

std::string text(std::string_view view) { return std::string{view}; }
std::string operator+(std::string_view a, std::string_view b) { return text(a) + text(b); }

TEST(Conversation, WithoutAFaultARequestAndItsAnswerPassAtOnce) {
    // Nothing is decided, so nothing waits: not even for the rest of a head.
    Talk talk{no_faults()};
    talk.client("GET /a HTTP/1.1\r\nHo");
    EXPECT_EQ(talk.to_server, "GET /a HTTP/1.1\r\nHo");
    talk.client("st: h\r\n\r\n");
    EXPECT_EQ(talk.to_server, get_a);
    talk.server("HTTP/1.1 200 OK\r\nCont");
    EXPECT_EQ(talk.to_client, "HTTP/1.1 200 OK\r\nCont");
    talk.server("ent-Length: 1\r\n\r\na");
    EXPECT_EQ(talk.to_client, ok_a);
    EXPECT_EQ(talk.stages().up->held(), 0u);
    EXPECT_EQ(talk.stages().down->held(), 0u);
    talk.client_ends().server_ends();
    EXPECT_THAT(talk.to_server, EndsWith("<FIN>"));
    EXPECT_THAT(talk.to_client, EndsWith("<FIN>"));
}

// Feeds all of `bytes` in pieces of sizes that the seed decides.
template <class Feed>
void in_pieces(Rng& rng, std::string_view bytes, Feed feed) {
    while (!bytes.empty()) {
        const std::size_t count = std::min<std::size_t>(bytes.size(), 1 + rng.below(40));
        feed(text(bytes.substr(0, count)));
        bytes.remove_prefix(count);
    }
}

std::string everything_up() {
    return get_a + get_b + "\r\nHEAD /c HTTP/1.1\r\nHost: h\r\n\r\n" +
           "POST /d HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello" +
           "POST /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: "
           "u\r\n\r\n" +
           "DELETE /f HTTP/1.1\r\n\r\nGET /g HTTP/1.0\r\n\r\n";
}

std::string everything_down() {
    return ok_a + "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" +
           "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" +
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n3;e\r\nbcd\r\n0\r\nT: "
           "v\r\n\r\n" +
           ok_b + "HTTP/1.1 204 No Content\r\n\r\n" +
           "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2";
}

TEST(Conversation, UnfaultedTrafficIsTheSameByteForByteHoweverItIsSplit) {
    // Pipelined, with bodies of every framing, interim answers, HEAD, 204, 304, and a last answer
    // that ends where the connection ends. Armed is what selects nothing of it.
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const Selectors other{.match = RequestMatch{.path = "/other"}};
        Talk talk{seed % 2 == 0 ? no_faults() : with(Malformed{}, other)};
        Rng rng{seed, "split"};
        in_pieces(rng, everything_up(), [&](std::string bytes) { talk.client(std::move(bytes)); });
        in_pieces(rng, everything_down(),
                  [&](std::string bytes) { talk.server(std::move(bytes)); });
        EXPECT_EQ(talk.to_server, everything_up()) << "seed " << seed;
        talk.server_ends();
        EXPECT_EQ(talk.to_client, everything_down() + "<FIN>") << "seed " << seed;
    }
}

TEST(Conversation, ABodyOfAnySizeIsNotKept) {
    // 64 MB each way: what is held does not grow with it.
    const auto table = no_faults();
    auto stages = make_conversation(table, test::connection());
    const std::string block(1 << 20, 'x');
    const auto pump = [&](Stage& stage, std::string bytes) {
        stage.take(Item::data(std::move(bytes), Moment{}));
        std::size_t count = 0;
        while (const auto item = stage.give(Moment{})) count += item->bytes.size();
        EXPECT_LT(stage.held(), ConversationStages::most_kept);
        return count;
    };
    pump(*stages.up, "POST / HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n");
    std::size_t sent = 0;
    for (int i = 0; i < 64; ++i) sent += pump(*stages.up, block);
    EXPECT_EQ(sent, 64u << 20U);
    pump(*stages.down, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    std::size_t received = 0;
    for (int i = 0; i < 64; ++i) received += pump(*stages.down, block);
    EXPECT_EQ(received, 64u << 20U);
}

TEST(Conversation, AStatusIsGivenAtOnceAndTheRequestIsNotPassedOn) {
    // The body goes with it, and the connection stays usable.
    Talk talk{with(Status{.code = 429, .headers = {{"Retry-After", "7"}}, .body = "slow\n"},
                   {.first = Count{1, {}}})};
    talk.client("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
    EXPECT_EQ(talk.to_client, "");
    talk.client("lo" + get_b);
    EXPECT_EQ(talk.to_server, get_b);
    EXPECT_EQ(talk.to_client,
              "HTTP/1.1 429 Too Many Requests\r\nServer: etimedout\r\n"
              "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
              "Content-Length: 5\r\nRetry-After: 7\r\n\r\nslow\n");
    talk.server(text(ok_b));
    EXPECT_THAT(talk.to_client, EndsWith(ok_b));
}

TEST(Conversation, AStatusWaitsForTheAnswersBeforeIt) {
    // Pipelined: a client takes answers in the order of its requests.
    Talk talk{with(Status{}, {.match = RequestMatch{.path = "/b"}})};
    talk.client(get_a + get_b + get_a);
    EXPECT_EQ(talk.to_server, get_a + get_a);
    EXPECT_EQ(talk.to_client, "");
    talk.server(text(ok_a));
    EXPECT_THAT(talk.to_client, StartsWith(ok_a + "HTTP/1.1 503"));
    EXPECT_THAT(talk.to_client, EndsWith("503 Service Unavailable\n"));
    talk.server(text(ok_b));
    EXPECT_THAT(talk.to_client, EndsWith("503 Service Unavailable\n" + text(ok_b)));
}

TEST(Conversation, AStatusHonoursHeadAndCloseAndVersion10) {
    const auto answer_to = [](std::string request) {
        Talk talk{with(Status{.body = "x"})};
        talk.client(std::move(request));
        return talk.to_client;
    };
    EXPECT_THAT(answer_to("HEAD / HTTP/1.1\r\n\r\n"), EndsWith("Content-Length: 1\r\n\r\n"));
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
                EndsWith("Connection: close\r\n\r\nx<CLOSE>"));
    EXPECT_THAT(answer_to("GET / HTTP/1.0\r\n\r\n"), EndsWith("Connection: close\r\n\r\nx<CLOSE>"));
    EXPECT_THAT(answer_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                EndsWith("Connection: keep-alive\r\n\r\nx"));
    EXPECT_THAT(answer_to("PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                testing::Eq("HTTP/1.1 100 Continue\r\n\r\n"));
}

TEST(Conversation, AServersEndWaitsForTheAnswerThatIsOwedByTheProxy) {
    // An upstream that tires of an idle connection does not take the client's answer away.
    Talk talk{with(Status{.body = "x"})};
    talk.client("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n1");
    talk.server_ends();
    EXPECT_EQ(talk.to_client, "");
    talk.client("2");
    EXPECT_THAT(talk.to_client, EndsWith("\r\n\r\nx<FIN>"));
}

TEST(Conversation, AResetComesWithTheFirstBytesAndHangUpCloses) {
    // The rest of the head need not come, and nothing of it is passed on.
    Talk reset{with(Reset{}, {.nth = Count{2, CountedUnit::requests_per_connection}})};
    reset.client(text(get_a)).server(text(ok_a)).client("G");
    EXPECT_EQ(reset.to_client, ok_a + "<RST>");
    EXPECT_EQ(reset.to_server, get_a);
    reset.client("ET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(reset.to_server, get_a);

    Talk closed{with(HangUpFault{})};
    closed.client("GET / HTTP/1.1\r\n");
    EXPECT_EQ(closed.to_client, "<CLOSE>");
    EXPECT_EQ(closed.to_server, "");
}

TEST(Conversation, AResetWaitsForTheAnswersBeforeIt) {
    Talk talk{with(Reset{}, {.nth = Count{2, CountedUnit::requests_per_connection}})};
    talk.client(get_a + get_b + get_b);
    EXPECT_EQ(talk.to_client, "");
    talk.server(text(ok_a));
    EXPECT_EQ(talk.to_client, ok_a + "<RST>");
    EXPECT_EQ(talk.to_server, get_a);
}

TEST(Conversation, SilentMutesUntilItIsHealed) {
    // Neither an answer nor an end; and a later request is answered once the fault is gone.
    const auto table = with(Silent{});
    Talk talk{table};
    talk.client(get_a + get_a);
    talk.server_ends();
    talk.until(1h);
    EXPECT_EQ(talk.to_server, "");
    EXPECT_EQ(talk.to_client, "");
    EXPECT_EQ(table->witness("f").fired, 1);
    table->heal("f");
    EXPECT_EQ(talk.to_client, "");
    talk.healed();
    EXPECT_EQ(talk.times, (std::vector<std::string>{"3600s <FIN>"}));

    const auto second = with(Silent{});
    Talk later{second, 2};
    later.client(text(get_a));
    second->heal("f");
    later.client(text(get_b));
    EXPECT_EQ(later.to_server, get_b);
    later.server(text(ok_b));
    EXPECT_EQ(later.to_client, ok_b);
}

TEST(Conversation, WhileItIsMuteNoOtherRequestIsAnswered) {
    // A later answer would be taken for that of the swallowed request.
    const auto table = with(Silent{}, {.first = Count{1, CountedUnit::requests}});
    Talk talk{table};
    talk.client(get_a + get_b);
    EXPECT_EQ(talk.to_server, "");
    talk.client_ends();
    talk.server_ends();
    EXPECT_EQ(talk.to_client, "<FIN>") << "the client has said its own";
}

TEST(Conversation, SlowIsLateOnceAndThenInPiecesOfTheBody) {
    // 10 ms for the first, with the head; 5 ms for each of the others.
    Talk talk{with(Slow{.first_byte = 10ms, .between = 5ms, .piece = 2})};
    talk.client(text(get_a));
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
    talk.to_the_end();
    EXPECT_THAT(talk.times, ElementsAre("10ms HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
                                        "15ms cd", "20ms e"));
    talk.client(text(get_b));
    talk.server(text(ok_b));
    talk.to_the_end();
    EXPECT_EQ(talk.times.back(), "30ms " + text(ok_b)) << "late again, from when it came";
}

TEST(Conversation, SlowKeepsChunksAsTheyAre) {
    // The pieces are of the body; what frames it goes with them.
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    Talk talk{with(Slow{.between = 5ms, .piece = 2})};
    talk.client(text(get_a));
    talk.server(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    talk.to_the_end();
    EXPECT_THAT(talk.times,
                ElementsAre("0s " + head + "3\r\nab", "5ms c\r\n2\r\nd", "10ms e\r\n0\r\n\r\n"));
}

TEST(Conversation, SlowEndsWithItsHealing) {
    const auto table = with(Slow{.first_byte = 1h});
    Talk talk{table};
    talk.client(text(get_a));
    talk.server(text(ok_a));
    talk.until(1s);
    EXPECT_EQ(talk.to_client, "");
    table->heal("f");
    talk.healed();
    EXPECT_EQ(talk.times, (std::vector<std::string>{"1s " + text(ok_a)}));
}

TEST(Conversation, WhatIsNoHttpIsJudgedPerConnection) {
    // TLS, as far as a proxy sees it; the first two connections are reset at their first bytes.
    const auto table = with(Reset{}, {.first = Count{2, {}}});
    for (std::int64_t number = 1; number <= 3; ++number) {
        Talk talk{table, number};
        talk.client("\x16\x03\x01");
        EXPECT_EQ(talk.to_client, number <= 2 ? "<RST>" : "") << number;
        EXPECT_EQ(talk.to_server, number <= 2 ? "" : "\x16\x03\x01") << number;
    }
    EXPECT_EQ(table->witness("f").matched, 3);
    EXPECT_EQ(table->witness("f").fired, 2);
}

TEST(Conversation, AServerThatSpeaksFirstIsSlow) {
    // Once late, then in pieces, whoever spoke before; a fault of requests leaves it alone.
    const auto table = with(Slow{.first_byte = 10ms, .between = 1ms, .piece = 3});
    table->arm({"s", Status{}, {}});
    Talk talk{table};
    talk.server("220 hi\n");
    talk.to_the_end();
    EXPECT_THAT(talk.times, ElementsAre("10ms 220", "11ms  hi", "12ms \n"));
    talk.client("EHLO me\r\n");
    talk.until(20ms);
    talk.server("250 ok\n");
    talk.to_the_end();
    EXPECT_THAT(talk.to_client, EndsWith("250 ok\n"));
    EXPECT_EQ(talk.times.at(3), "20ms 250");
    EXPECT_EQ(talk.to_server, "EHLO me\r\n");
    EXPECT_EQ(table->witness("s").matched, 0);
}

TEST(Conversation, SilentSwallowsWhatIsNoHttp) {
    const auto table = with(Silent{});
    Talk talk{table};
    talk.client(text("\0\0\0\x08\x04\xd2\x16\x2f"));
    talk.client("\x01");
    talk.server("N");
    talk.server_ends();
    EXPECT_EQ(talk.to_client + talk.to_server, "");
    table->heal("f");
    talk.healed();
    EXPECT_EQ(talk.to_client, "<FIN>");
}

TEST(Conversation, AfterSwitchingNothingIsARequest) {
    // A WebSocket, and a tunnel: what looks like a request in them is none.
    const std::string upgrade =
        "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const std::string switched =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const auto fault = [] { return with(Status{}, {.match = RequestMatch{.path = "/b"}}); };
    Talk socket{fault()};
    socket.client(upgrade + text(get_b));
    EXPECT_EQ(socket.to_server, upgrade) << "an answer decides what this is";
    socket.server(switched + text(ok_b));
    EXPECT_EQ(socket.to_server, upgrade + text(get_b));
    EXPECT_EQ(socket.to_client, switched + text(ok_b));
    socket.client(text(get_b));
    EXPECT_THAT(socket.to_server, EndsWith(get_b + get_b));

    Talk tunnel{fault()};
    tunnel.client("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    tunnel.server("HTTP/1.1 200 OK\r\n\r\n").client(text(get_b));
    EXPECT_THAT(tunnel.to_server, EndsWith(get_b));

    Talk refused{fault()};
    refused.client(upgrade + text(get_b));
    refused.server(text(ok_a));
    EXPECT_THAT(refused.to_client, StartsWith(ok_a + "HTTP/1.1 503"));
    EXPECT_EQ(refused.to_server, upgrade);
}

TEST(Conversation, BlankLinesBetweenRequestsAreOfNone) {
    // RFC 9112, 2.2: old clients send them behind a body; the request behind them is one.
    Talk talk{with(Status{}, {.match = RequestMatch{.path = "/b"}})};
    talk.client(get_a + "\r\n\r\n" + get_b);
    talk.server(ok_a + "\r\n");
    EXPECT_EQ(talk.to_server, get_a + "\r\n\r\n");
    EXPECT_THAT(talk.to_client, StartsWith(ok_a));
    EXPECT_THAT(talk.to_client, HasSubstr("HTTP/1.1 503"));
}

TEST(Conversation, SelectorsCountRequests) {
    // By chance, by place on the connection, by head; as often as the table says.
    const auto table = with(Status{}, {.probability = Share{Probability{0.5}, {}}});
    Talk talk{table};
    for (int i = 0; i < 100; ++i) {
        const auto asked = talk.to_server.size();
        talk.client(text(get_a));
        if (talk.to_server.size() > asked) talk.server(text(ok_a));
    }
    EXPECT_EQ(table->witness("f").matched, 100);
    EXPECT_GT(table->witness("f").fired, 30);
    EXPECT_LT(table->witness("f").fired, 70);

    const auto second = with(Status{.body = "x"}, {.nth = Count{2, {}}});
    Talk pooled{second};
    pooled.client(get_a + get_a + get_a);
    EXPECT_EQ(pooled.to_server, get_a + get_a);
    EXPECT_EQ(second->witness("f").matched, 3);
    EXPECT_EQ(second->witness("f").fired, 1);
}

TEST(Conversation, AnEndedConversationIsForgotten) {
    // So that a table does not grow with the connections it has seen: number 1 is new again.
    const auto table = with(Reset{}, {.first = Count{1, {}}});
    for (int i = 0; i < 2; ++i) {
        Talk talk{table, 1};
        talk.client("G").client("ET / HTTP/1.1\r\n");
        EXPECT_EQ(talk.to_client, i == 0 ? "<RST>" : "");
    }
}

TEST(Conversation, WhatIsKeptPassesWhenTheStagesGo) {
    const auto table = with(Slow{.first_byte = 1h});
    Talk talk{table};
    talk.client(text(get_a)).client("GE");
    talk.server(ok_a + "HTT");
    const auto rest = talk.stages().down->dissolve(Moment{});
    std::string all;
    for (const Item& item : rest) all += item.bytes;
    EXPECT_EQ(all, ok_a + "HTT");
}

}  // namespace
}  // namespace etimedout
