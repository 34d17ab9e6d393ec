// The answer of GET /metrics: Prometheus' text format, version 0.0.4.
#include "simulator/proxy/proxy_metrics.hh"

#include <array>

#include <fmt/format.h>

namespace etimedout {

namespace {

std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

std::string head(std::string_view name, std::string_view help, std::string_view type) {
    return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

struct ByteCounters {
    std::string_view name;
    std::uint64_t ProxyCounters::*received;
    std::uint64_t ProxyCounters::*sent;
};

constexpr std::array<ByteCounters, 2> directions{
    {{"downstream", &ProxyCounters::received_down, &ProxyCounters::sent_down},
     {"upstream", &ProxyCounters::received_up, &ProxyCounters::sent_up}}};

std::string bytes_text(const std::vector<ProxyFigures>& proxies, std::string_view name,
                       std::string_view help, std::uint64_t ProxyCounters::*ByteCounters::*which) {
    std::string out = head(name, help, "counter");
    for (const ProxyFigures& proxy : proxies) {
        for (const ByteCounters& direction : directions) {
            out += fmt::format(
                "{}{{direction=\"{}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}\n", name,
                direction.name, label(proxy.listen), label(proxy.name), label(proxy.upstream),
                proxy.counters.*(direction.*which));
        }
    }
    return out;
}

struct Series {
    std::string_view name;
    std::string_view help;
    std::string_view type;
    std::string (*value)(const ProxyFigures&);
};

std::string series_text(const std::vector<ProxyFigures>& proxies, const Series& series) {
    std::string out = head(series.name, series.help, series.type);
    for (const ProxyFigures& proxy : proxies) {
        out += fmt::format("{}{{proxy=\"{}\"}} {}\n", series.name, label(proxy.name),
                           series.value(proxy));
    }
    return out;
}

constexpr std::array<Series, 6> own_series{
    {{"etimedout_proxy_connections_total", "Connections accepted.", "counter",
      [](const ProxyFigures& p) { return std::to_string(p.counters.connections); }},
     {"etimedout_proxy_failed_connects_total", "Connections whose upstream was not reached.",
      "counter", [](const ProxyFigures& p) { return std::to_string(p.counters.failed); }},
     {"etimedout_proxy_open_connections", "Connections open now.", "gauge",
      [](const ProxyFigures& p) { return std::to_string(p.counters.open); }},
     {"etimedout_proxy_enabled", "1 when the proxy listens.", "gauge",
      [](const ProxyFigures& p) { return std::string{p.enabled ? "1" : "0"}; }},
     {"etimedout_proxy_toxics", "Toxics in place now.", "gauge",
      [](const ProxyFigures& p) { return std::to_string(p.toxics); }},
     {"etimedout_proxy_toxics_applied_total", "Toxics put to work on a connection, summed.",
      "counter", [](const ProxyFigures& p) { return std::to_string(p.counters.affected); }}}};

std::string lateness_text(const std::vector<ProxyFigures>& proxies) {
    constexpr std::string_view name = "etimedout_proxy_delay_error_seconds";
    std::string out = head(name, "By how much delayed data left after it was due.", "summary");
    for (const ProxyFigures& proxy : proxies) {
        const auto seconds = static_cast<double>(proxy.counters.late_ns) / 1e9;
        out += fmt::format("{0}_sum{{proxy=\"{1}\"}} {2}\n{0}_count{{proxy=\"{1}\"}} {3}\n", name,
                           label(proxy.name), seconds, proxy.counters.late_items);
    }
    return out;
}

}  // namespace

std::string metrics_text(const std::vector<ProxyFigures>& proxies) {
    std::string out =
        bytes_text(proxies, "toxiproxy_proxy_received_bytes_total",
                   "Bytes read, by the direction they travel in.", &ByteCounters::received);
    out += bytes_text(proxies, "toxiproxy_proxy_sent_bytes_total",
                      "Bytes written, by the direction they travel in.", &ByteCounters::sent);
    for (const Series& series : own_series) out += series_text(proxies, series);
    return out + lateness_text(proxies);
}

}  // namespace etimedout
