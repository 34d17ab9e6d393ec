// One call as its caller sees it: made, timed, and its end put into one word.
#include "harness/call/call.hh"

#include <cerrno>

#include "harness/call/call_state.hh"

namespace etimedout {

namespace {

struct Runner {
    const CallPlan& plan;
    const WorldClock& clock;
    CallState& state;
    CallEnd operator()(const HttpCall&) const { return run_http(plan, clock, state); }
    CallEnd operator()(const TcpCall&) const { return run_tcp(plan, clock, state); }
    CallEnd operator()(const DnsCall&) const { return run_dns(plan, clock, state); }
    CallEnd operator()(const PingCall&) const { return run_ping(plan, clock, state); }
    CallEnd operator()(const ExecCall&) const { return run_exec(plan, clock); }
};

struct Kind {
    std::string_view operator()(const HttpCall&) const { return "http"; }
    std::string_view operator()(const TcpCall&) const { return "tcp"; }
    std::string_view operator()(const DnsCall&) const { return "dns"; }
    std::string_view operator()(const PingCall&) const { return "ping"; }
    std::string_view operator()(const ExecCall&) const { return "exec"; }
};

}  // namespace

std::string_view kind_of(const CallStep& step) { return std::visit(Kind{}, step.what); }

CallEnd run_call(const CallPlan& plan, const WorldClock& clock, CallState& state) {
    const Duration begin = clock.now();
    CallEnd end = std::visit(Runner{plan, clock, state}, plan.step.what);
    end.call = plan.call;
    end.index = plan.index;
    // A call that closes things after its end says itself when that was.
    if (end.total == Duration::zero()) end.total = clock.now() - begin;
    return end;
}

std::string connect_outcome(int error_number) {
    switch (error_number) {
        case ETIMEDOUT:
            return "connect_timeout";
        case ECONNREFUSED:
            return "connect_refused";
        case ECONNRESET:
            return "reset";
        default:
            return "unreachable";
    }
}

}  // namespace etimedout
