// Proxies and toxics as the API knows them: what it shows, and what it is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "simulator/faults/toxics.hh"
#include "simulator/proxy/engine.hh"

namespace etimedout {

struct ToxicRow {
    std::string name{};
    std::string stream{};  // as whoever added it spelled it
    Way way = Way::down;
    Toxic toxic{};
    float toxicity = 1;
    ToxicSelectors selectors{};
    SourceRanges sources{};  // of selectors.source
    std::string rule{};      // its id in the engine
};

inline constexpr std::int64_t usual_idle_timeout_ms = 60'000;

struct ProxyRow {
    std::string name{};
    std::string listen{};
    std::string upstream{};
    bool enabled = true;
    std::vector<ToxicRow> toxics{};  // those of the upstream first, each in the order of adding
    Protocol protocol = Protocol::tcp;
    std::int64_t idle_timeout_ms = usual_idle_timeout_ms;  // of UDP
};

// What POST /proxies and each item of POST /populate say.
struct ProxyInput {
    std::string name{};
    std::string listen{};
    std::string upstream{};
    bool enabled = true;
    std::vector<ToxicRow> toxics{};
    Protocol protocol = Protocol::tcp;
    std::int64_t idle_timeout_ms = usual_idle_timeout_ms;
    std::string place{};  // in the input; see ApiError
};

// What an update of a proxy says; what is left out stays.
struct ProxyChange {
    std::optional<std::string> listen{};
    std::optional<std::string> upstream{};
    std::optional<bool> enabled{};
    // What cannot be changed; a client may say it all the same.
    std::optional<Protocol> protocol{};
    std::optional<std::int64_t> idle_timeout_ms{};
};

// Each reads one body, already parsed. They throw ApiError 400 with Toxiproxy's texts.
ProxyInput read_proxy(const boost::json::value& body);
std::vector<ProxyInput> read_proxies(const boost::json::value& body);
ProxyChange read_change(const boost::json::value& body);

// A toxic to be added at `place`; it needs a name that none of `others` has (ApiError 409).
ToxicRow read_toxic(const boost::json::value& body, const std::vector<ToxicRow>& others,
                    const std::string& place);
// Throws ApiError 400 where such toxics mean nothing at a proxy of this protocol.
void check_protocol(const ToxicRow& toxic, Protocol protocol, const std::string& place);
// The toxic with what the body changes; the row given is left as it is.
ToxicRow read_toxic_change(const boost::json::value& body, ToxicRow toxic);

// In front of the toxics the other way, and behind those the same way.
void insert_toxic(std::vector<ToxicRow>& toxics, ToxicRow toxic);

// As toxiproxy-server writes them: Go's json.Marshal, byte for byte.
std::string to_json(const ToxicRow& toxic);
std::string to_json(const std::vector<ToxicRow>& toxics);
std::string to_json(const ProxyRow& proxy);
std::string to_json(const std::vector<ProxyRow>& proxies);
std::string to_json_by_name(const std::vector<ProxyRow>& proxies);
std::string to_json(const std::vector<ConnectionRow>& connections);

// As Go writes a string and numbers.
void append_go_string(std::string& out, std::string_view text);
std::string go_number(float value);
std::string go_number(double value);

}  // namespace etimedout
