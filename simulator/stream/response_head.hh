// The head of an answer that is made here, and what follows from it for its body.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "simulator/stream/request.hh"

namespace etimedout {

// How the receiver knows where the body ends (RFC 9112, 6.3).
enum class Framing { none, length, chunked, until_close };

struct ResponseOutline {
    std::int64_t status = 200;
    std::map<std::string, std::string> headers{};
    std::int64_t body_size = 0;
    bool wants_chunks = false;
};

// The head as it goes over the wire, and what follows from it. A header that the scenario gives
// replaces one of our own of that name; an empty one removes it: without Content-Length the body
// ends where the connection ends.
struct RenderedHead {
    std::string text{};
    Framing framing = Framing::length;
    bool keep_alive = true;
};

// `wall_clock`: nanoseconds since 1970, for the header Date; nothing: none.
RenderedHead render_head(const ResponseOutline& answer, const RequestHead& request,
                         std::optional<std::int64_t> wall_clock);

// A short text for an answer that has no body of its own: "503 Service Unavailable" and a newline.
std::string default_body(std::int64_t status);

// What stands before a chunk of so many bytes (RFC 9112, 7.1).
std::string chunk_header(std::int64_t count);

// RFC 9110, 5.6.7: "Thu, 01 Jan 2026 00:00:00 GMT".
std::string http_date(std::int64_t nanoseconds_since_1970);

}  // namespace etimedout
