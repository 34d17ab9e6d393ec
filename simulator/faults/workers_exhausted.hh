// Workers exhausted: a server all of whose workers are busy with others.
#pragma once

#include "simulator/faults/decision.hh"
#include "simulator/faults/selectors.hh"

namespace etimedout {

struct WorkersExhausted {
    static constexpr std::string_view kind = "workers_exhausted";
    static constexpr std::string_view doc =
        "Keep `workers` workers of the node's server busy, each with a caller that never "
        "ends.";
    static constexpr std::string_view recipe =
        "connections over the node's own addresses, each with a request whose end never "
        "comes, or `with` something else";
    static constexpr std::string_view witness =
        "callers whose bytes nobody has read: receive queues of the server's port (ss -tn, "
        "Recv-Q)";
    static constexpr std::string_view caller_sees =
        "a connection, established by the kernel, and then nothing: its own read timeout";
    static constexpr std::string_view look_alike =
        "`backlog_full`: connecting itself fails; `pause`: processes in state T; `silent`: "
        "the request is read";
    static constexpr std::string_view needs = needs_text::server;
    static constexpr Layer layer = Layer::node;
    static constexpr Accepts accepts = no_selectors;
    static constexpr Direction direction = Direction::both;
    static constexpr bool affects_open_connections = false;
    static constexpr std::string_view example = "workers: 1";

    std::int64_t workers = 1;
    Occupation with = Occupation::half_request;
    std::string path = "/";
    std::optional<Port> listens_on{};

    static constexpr auto fields() {
        return std::tuple{
            required("workers", &WorkersExhausted::workers, "how many callers come and stay")
                .at_least(1)
                .at_most(10'000),
            optional("with", &WorkersExhausted::with, "what they do"),
            optional("path", &WorkersExhausted::path, "with `request`: of this path"),
            optional("listens_on", &WorkersExhausted::listens_on,
                     "its port; that of the first link to it")};
    }
    Decision decide() const { return NodePlan{OccupyWorkers{workers, with, path, listens_on}}; }
    bool operator==(const WorkersExhausted&) const = default;
};

}  // namespace etimedout
