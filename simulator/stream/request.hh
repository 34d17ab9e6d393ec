// RequestReader: HTTP/1 requests out of a stream of bytes, their bodies counted and thrown away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etimedout {

// Of a request or an answer, in bytes.
inline constexpr std::uint32_t longest_head = 64U << 10U;

struct RequestHead {
    std::string method{};
    std::string target{};
    int version = 11;  // 10 or 11
    std::vector<std::pair<std::string, std::string>> headers{};
    bool keep_alive = true;
    bool expects_continue = false;

    // The target's path: without scheme and authority (absolute form, RFC 9112, 3.2.2) or query.
    std::string_view path() const;
    // The first header of this name, whatever its case; null when there is none.
    const std::string* header(std::string_view name) const;
};

// Names of headers are compared without regard to case (RFC 9110, 5.1).
bool same_name(std::string_view a, std::string_view b);

// Whether a route's or a selector's path means this one: exact, or a prefix when it ends in `*`.
bool path_matches(std::string_view pattern, std::string_view path);

// One request. Its head may have 64 KiB, its body any size, since no byte of it is kept where that
// is not asked for.
class RequestReader {
public:
    enum class State { head, body, complete, malformed };

    RequestReader();
    RequestReader(RequestReader&&) noexcept;
    RequestReader& operator=(RequestReader&&) noexcept;
    ~RequestReader();

    // Takes bytes from the front of `data` and says how many; the rest comes again with more
    // behind it. Stops behind the head, and behind the request.
    std::size_t feed(std::string_view data);

    // Keeps the first so many bytes of the body; said before its first byte is fed.
    void keep_body(std::size_t bytes);

    State state() const;
    // Complete from state `body` on.
    const RequestHead& head() const;
    // What was kept of the body.
    const std::string& body() const;
    // What is wrong with a malformed request.
    std::string complaint() const;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace etimedout
