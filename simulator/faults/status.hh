// Status: the server answers with an error.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct Status {
    static constexpr std::string_view kind = "status";
    static constexpr std::string_view doc =
        "Answer requests with this status instead; `kind: status_503` is short for it.";
    static constexpr std::string_view recipe = "the server's engine answers in place of the route";
    static constexpr std::string_view witness = "the engine's record of answers given";
    static constexpr std::string_view caller_sees = "the status";
    static constexpr std::string_view look_alike =
        "the callee's own error: then its log knows of the request";
    static constexpr std::string_view needs = needs_text::proxy;
    static constexpr Layer layer = Layer::message;
    static constexpr Accepts accepts = message_selectors;
    static constexpr Direction direction = Direction::down;
    static constexpr bool affects_open_connections = true;

    std::int64_t code = 503;
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    // `kind: status_503` sets this field.
    static constexpr auto kind_suffix = &Status::code;

    static constexpr auto fields() {
        return std::tuple{
            required("code", &Status::code, "the HTTP status").at_least(100).at_most(599),
            optional("headers", &Status::headers, "headers to add, such as Retry-After"),
            optional("body", &Status::body, "the body; a short text by default")};
    }
    Decision decide() const { return StreamPlan{Respond{code, headers, body}}; }
    bool operator==(const Status&) const = default;
};

}  // namespace etimedout
