// RequestFingerprint: a request's headers as one number, so that requests that are the same have
// the same.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etimedout {

// Left out is what differs from one attempt to the next without meaning anything: headers of one
// hop (RFC 9110 section 7.6.1), lengths, Date, and those that trace or number attempts (W3C Trace
// Context, Zipkin's B3, AWS's, the X-Request-Id of gateways).
class RequestFingerprint {
public:
    void add(std::string_view name, std::string_view value);
    // FNV-1a, 64 bits, in hexadecimal.
    std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> lines_{};
};

// In lower case, as far as it is ASCII.
std::string lower_case_name(std::string_view name);

}  // namespace etimedout
