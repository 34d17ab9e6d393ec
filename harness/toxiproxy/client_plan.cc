// What a user wants of a running proxy server, as plain data.
#include "harness/toxiproxy/client_plan.hh"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace etimedout {

std::string api_from_environment() {
    const char* url = std::getenv("TOXIPROXY_URL");
    return url == nullptr || *url == '\0' ? std::string{default_api} : std::string{url};
}

Result<ToxicAttributes> parse_attributes(const std::vector<std::string>& texts) {
    ToxicAttributes attributes;
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return Problem{fmt::format("attribute {}: no value", text),
                           "write key=value, as in: -a latency=100"};
        }
        attributes.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return attributes;
}

Result<double> parse_toxicity(std::string_view text) {
    double value = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc{} || end != last || !(value >= 0 && value <= 1)) {
        return Problem{fmt::format("toxicity {}: not a number from 0 to 1", text),
                       "write the share of connections that the toxic is for, such as 0.5"};
    }
    return value;
}

}  // namespace etimedout
