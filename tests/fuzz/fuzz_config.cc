// The proxy's configuration file under libFuzzer, as JSON and as YAML: proxies, or a mistake that
// is shown with its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "simulator/proxy/proxy_config.hh"

namespace etimedout {
namespace {

void read(const std::string& text, const std::string& file) {
    try {
        const ProxyConfig config{text, file};
        for (const ProxyInput& input : config.proxies()) {
            if (input.name.empty() || input.upstream.empty()) std::abort();
            if (config.complaint(ApiError{500, "x", input.place + "/listen"}).empty()) std::abort();
        }
    } catch (const Error& error) {
        const std::string shown = error.what();
        if (!shown.starts_with(file + ":") || !shown.ends_with("^")) std::abort();
    }
}

}  // namespace
}  // namespace etimedout

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    etimedout::read(text, "fuzz.json");
    etimedout::read(text, "fuzz.yaml");
    etimedout::read(text, "fuzz");
    return 0;
}
