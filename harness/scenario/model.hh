// A scenario as it was understood: topology, what happens, what must be true.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/scenario/model_bounds.hh"
#include "simulator/base/bound.hh"
#include "simulator/faults/all_faults.hh"
#include "simulator/world/spec.hh"

namespace etimedout {

// A place in the scenario's text, both from 1.
struct Where {
    std::size_t line = 0;
    std::size_t column = 0;
    bool operator==(const Where&) const = default;
};

enum class TimeChoice { automatic, virtual_time, real_time };

template <>
struct Words<TimeChoice> {
    static constexpr std::array<std::pair<std::string_view, TimeChoice>, 3> words{
        {{"auto", TimeChoice::automatic},
         {"virtual", TimeChoice::virtual_time},
         {"real", TimeChoice::real_time}}};
};

struct RunLimit {
    Duration virtual_time = 1h;
    Duration real = 60s;  // of CPU time in a virtual world, of the wall clock in a real one
    Bytes memory{256LL << 20U};
    static constexpr auto fields() {
        return std::tuple{
            optional("virtual", &RunLimit::virtual_time, "longest the world's clock may run"),
            optional("real", &RunLimit::real, "longest it may really take (CPU seconds)"),
            optional("memory", &RunLimit::memory, "memory of a virtual world; 1gb for Java")
                .at_least(32e6)
                .at_most(64e9)};
    }
};

// ------------------------------------------------------------------ steps

// On a link, a node or a resolver.
struct FaultStep {
    std::string target{};
    ArmedFault armed{};
};
struct HealStep {
    std::string fault{};
};
struct WaitStep {
    std::optional<Duration> time{};
    std::optional<std::string> until_call{};  // `until: {at: c1}`: that background call has ended
};
struct SetStep {
    std::string node{};
    std::map<std::string, std::string> sysctl{};
    std::optional<std::string> process{};  // restart, stop, start
    std::string resolver{};                // instead of a node
    DnsRecords records{};
};

enum class ConnectionUse { fresh, reuse };
template <>
struct Words<ConnectionUse> {
    static constexpr std::array<std::pair<std::string_view, ConnectionUse>, 2> words{
        {{"new", ConnectionUse::fresh}, {"reuse", ConnectionUse::reuse}}};
};

struct HttpCall {
    std::string method = "GET";
    std::string path = "/";
    std::map<std::string, std::string> headers{};
    std::optional<std::string> body{};
    std::optional<Bytes> body_size{};
    bool tls = false;
    bool verify = false;
    static constexpr auto fields() {
        return std::tuple{
            optional("method", &HttpCall::method, "GET by default"),
            optional("path", &HttpCall::path, "/ by default"),
            optional("headers", &HttpCall::headers, "headers to send"),
            optional("body", &HttpCall::body, "the body to send"),
            optional("body_size", &HttpCall::body_size, "a body of this size instead"),
            optional("tls", &HttpCall::tls, "https, any certificate"),
            optional("verify", &HttpCall::verify,
                     "https, and only a certificate for this host that `${scenario.ca}` signed")};
    }
};
// `tcp: connect`, or `tcp: {send: …, expect: …, send_size: …}`.
struct TcpCall {
    std::optional<std::string> send{};
    std::optional<Bytes> send_size{};
    std::optional<std::string> expect{};  // a text that must arrive
    std::optional<Bytes> expect_size{};
    static constexpr auto fields() {
        return std::tuple{
            optional("send", &TcpCall::send, "text to send once connected"),
            optional("send_size", &TcpCall::send_size, "so many bytes to send instead"),
            optional("expect", &TcpCall::expect, "wait for this text"),
            optional("expect_size", &TcpCall::expect_size, "wait for so many bytes")};
    }
};
// `dns: name`, or `dns: {name: …, type: A}`; the system's resolver of the node (getaddrinfo).
struct DnsCall {
    std::string name{};
    std::string type = "A";
    static constexpr auto fields() {
        return std::tuple{required("name", &DnsCall::name, "the name to look up"),
                          optional("type", &DnsCall::type, "A, AAAA or any")};
    }
};
// `ping: 3` echo requests, one per `every`.
struct PingCall {
    std::int64_t count = 1;
    Duration every = 1s;
    Duration wait = 1s;
    static constexpr auto fields() {
        return std::tuple{
            optional("count", &PingCall::count, "echo requests").at_least(1).at_most(1000000),
            optional("every", &PingCall::every, "from one to the next").at_least(1000),
            optional("wait", &PingCall::wait, "for the last answer")};
    }
};
// A shell command in a node.
struct ExecCall {
    std::string command{};
};

struct CallStep {
    std::string id{};
    std::string link{};  // empty for exec and dns without one
    std::string node{};  // where it is made: `in`, or the link's near end
    std::string host{};  // the name it calls, where that is not the link's own
    std::variant<HttpCall, TcpCall, DnsCall, PingCall, ExecCall> what{};
    ConnectionUse connection = ConnectionUse::fresh;
    std::optional<Duration> timeout{};          // the client's own, total
    std::optional<Duration> connect_timeout{};  // the client's own, connecting
    Duration deadline = 10min;                  // the harness's patience
    std::int64_t times = 1;
    std::optional<Duration> lasting{};  // key `for`: repeat for so long instead of `times`
    std::optional<double> rate{};       // calls per second, open loop
    std::int64_t concurrency = 1;
    bool background = false;
    bool steady = false;
    bool hold_open = false;
};

struct Step {
    Where where{};
    std::string id{};
    std::variant<FaultStep, HealStep, CallStep, WaitStep, SetStep> what{};
};

// ------------------------------------------------------------------ expectations

// How a connection must have ended, at a link.
struct ClosedBound {
    std::optional<std::string> by{};   // a node
    std::optional<std::string> how{};  // fin or rst
    std::optional<Bound<Duration>> after{};
    std::string since = "last_byte";  // request, last_byte, connect, or a step's id
};

// Peak in any window of this length. Without `of`, `count` is of requests, or of connections where
// there is no HTTP.
struct InAnyBound {
    Duration window{};
    Bound<std::int64_t> count{};
    std::optional<CountedUnit> of{};
};

// Messages of DNS, of all or of some.
struct DnsBound {
    std::optional<std::string> name{};
    std::optional<std::string> type{};
    std::optional<DnsTransport> transport{};
    std::optional<std::string> rcode{};  // of answers: NOERROR, NXDOMAIN, …
    Bound<std::int64_t> count{};
};

struct LogBound {
    std::optional<std::string> contains{};
    std::optional<std::string> matches{};        // ECMAScript regular expression
    std::optional<Bound<std::int64_t>> count{};  // default: at least one
};

struct CounterBound {
    std::string name{};  // nstat's name, TcpExtTCPSynRetrans
    Bound<std::int64_t> delta{};
};

struct EventMatch {
    std::map<std::string, std::string> fields{};  // event: kind, and fields of the log to compare
};

struct Expectation;

// `at: CALL|LINK|NODE|FAULT` and keys; each key is one fact that must hold.
struct Expectation {
    Where where{};
    std::string text{};  // as written, on one line, for reports
    std::string because{};
    std::string at{};
    std::optional<std::string> of{};      // only traffic this call caused
    std::optional<std::string> during{};  // only while this call ran
    std::optional<std::string> since{};   // only after this step
    std::optional<Duration> settle{};
    std::vector<std::string> ignore_paths{};
    std::vector<std::string> ignore_sources{};

