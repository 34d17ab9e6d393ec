// What a stub upstream is asked to be: port, routes, and how it misbehaves by itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

enum class StubKind { tcp, http };

template <>
struct Words<StubKind> {
    static constexpr std::array<std::pair<std::string_view, StubKind>, 2> words{
        {{"tcp", StubKind::tcp}, {"http", StubKind::http}}};
};

// How a stub ends an answer early.
enum class StubEnd { complete, close, reset };

template <>
struct Words<StubEnd> {
    static constexpr std::array<std::pair<std::string_view, StubEnd>, 3> words{
        {{"complete", StubEnd::complete}, {"close", StubEnd::close}, {"reset", StubEnd::reset}}};
};

// One answer of an HTTP stub, or the behaviour of a TCP stub's connections.
struct StubRoute {
    std::int64_t status = 200;
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    std::optional<Bytes> body_size{};
    Duration first_byte{};
    Duration between{};
    Bytes piece{1};
    bool silent = false;
    bool chunked = false;
    std::optional<Bytes> stop_after{};
    StubEnd end = StubEnd::complete;

    static constexpr auto fields() {
        return std::tuple{
            optional("status", &StubRoute::status, "HTTP status").at_least(100).at_most(599),
            optional("headers", &StubRoute::headers, "headers to add"),
            optional("body", &StubRoute::body, "the body; `ok` and a newline by default"),
            optional("body_size", &StubRoute::body_size, "a body of this size instead")
                .at_most(1e10),
            optional("first_byte", &StubRoute::first_byte, "wait before the answer"),
            optional("between", &StubRoute::between, "wait before each further piece of the body"),
            optional("piece", &StubRoute::piece, "size of a piece, with `between`").at_least(1),
            optional("silent", &StubRoute::silent, "take the request, never answer"),
            optional("chunked", &StubRoute::chunked, "chunked transfer instead of a length"),
            optional("stop_after", &StubRoute::stop_after,
                     "send only this much of the body, then do what `end` says, or stall"),
            optional("end", &StubRoute::end,
                     "`close` or `reset` the connection there instead of completing")};
    }
    bool operator==(const StubRoute&) const = default;
};

struct StubSpec {
    StubKind kind = StubKind::http;
    Port port{80};
    std::map<std::string, StubRoute> routes{};  // path, or prefix ending in *, to answer
    StubRoute all{};                            // for a path without a route, and for TCP
    Duration accept_delay{};
    std::int64_t backlog = 4096;
    bool operator==(const StubSpec&) const = default;
};

}  // namespace etimedout
