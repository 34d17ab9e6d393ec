// The file of proxies to begin with: a JSON array as toxiproxy-server reads it, or the same in
// YAML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/proxy/json_input.hh"
#include "simulator/proxy/proxy_model.hh"
#include "simulator/proxy/yaml_input.hh"

namespace etimedout {

inline constexpr std::size_t largest_config = 4U << 20U;

// A place in the text as people count: lines and characters from 1.
struct ConfigPlace {
    std::size_t line = 1;
    std::size_t column = 1;
};

class ProxyConfig {
public:
    // JSON when the name ends in .json, or the first thing in it is `[` and the name does not end
    // in .yaml or .yml; YAML otherwise. Throws Error, as complaint() words it.
    ProxyConfig(std::string text, std::string file);

    const std::vector<ProxyInput>& proxies() const { return proxies_; }

    // "proxies.yaml:3:14: error: invalid toxic type", the line, and a caret below the place.
    std::string complaint(const ApiError& error) const;

private:
    bool is_json() const;
    ConfigPlace place_of(std::string_view place) const;
    std::string render(const ConfigPlace& place, std::string_view message) const;
    boost::json::value parse_json_text();
    boost::json::value parse_yaml_text();

    std::string text_;
    std::string file_;
    std::vector<std::pair<std::string, YamlMark>> yaml_places_;  // sorted by the first
    std::vector<ProxyInput> proxies_;
};

// Reads the file. Throws Error when it cannot be read or is too large.
ProxyConfig load_proxy_config(const std::string& file);

}  // namespace etimedout
