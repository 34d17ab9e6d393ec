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

struct UdpSeries {
    std::string_view name;
    std::string_view help;
    std::uint64_t UdpCounters::*value;
};

constexpr std::array<UdpSeries, 6> udp_series{
    {{"etimedout_proxy_datagrams_lost_total", "Datagrams that toxics threw away.",
      &UdpCounters::lost},
     {"etimedout_proxy_datagrams_duplicated_total", "Datagrams that toxics sent twice.",
      &UdpCounters::duplicated},
     {"etimedout_proxy_datagrams_reordered_total", "Datagrams that toxics let others overtake.",
      &UdpCounters::reordered},
     {"etimedout_proxy_datagrams_corrupted_total", "Datagrams that toxics damaged.",
      &UdpCounters::corrupted},
     {"etimedout_proxy_datagrams_dropped_total",
      "Datagrams for which there was no room, or no way to send them.", &UdpCounters::dropped},
     {"etimedout_proxy_unreachable_total", "Times an upstream's machine said nobody is there.",
      &UdpCounters::unreachable}}};

// Of proxies that carry datagrams; nothing where there are none.
std::string datagrams_text(const std::vector<ProxyFigures>& proxies) {
    std::vector<ProxyFigures> udp;
    for (const ProxyFigures& proxy : proxies) {
        if (proxy.protocol == Protocol::udp) udp.push_back(proxy);
    }
    if (udp.empty()) return {};
    constexpr std::string_view sent = "etimedout_proxy_datagrams_sent_total";
    std::string out = head(sent, "Datagrams sent, by the direction they travel in.", "counter");
    for (const ProxyFigures& proxy : udp) {
        const UdpCounters& counters = proxy.counters.datagrams;
        out += fmt::format(
            "{0}{{direction=\"downstream\",proxy=\"{1}\"}} {2}\n"
            "{0}{{direction=\"upstream\",proxy=\"{1}\"}} {3}\n",
            sent, label(proxy.name), counters.down, counters.up);
    }
    for (const UdpSeries& series : udp_series) {
        out += head(series.name, series.help, "counter");
        for (const ProxyFigures& proxy : udp) {
            out += fmt::format("{}{{proxy=\"{}\"}} {}\n", series.name, label(proxy.name),
                               proxy.counters.datagrams.*series.value);
        }
    }
    return out;
}

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
    return out + lateness_text(proxies) + datagrams_text(proxies);
}

}  // namespace etimedout
