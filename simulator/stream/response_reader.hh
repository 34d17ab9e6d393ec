// ResponseReader: one HTTP/1 response out of a stream of bytes, told apart into head, body,
// framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "simulator/stream/response_head.hh"

namespace etimedout {

// What the head says.
struct ResponseFacts {
    int status = 0;
    Framing framing = Framing::none;  // none: no body, whatever its headers say
    std::optional<std::uint64_t> length{};
    bool is_event_stream = false;  // text/event-stream without a content coding
};

// A head may have 64 KiB. Bytes are only told apart; their owner keeps them.
class ResponseReader {
public:
    enum class State { head, body, complete, malformed };

    // `request_method`: of the request that is answered; a response to HEAD has no body.
    explicit ResponseReader(std::string_view request_method);
    ~ResponseReader();

    // Took so many bytes from the front of `data`, and `body` of these, which end what it took, are
    // of the body. The rest comes again, with more behind it.
    struct Step {
        std::size_t taken = 0;
        std::size_t body = 0;
    };
    Step feed(std::string_view data);

    State state() const;
    // From state `body` on.
    const ResponseFacts& facts() const;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace etimedout
