// A model's answer to one request, in the wire formats of OpenAI and Anthropic: what is sent, and
// when.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/stream/request.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

// POST /v1/chat/completions and /v1/messages, streamed or not as the request's `stream` says, and
// GET /v1/models. The text of an answer is its tokens' numbers: " 1 2 3". A stream's head comes
// after `head`, the first token `first_token` later; Anthropic's message_start comes with the head.
// An answer that is not streamed comes when all of its tokens would have.
struct LlmPiece {
    Duration wait{};  // since the piece before, or since the request for the first
    std::string text{};
};

struct LlmAnswer {
    std::int64_t status = 200;
    std::map<std::string, std::string> headers{};
    Duration head_wait{};  // before the head
    bool streams = false;
    std::vector<LlmPiece> pieces{};  // of a stream; or the one body of another answer
    LlmEnd end = LlmEnd::hang;       // means something only where the answer is not whole
    bool whole = true;
    // What a stream says while it has nothing to say; empty: nothing.
    std::string comment{};
};

struct LlmRequest {
    RequestHead head{};
    std::string body{};
    std::int64_t number = 1;      // which of the stub's requests for an answer, from 1
    std::uint64_t seed = 1;       // of the run
    std::string stub{};           // the stub's name
    std::int64_t wall_clock = 0;  // seconds since 1970
};

// The longest body of a request that is read.
inline constexpr std::size_t longest_prompt = 1U << 20U;

// Whether it is one of those that are counted, and may be turned away.
bool asks_for_answer(const RequestHead& head);

LlmAnswer answer_of(const StubLlm& model, const LlmRequest& request);

}  // namespace etimedout
