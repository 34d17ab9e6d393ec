// ResponseShaper: what a fault does to one answer of an upstream on its way to the client.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "simulator/stream/fault_table.hh"
#include "simulator/stream/outlet.hh"
#include "simulator/stream/response_reader.hh"

namespace etimedout {

// Where a shaper puts what it lets pass, and how it tells that it did something.
struct ShaperContext {
    Outlet* outlet = nullptr;
    std::string fault{};
    std::function<void()> took_effect{};  // called once at the most
    int request_version = 11;
};

// Gets the answer in order: its head, body and framing (chunk headers, trailers), its end. All
// bytes together are the answer as it came. Never gets an interim answer (1xx but 101).
class ResponseShaper {
public:
    virtual ~ResponseShaper() = default;
    virtual void head(std::string raw, const ResponseFacts& facts, Moment at) = 0;
    virtual void body(std::string_view raw, Moment at) = 0;
    virtual void framing(std::string_view raw, Moment at) = 0;
    // `complete`: as its framing says; else the upstream ended before.
    enum class Ended { complete, early };
    virtual void end(Ended how, Moment at) = 0;
    virtual std::size_t held() const { return 0; }
};

// Null when the plan does nothing to an answer.
std::unique_ptr<ResponseShaper> make_shaper(const StreamPlan& plan, ShaperContext context);

// Those for event streams; null for other plans.
std::unique_ptr<ResponseShaper> make_event_shaper(const StreamPlan& plan, ShaperContext context);

}  // namespace etimedout