    // at a call
    std::optional<std::string> outcome{};
    std::map<std::string, Bound<std::int64_t>> outcomes{};
    std::optional<std::string> error{};  // key `errno`
    std::optional<Bound<std::int64_t>> status{};
    std::optional<Bound<std::int64_t>> exit_code{};
    std::map<std::string, TextBound> headers{};
    std::optional<TextBound> body{};
    std::optional<TextBound> standard_output{};
    std::optional<TextBound> standard_error{};
    std::optional<std::string> completeness{};
    std::map<std::string, Bound<Duration>> phases{};       // dns connect tls first_byte total
    std::map<std::string, Bound<Duration>> percentiles{};  // p50 p95 p99 max
    std::optional<Bound<double>> success_ratio{};          // a share of 1
    std::optional<Bound<Bytes>> received{};
    StreamBound stream{};  // also at a link

    // at a link
    // attempts syns established requests responses in_flight retransmissions open reused datagrams
    std::map<std::string, Bound<std::int64_t>> counts{};
    std::optional<Bound<Bytes>> bytes{};
    std::optional<ClosedBound> closed{};
    std::optional<RetriesBound> retries{};
    std::optional<InAnyBound> in_any{};

    // at a link, a resolver, or another node that answers queries
    std::optional<DnsBound> queries{};
    std::optional<DnsBound> answers{};

