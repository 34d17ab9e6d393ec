// HTTP/1.1 messages in the two streams of a TCP connection, with the times of their bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/events/event.hh"
#include "simulator/wire/connections.hh"

namespace etimedout {

struct HttpFact {
    Moment began{};           // first byte
    Side from{};              // client: a request; server: a response
    std::int64_t number = 0;  // among requests or responses of the connection, from 1
    std::string method{};
    std::string path{};  // the request's target as sent, with its query
    std::int64_t status = 0;
    std::string call{};           // from X-Etimedout-Call; a response has its request's
    Duration ended{};             // when the last of its bytes was seen
    std::int64_t body_bytes = 0;  // content, without the framing of chunks
    bool complete = false;        // all that was announced was seen
    std::string fingerprint{};    // of a request's headers
    std::map<std::string, std::string> headers{};  // the few that are kept, in lower case
    std::optional<StreamSeen> stream{};  // of a response: an event stream, or without a length
};

// RFC 9112, both roles read at once: pipelining, HEAD, 204, 304, chunks, bodies that end with the
// connection, CONNECT and 101 (after which it is no longer HTTP). Interim responses (1xx but 101)
// are read over. What does not begin like HTTP/1 gives nothing.
class HttpConversation {
public:
    HttpConversation();
    HttpConversation(HttpConversation&&) noexcept;
    HttpConversation& operator=(HttpConversation&&) noexcept;
    ~HttpConversation();

    void add(Side from, const StreamPiece& piece);
    // Nothing more will come: messages still open are cut. Facts are in the order of their first
    // bytes.
    std::vector<HttpFact> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace etimedout
