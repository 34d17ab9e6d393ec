// RunOrder: as JSON and back.
#include "harness/run/order.hh"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace etimedout {

namespace {

boost::json::object to_object(const std::map<std::string, std::string>& map) {
    boost::json::object object;
    for (const auto& [key, value] : map) object[key] = value;
    return object;
}

std::map<std::string, std::string> to_map(const boost::json::value& value) {
    std::map<std::string, std::string> map;
    for (const auto& pair : value.as_object()) {
        map.emplace(pair.key(), pair.value().as_string().c_str());
    }
    return map;
}

std::string text(const boost::json::object& object, std::string_view key) {
    return std::string{object.at(key).as_string()};
}

boost::json::array to_array(const std::vector<LaidLayer>& layers) {
    boost::json::array array;
    for (const LaidLayer& layer : layers) {
        array.push_back(
            boost::json::object{{"node", layer.node}, {"at", layer.at}, {"file", layer.file}});
    }
    return array;
}

std::vector<LaidLayer> to_layers(const boost::json::array& array) {
    std::vector<LaidLayer> layers;
    for (const auto& value : array) {
        const auto& object = value.as_object();
        layers.push_back({text(object, "node"), text(object, "at"), text(object, "file")});
    }
    return layers;
}

std::optional<PreparingOrder> to_preparing(const boost::json::object& order) {
    const auto* value = order.if_contains("preparing");
    if (value == nullptr) return std::nullopt;
    return PreparingOrder{text(value->as_object(), "name"), text(value->as_object(), "about")};
}

}  // namespace

bool RunOrder::leaves_out(std::string_view fault) const {
    return faults == FaultUse::left_out ||
           std::find(without.begin(), without.end(), fault) != without.end();
}

std::string write_run_order(const RunOrder& order) {
    boost::json::object object{
        {"file", order.file},
        {"scenario_dir", order.scenario_dir},
        {"row", order.row},
        {"seed", std::to_string(order.seed)},  // JSON numbers lose digits above 2^53
        {"clock", order.clock},
        {"firewall", order.firewall},
        {"faults", order.faults == FaultUse::as_written ? "as_written" : "left_out"},
        {"without", boost::json::value_from(order.without)},
        {"external", boost::json::value_from(order.external)},
        {"layers", to_array(order.layers)},
        {"variables", to_object(order.variables)},
        {"set", to_object(order.set)}};
    if (order.preparing) {
        object["preparing"] =
            boost::json::object{{"name", order.preparing->name}, {"about", order.preparing->about}};
    }
    return boost::json::serialize(object) + "\n";
}

RunOrder read_run_order(std::string_view json) {
    try {
        const boost::json::value value =
            boost::json::parse(boost::json::string_view{json.data(), json.size()});
        const auto& object = value.as_object();
        return RunOrder{
            .file = text(object, "file"),
            .scenario_dir = text(object, "scenario_dir"),
            .row = object.at("row").to_number<std::size_t>(),
            .seed = std::stoull(text(object, "seed")),
            .clock = text(object, "clock"),
            .firewall = text(object, "firewall"),
            .faults =
                text(object, "faults") == "left_out" ? FaultUse::left_out : FaultUse::as_written,
            // Not in orders of before there was a command that leaves single ones out.
            .without = object.contains("without")
                           ? boost::json::value_to<std::vector<std::string>>(object.at("without"))
                           : std::vector<std::string>{},
            .external = boost::json::value_to<std::map<std::string, std::vector<std::string>>>(
                object.at("external")),
            .layers = to_layers(object.at("layers").as_array()),
            .preparing = to_preparing(object),
            .variables = to_map(object.at("variables")),
            .set = to_map(object.at("set")),
        };
    } catch (const std::exception& problem) {
        throw Error{fmt::format("run.json is not a run order: {}", problem.what()),
                    "name a folder that was written by `etimedout run --keep`"};
    }
}

}  // namespace etimedout
