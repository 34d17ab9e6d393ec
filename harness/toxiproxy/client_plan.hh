// What a user wants of a running proxy server, as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "simulator/base/error.hh"

namespace etimedout {

using ToxicAttributes = std::vector<std::pair<std::string, std::string>>;

enum class ProxyState { enabled, disabled };

struct ListProxies {
    bool operator==(const ListProxies&) const = default;
};
struct InspectProxy {
    std::string proxy{};
    bool operator==(const InspectProxy&) const = default;
};
struct CreateProxy {
    std::string proxy{};
    std::string listen{};
    std::string upstream{};
    ProxyState state = ProxyState::enabled;
    std::string protocol{};  // empty: the API's own choice, tcp
    std::optional<std::int64_t> idle_timeout_ms{};
    bool operator==(const CreateProxy&) const = default;
};
struct ToggleProxy {
    std::string proxy{};
    bool operator==(const ToggleProxy&) const = default;
};
struct DeleteProxy {
    std::string proxy{};
    bool operator==(const DeleteProxy&) const = default;
};
struct AddToxic {
    std::string proxy{};
    std::string toxic{};  // empty: the API names it
    std::string type{};
    std::string stream = "downstream";
    std::optional<double> toxicity{};
    ToxicAttributes attributes{};
    ToxicAttributes selectors{};  // first, nth, source, after_ms, for_ms
    bool operator==(const AddToxic&) const = default;
};
struct UpdateToxic {
    std::string proxy{};
    std::string toxic{};
    std::optional<double> toxicity{};  // none: stays what it is
    ToxicAttributes attributes{};
    bool operator==(const UpdateToxic&) const = default;
};
struct RemoveToxic {
    std::string proxy{};
    std::string toxic{};
    bool operator==(const RemoveToxic&) const = default;
};
struct Populate {
    std::string file{};  // "-": standard input
    bool operator==(const Populate&) const = default;
};
struct ResetAll {
    bool operator==(const ResetAll&) const = default;
};
struct ListConnections {
    bool operator==(const ListConnections&) const = default;
};
struct KillConnection {
    std::string id{};
    bool operator==(const KillConnection&) const = default;
};
struct ServerVersion {
    bool operator==(const ServerVersion&) const = default;
};

using ClientAction = std::variant<ListProxies, InspectProxy, CreateProxy, ToggleProxy, DeleteProxy,
                                  AddToxic, UpdateToxic, RemoveToxic, Populate, ResetAll,
                                  ListConnections, KillConnection, ServerVersion>;

inline constexpr std::string_view default_api = "http://localhost:8474";

struct ClientPlan {
    std::string api{default_api};
    ClientAction action{};
    bool operator==(const ClientPlan&) const = default;
};

// The API's address when no option names one: $TOXIPROXY_URL, or the default.
std::string api_from_environment();

// "latency=100".
Result<ToxicAttributes> parse_attributes(const std::vector<std::string>& texts);
// 0 to 1.
Result<double> parse_toxicity(std::string_view text);

}  // namespace etimedout
