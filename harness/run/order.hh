// RunOrder: all that a world is told beside the scenario's text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/base/error.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

enum class FaultUse { as_written, left_out };

// What a preparation left, and where it is laid.
struct LaidLayer {
    std::string node{};
    std::string at{};    // in the node
    std::string file{};  // on the host
    bool operator==(const LaidLayer&) const = default;
};

// A world that prepares a layer, and does nothing else.
struct PreparingOrder {
    std::string name{};   // of the preparation
    std::string about{};  // what the layer begins with
    bool operator==(const PreparingOrder&) const = default;
};

// Written to the run's folder as JSON; kept with the results, so that `recheck` reads the same
// scenario again.
struct RunOrder {
    std::string file{};          // the scenario's name on the host, for messages
    std::string scenario_dir{};  // the folder on the host that is seen as /scenario inside
    std::size_t row = 0;         // of the matrix
    std::uint64_t seed = 1;
    std::string clock = "virtual";
    std::string firewall = "auto";  // auto, nftables, iptables
    FaultUse faults = FaultUse::as_written;
    std::vector<std::string> without{};  // ids of single faults that are left out
    // Where external nodes were found on the host, by node: "127.0.0.1:8080", "[::1]:8080".
    std::map<std::string, std::vector<std::string>> external{};
    std::vector<LaidLayer> layers{};
    std::optional<PreparingOrder> preparing{};
    std::map<std::string, std::string> variables{};
    std::map<std::string, std::string> set{};  // a counter-example's replacements
    bool operator==(const RunOrder&) const = default;

    bool leaves_out(std::string_view fault) const;
    bool leaves_out_any() const { return faults == FaultUse::left_out || !without.empty(); }
};

// How long a virtual world has been up at t = 0. See begin_clock() for what it does until then.
inline constexpr Duration virtual_prelude = 100ms;

std::string write_run_order(const RunOrder& order);
RunOrder read_run_order(std::string_view json);  // throws Error

}  // namespace etimedout
