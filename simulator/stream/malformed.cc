// Answers that are no HTTP, as they go over the wire.
#include "simulator/stream/malformed.hh"

#include <fmt/format.h>

namespace etimedout {

namespace {

constexpr int garbage_bytes = 256;
constexpr std::size_t endless_bytes = 128U << 10U;
constexpr std::string_view plain_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

// Every byte value once; none of the first can begin a status line.
std::string garbage() {
    std::string text;
    for (int i = 0; i < garbage_bytes; ++i) text += static_cast<char>(garbage_bytes - 1 - i);
    return text;
}

std::string endless_head() {
    std::string head{plain_head};
    for (int line = 0; head.size() < endless_bytes; ++line) {
        head += fmt::format("X-Filler-{:05}: {:040}\r\n", line, line);
    }
    return head;
}

}  // namespace

std::string malformed_answer(Malformation what) {
    switch (what) {
        case Malformation::garbage:
            return garbage();
        case Malformation::status_line:
            return "HTTP/1.1 OK 200\r\nContent-Length: 3\r\n\r\nok\n";
        case Malformation::header:
            return std::string{plain_head} +
                   "This line has no colon\r\nContent-Length: 3\r\n\r\nok\n";
        case Malformation::chunk:
            return std::string{plain_head} +
                   "Transfer-Encoding: chunked\r\n\r\n3\r\nok\n\r\nxyz\r\nok\n\r\n0\r\n\r\n";
        case Malformation::length:
            return std::string{plain_head} + "Content-Length: 3\r\nContent-Length: 30\r\n\r\nok\n";
        case Malformation::endless_head:
            return endless_head();
    }
    return {};
}

}  // namespace etimedout
