// What a model answers, in both wire formats, before a byte is sent.
#include "simulator/stub/llm.hh"

#include <gtest/gtest.h>

namespace etimedout {
namespace {

LlmRequest to(const std::string& path, std::string body) {
    LlmRequest request;
    request.head.method = "POST";
    request.head.target = path;
    request.body = std::move(body);
    request.stub = "model";
    request.wall_clock = 1'767'225'600;
    return request;
}

LlmRequest chat(const std::string& more = "") {
    return to("/v1/chat/completions",
              R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + more + "}");
}

LlmRequest message(const std::string& more = "") {
    return to("/v1/messages",
              R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hi"}])" +
                  more + "}");
}

constexpr auto streamed = R"(,"stream":true)";

std::string all_of(const LlmAnswer& answer) {
    std::string text;
    for (const LlmPiece& piece : answer.pieces) text += piece.text;
    return text;
}

std::size_t count_of(const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(LlmTest, AnOpenAiStreamEndsWithAFinishReasonAndDone) {
    // The role with the first token, a chunk for each token, the reason, [DONE].
    const StubLlm model{.tokens = 3, .first_token = 2s, .between = 100ms};
    const LlmAnswer answer = answer_of(model, chat(streamed));
    EXPECT_TRUE(answer.streams);
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.headers.at("Content-Type"), "text/event-stream; charset=utf-8");
    ASSERT_EQ(answer.pieces.size(), 4U);
    EXPECT_EQ(answer.pieces[0].wait, 2s);
    EXPECT_EQ(answer.pieces[1].wait, 100ms);
    EXPECT_NE(answer.pieces[0].text.find(R"("delta":{"role":"assistant","content":"")"),
              std::string::npos);
    EXPECT_EQ(count_of(all_of(answer), "data: {"), 5U);
    EXPECT_NE(answer.pieces[1].text.find(R"("delta":{"content":" 2"})"), std::string::npos);
    EXPECT_NE(answer.pieces[3].text.find(R"("finish_reason":"stop")"), std::string::npos);
    EXPECT_TRUE(all_of(answer).ends_with("data: [DONE]\n\n"));
    EXPECT_EQ(count_of(all_of(answer), R"("created":1767225600)"), 5U);
}

TEST(LlmTest, AnAnthropicStreamHasNamedEventsInTheirOrder) {
    // message_start comes with the head, and is no token yet.
    const StubLlm model{.tokens = 2, .first_token = 2s};
    const LlmAnswer answer = answer_of(model, message(streamed));
    ASSERT_EQ(answer.pieces.size(), 4U);
    EXPECT_EQ(answer.pieces[0].wait, 0s);
    EXPECT_EQ(answer.pieces[1].wait, 2s);
    std::size_t at = 0;
    const std::string text = all_of(answer);
    for (const auto* event :
         {"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_",
          "event: content_block_start\n", "event: ping\ndata: {\"type\":\"ping\"}\n\n",
          "event: content_block_delta\n", "\"text\":\" 1\"", "\"text\":\" 2\"",
          "event: content_block_stop\n", "event: message_delta\n", "\"stop_reason\":\"end_turn\"",
          "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"}) {
        const std::size_t found = text.find(event, at);
        ASSERT_NE(found, std::string::npos) << event;
        at = found;
    }
}

TEST(LlmTest, WithoutStreamTheWholeAnswerComesWhenAllTokensWouldHave) {
    // 1 s, 2 s to the first token, three gaps of 100 ms.
    const StubLlm model{.tokens = 4, .head = 1s, .first_token = 2s, .between = 100ms};
    const LlmAnswer answer = answer_of(model, chat());
    EXPECT_FALSE(answer.streams);
    EXPECT_EQ(answer.head_wait, 3300ms);
    EXPECT_NE(all_of(answer).find(R"("object":"chat.completion")"), std::string::npos);
    EXPECT_NE(all_of(answer).find(R"("content":" 1 2 3 4")"), std::string::npos);
    EXPECT_NE(all_of(answer).find(R"("completion_tokens":4)"), std::string::npos);
    EXPECT_NE(all_of(answer_of(model, message())).find(R"("output_tokens":4)"), std::string::npos);
}

TEST(LlmTest, ARequestMayAllowForFewerTokens) {
    // Then the reason is the length.
    const StubLlm model{.tokens = 40};
    const LlmAnswer answer = answer_of(model, chat(R"(,"stream":true,"max_tokens":2)"));
    EXPECT_NE(all_of(answer).find(R"("finish_reason":"length")"), std::string::npos);
    EXPECT_EQ(all_of(answer).find("\" 3\""), std::string::npos);
    const LlmAnswer usage = answer_of(
        model, chat(R"(,"stream":true,"max_tokens":2,"stream_options":{"include_usage":true})"));
    EXPECT_NE(all_of(usage).find(R"("choices":[],"usage":{"prompt_tokens":)"), std::string::npos);
    EXPECT_NE(all_of(usage).find(R"("completion_tokens":2)"), std::string::npos);
}

TEST(LlmTest, AStreamThatStopsHasNoEndMarker) {
    // Two of five tokens, and nothing that says so.
    const StubLlm model{.tokens = 5, .stop_after = 2, .end = LlmEnd::reset};
    for (const LlmRequest& request : {chat(streamed), message(streamed)}) {
        const LlmAnswer answer = answer_of(model, request);
        EXPECT_FALSE(answer.whole);
        EXPECT_EQ(answer.end, LlmEnd::reset);
        EXPECT_NE(all_of(answer).find("\" 2\""), std::string::npos);
        EXPECT_EQ(all_of(answer).find("\" 3\""), std::string::npos);
        EXPECT_EQ(all_of(answer).find("[DONE]"), std::string::npos);
        EXPECT_EQ(all_of(answer).find("message_stop"), std::string::npos);
    }
    EXPECT_FALSE(answer_of(model, chat()).whole);
}

TEST(LlmTest, AnErrorInMidStreamIsAnEventAndTheStreamEndsInGoodOrder) {
    // The status is 200 already.
    const StubLlm model{.tokens = 5, .stop_after = 2, .end = LlmEnd::error};
    const LlmAnswer openai = answer_of(model, chat(streamed));
    EXPECT_TRUE(openai.whole);
    EXPECT_EQ(openai.pieces.back().text,
              "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\","
              "\"param\":null,\"code\":null}}\n\n");
    const LlmAnswer anthropic = answer_of(model, message(streamed));
    EXPECT_EQ(anthropic.pieces.back().text,
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
              "\"message\":\"Overloaded\"}}\n\n");
    EXPECT_EQ(answer_of(model, message()).status, 529);
    EXPECT_EQ(answer_of(model, chat()).status, 500);
}

TEST(LlmTest, TheFirstRequestsCanBeTurnedAway) {
    // 1500 ms are 2 whole seconds (RFC 9110, 10.2.3: Retry-After has no fractions).
    StubLlm model;
    model.refuse = LlmRefusal{.first = 2, .status = 429, .retry_after = 1500ms};
    LlmRequest request = chat();
    const LlmAnswer first = answer_of(model, request);
    EXPECT_EQ(first.status, 429);
    EXPECT_EQ(first.headers.at("Retry-After"), "2");
    EXPECT_EQ(first.headers.at("retry-after-ms"), "1500");
    EXPECT_NE(all_of(first).find("rate_limit_exceeded"), std::string::npos);
    request.number = 3;
    EXPECT_EQ(answer_of(model, request).status, 200);
    model.refuse = LlmRefusal{.status = 529};
    const LlmAnswer overloaded = answer_of(model, message());
    EXPECT_EQ(overloaded.status, 529);
    EXPECT_EQ(overloaded.headers.count("Retry-After"), 0U);
    EXPECT_EQ(all_of(overloaded),
              R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
}

TEST(LlmTest, JitterAndIdsFollowFromTheSeed) {
    // Same seed, same stream; another seed, another; no gap outside its half-width.
    const StubLlm model{.tokens = 50, .between = 100ms, .jitter = 30ms};
    LlmRequest request = chat(streamed);
    const auto waits = [&] {
        std::vector<Duration> result;
        for (const LlmPiece& piece : answer_of(model, request).pieces) result.push_back(piece.wait);
        return result;
    };
    const auto first = waits();
    const std::string text = all_of(answer_of(model, request));
    EXPECT_EQ(first, waits());
    EXPECT_EQ(text, all_of(answer_of(model, request)));
    for (std::size_t i = 1; i < 50; ++i) {
        EXPECT_GE(first[i], 70ms);
        EXPECT_LE(first[i], 130ms);
    }
    request.seed = 2;
    EXPECT_NE(first, waits());
    EXPECT_NE(text, all_of(answer_of(model, request)));
}

TEST(LlmTest, CommentsAreTheFormatsOwn) {
    // A comment is no event to a parser; a ping is one that clients ignore.
    const StubLlm model{.comments = 15s};
    EXPECT_EQ(answer_of(model, chat(streamed)).comment, ": keep-alive\n\n");
    EXPECT_EQ(answer_of(model, message(streamed)).comment,
              "event: ping\ndata: {\"type\":\"ping\"}\n\n");
    EXPECT_EQ(answer_of(StubLlm{}, chat(streamed)).comment, "");
}

TEST(LlmTest, ABadRequestIsToldWhatIsMissing) {
    // As both APIs do: 400 with an error of their format.
    const StubLlm model;
    EXPECT_EQ(answer_of(model, to("/v1/chat/completions", "{")).status, 400);
    EXPECT_EQ(answer_of(model, to("/v1/chat/completions", "[1]")).status, 400);
    EXPECT_EQ(answer_of(model, to("/v1/chat/completions", R"({"messages":[1]})")).status, 400);
    const LlmAnswer no_limit =
        answer_of(model, to("/v1/messages", R"({"model":"m","messages":[1]})"));
    EXPECT_EQ(no_limit.status, 400);
    EXPECT_NE(all_of(no_limit).find("max_tokens: field required"), std::string::npos);
    EXPECT_EQ(answer_of(model, chat(R"(,"max_tokens":0)")).status, 400);
    EXPECT_EQ(answer_of(model, to("/v1/embeddings", "{}")).status, 404);
    LlmRequest get = chat();
    get.head.method = "GET";
    EXPECT_EQ(answer_of(model, get).status, 405);
    EXPECT_EQ(answer_of(model, get).headers.at("Allow"), "POST");
}

TEST(LlmTest, ItsModelIsListed) {
    // GET /v1/models is no request for an answer, and never turned away.
    StubLlm model{.model = "large-3"};
    model.refuse = LlmRefusal{.first = 5};
    LlmRequest request;
    request.head.method = "GET";
    request.head.target = "/v1/models";
    EXPECT_FALSE(asks_for_answer(request.head));
    const LlmAnswer answer = answer_of(model, request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(all_of(answer).find(R"("id":"large-3")"), std::string::npos);
}

}  // namespace
}  // namespace etimedout
