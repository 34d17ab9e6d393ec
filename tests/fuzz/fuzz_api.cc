// The proxy's API under libFuzzer: whatever is asked, the answer is one that clients can read, and
// the proxies stay as the API shows them. One request to a line: METHOD TARGET BODY.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "simulator/proxy/api_routes.hh"
#include "tests/proxy/fake_engine.hh"

namespace etimedout {
namespace {

std::string_view word(std::string_view& line) {
    const std::string_view first = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), first.size() + 1));
    return first;
}

void check(const ApiAnswer& given) {
    if (given.status < 200 || given.status > 503) std::abort();
    const bool is_json = given.content_type.starts_with("application/json") ||
                         (given.matched && given.status >= 400 && given.status != 403);
    if (!is_json) return;
    boost::system::error_code error;
    boost::json::parse(given.body, error);  // strict, so all of it is UTF-8 too
    if (error) std::abort();
}

}  // namespace
}  // namespace etimedout

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace etimedout;
    static ProxyLog log{LogLevel::panic, -1};
    std::string_view text{reinterpret_cast<const char*>(data), size};
    test::FakeEngine engine;
    ProxySet proxies{engine.calls(), log};
    const ApiPolicy policy{true, "localhost", MetricsEndpoint::present};
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        ApiRequest request;
        request.method = word(line);
        request.target = word(line);
        request.body = line;
        request.host = "localhost";
        check(answer(request, proxies, policy));
    }
    std::size_t enabled = 0;
    for (const ProxyRow& row : proxies.list()) {
        if (!row.enabled) continue;
        ++enabled;
        if (engine.at(row.listen).rules.size() != row.toxics.size()) std::abort();
    }
    if (enabled != engine.running.size()) std::abort();
    return 0;
}
