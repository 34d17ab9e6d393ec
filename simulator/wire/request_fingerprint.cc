// RequestFingerprint: a request's headers as one number, so that requests that are the same have
// the same.
#include "simulator/wire/request_fingerprint.hh"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace etimedout {

namespace {

bool says_nothing_of_the_request(std::string_view name) {
    constexpr std::array<std::string_view, 20> names{"connection",
                                                     "keep-alive",
                                                     "proxy-connection",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade",
                                                     "expect",
                                                     "content-length",
                                                     "date",
                                                     "x-etimedout-call",
                                                     "x-request-id",
                                                     "x-correlation-id",
                                                     "traceparent",
                                                     "tracestate",
                                                     "b3",
                                                     "x-amzn-trace-id",
                                                     "amz-sdk-request",
                                                     "x-stainless-retry-count",
                                                     "x-envoy-attempt-count"};
    return name.starts_with("x-b3-") || std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::uint64_t fnv_offset = 14695981039346656037U;
constexpr std::uint64_t fnv_prime = 1099511628211U;

std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
    return (hash ^ static_cast<unsigned char>('\n')) * fnv_prime;
}

}  // namespace

std::string lower_case_name(std::string_view name) {
    std::string lower{name};
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

void RequestFingerprint::add(std::string_view name, std::string_view value) {
    std::string lower = lower_case_name(name);
    if (says_nothing_of_the_request(lower)) return;
    lines_.emplace_back(std::move(lower), value);
}

std::string RequestFingerprint::text() const {
    auto sorted = lines_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::uint64_t hash = fnv_offset;
    for (const auto& [name, value] : sorted) hash = mixed(mixed(hash, name), value);
    return fmt::format("{:016x}", hash);
}

}  // namespace etimedout
