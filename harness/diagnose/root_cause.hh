// RootCause: the nine reasons behind "connection timed out", and what a diagnosis says about one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/quantity.hh"

namespace etimedout {

// In the order of docs/diagnosis.md, whose numbers they are.
enum class RootCause {
    not_enough_evidence,
    network,       // 1 latency and congestion
    firewall,      // 2
    overload,      // 3 server overload
    down,          // 4 service down or misconfigured
    application,   // 5 application bug
    dns,           // 6
    kernel_limit,  // 7
    proxy,         // 8 load balancer or proxy
    api            // 9 API and LLM gateway
};
inline constexpr std::size_t root_cause_count = 10;

// `certain`: nothing else makes this evidence. `likely`: something else could, but what it would
// have left behind is not there or was not recorded. Without enough evidence it is `none`.
enum class Confidence { none, likely, certain };

// 0 for not enough evidence, else 1 to 9.
int number_of(RootCause cause);
// "server overload", "not enough evidence".
std::string_view name_of(RootCause cause);
std::string_view name_of(Confidence confidence);

struct Diagnosis {
    RootCause cause = RootCause::not_enough_evidence;
    Confidence confidence = Confidence::none;
    std::string finding{};                // one sentence: what happened
    std::vector<std::string> evidence{};  // with numbers and times, the strongest first
    std::string remedy{};  // for good, in one line; what to record where none is known
    bool operator==(const Diagnosis&) const = default;
};

// A call that did not do what it should, or, where there are no calls (a capture), an exchange.
struct CaseDiagnosis {
    std::string call{};  // its id; of a capture: "10.0.0.1:4000 to 10.0.0.2:80"
    std::int64_t index = 1;
    Duration began{};
    Duration took{};
    std::string outcome{};  // as the caller saw it, or as the packets show it
    Diagnosis diagnosis{};
};

}  // namespace etimedout