    // at a node
    std::optional<CounterBound> counter{};
    std::optional<LogBound> log{};
    std::map<std::string, Bound<std::int64_t>>
        sockets{};  // state -> how many at the most, any time
    std::optional<Bound<std::int64_t>> fds{};
    std::optional<Bound<Bytes>> memory{};

    // models
    std::optional<BreakerBound> breaker{};           // at a link
    std::optional<BudgetBound> budget{};             // at a call
    std::optional<BulkheadBound> bulkhead{};         // at a link or a call
    std::optional<PoolBound> pool{};                 // at a link
    std::optional<HedgeBound> hedge{};               // at a link
    std::optional<RateLimitBound> rate_limit{};      // at a link
    std::optional<DegradedBound> degraded{};         // at a call
    std::optional<HealthCheckBound> health_check{};  // at a link
    std::optional<DnsCacheBound> dns_cache{};        // at a link or a node

    // at a fault
    std::optional<Bound<std::int64_t>> fired{};
    std::optional<Bound<std::int64_t>> matched{};

    // order
    std::vector<EventMatch> sequence{};
    std::optional<EventMatch> never{};
    std::optional<EventMatch> always{};  // all events of its kind and place have its other fields
    std::optional<EventMatch> eventually{};
    std::optional<Duration> within{};
    std::vector<Expectation> any_of{};
    std::vector<Expectation> all_of{};
};

// Another run of the same scenario, in which expectations should fail.
struct CounterExample {
    std::string name{};
    std::map<std::string, std::string> set{};  // dotted place in the scenario -> YAML value
};

struct Need {
    std::string what{};     // a program, or a capability such as netem
    std::string version{};  // ">=1.22", or empty
};

// A command that runs once, in a world of its own, and whose result nodes of later worlds find.
struct Preparation {
    std::string name{};
    ProcessSpec program{};  // its run, user, env, cwd and files
    std::vector<std::string> nodes{};
    std::string keep{};  // the folder that is kept, from /
    std::vector<std::string> uses{};
};

// One row of a matrix, ready to run.
struct Scenario {
    std::string file{};
    std::string name{};  // with the row's values behind it when there is a matrix
    std::string row{};   // "refusal=reset", or empty
    std::string about{};
    std::vector<std::string> tags{};
    std::optional<std::uint64_t> seed{};
    TimeChoice time = TimeChoice::automatic;
    std::string start = "2026-01-01T00:00:00Z";
    RunLimit limit{};
    std::vector<Need> needs{};
    std::map<std::string, std::string> variables{};
    Topology topology{};
    std::vector<Preparation> preparations{};
    std::vector<Step> steps{};
    std::vector<Expectation> expectations{};
    std::vector<CounterExample> counter_examples{};
};

}  // namespace etimedout
