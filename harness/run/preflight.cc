// Preflight: whether this machine has what a scenario needs, before anything is started.
#include "harness/run/preflight.hh"

#include <algorithm>

#include <unistd.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "harness/run/folder.hh"
#include "harness/run/network_probe.hh"
#include "simulator/node/known_programs.hh"

namespace etimedout {

namespace {

// The command as it is typed where the user is.
std::string npm_ci_in(const std::filesystem::path& folder) {
    const auto near = folder.lexically_proximate(std::filesystem::current_path());
    if (near == ".") return "npm ci";
    const bool below = !near.is_absolute() && *near.begin() != "..";
    return fmt::format("npm ci --prefix {}", (below ? near : folder).string());
}

// A package that `npm ci` puts beside the scenario, as its package-lock.json pins it.
std::optional<Problem> missing_package(const std::string& name, const std::string& version,
                                       const std::filesystem::path& scenario_dir) {
    const std::string remedy = npm_ci_in(scenario_dir);
    const auto manifest = scenario_dir / "node_modules" / name / "package.json";
    if (std::error_code problem; !std::filesystem::exists(manifest, problem)) {
        return Problem{fmt::format("the package `{}` of npm is not installed", name), remedy};
    }
    if (version.empty()) return std::nullopt;
    boost::system::error_code problem;
    const auto described = boost::json::parse(read_whole_file(manifest), problem);
    const auto* field =
        described.is_object() ? described.as_object().if_contains("version") : nullptr;
    if (field == nullptr || !field->is_string()) {
        return Problem{fmt::format("{} says no version", manifest.string()), remedy};
    }
    const std::string have{field->as_string()};
    const auto enough = fulfils(have, version);
    if (!enough) return enough.error();
    if (*enough) return std::nullopt;
    return Problem{
        fmt::format("the package `{}` of npm {} is here, {} is needed", name, have, version),
        remedy};
}

std::optional<Problem> missing_need(const Need& need, const std::filesystem::path& scenario_dir) {
    if (need.what == "netem") return std::nullopt;  // looked at with the clock, below
    constexpr std::string_view npm = "npm:";
    if (need.what.starts_with(npm)) {
        return missing_package(need.what.substr(npm.size()), need.version, scenario_dir);
    }
    if (!find_program(need.what)) {
        return Problem{
            fmt::format("`{}` is not installed", need.what),
            fmt::format("apt-get install {}", debian_package(need.what).value_or(need.what))};
    }
    if (need.version.empty()) return std::nullopt;
    const auto version = program_version(need.what);
    if (!version) return version.error();
    const auto enough = fulfils(*version, need.version);
    if (!enough) return enough.error();
    if (*enough) return std::nullopt;
    return Problem{
        fmt::format("`{}` {} is here, {} is needed", need.what, *version, need.version),
        fmt::format("install such a version of the package {}, or ask for less in `needs`",
                    debian_package(need.what).value_or(need.what))};
}

bool shapes_packets(const Scenario& scenario) {
    for (const Step& step : scenario.steps) {
        const auto* fault = std::get_if<FaultStep>(&step.what);
        if (fault != nullptr &&
            std::holds_alternative<PacketPlan>(decision_of(fault->armed.fault))) {
            return true;
        }
    }
    const LinkSpec usual;
    for (const NamedLink& link : scenario.topology.links) {
        if (link.spec.latency != usual.latency || link.spec.rate != usual.rate) return true;
    }
    for (const Need& need : scenario.needs) {
        if (need.what == "netem") return true;
    }
    return false;
}

bool has_firewall_fault(const Scenario& scenario) {
    for (const Step& step : scenario.steps) {
        const auto* fault = std::get_if<FaultStep>(&step.what);
        if (fault != nullptr && layer_of(fault->armed.fault) == Layer::firewall) return true;
    }
    return false;
}

// In real time the host's kernel is what it is; a virtual one has everything.
std::optional<Problem> missing_in_kernel(const Scenario& scenario) {
    static const NetCapabilities host = probe_network_of_worlds();
    if (shapes_packets(scenario) && !host.netem.present) {
        return Problem{host.netem.reason, host.netem.remedy};
    }
    if (!host.namespaces.present) return Problem{host.namespaces.reason, host.namespaces.remedy};
    if (has_firewall_fault(scenario) && !host.nftables.present && !host.iptables.present) {
        return Problem{host.nftables.reason, host.nftables.remedy};
    }
    const auto& links = scenario.topology.links;
    const bool proxied = std::any_of(links.begin(), links.end(),
                                     [](const NamedLink& link) { return link.spec.proxied; });
    if (proxied && !host.tproxy.present) return Problem{host.tproxy.reason, host.tproxy.remedy};
    return std::nullopt;
}

// In a user namespace that an ordinary user made there is one user, and that is root. (A range of
// /etc/subuid would give more, but under other numbers than the host's files have.)
std::optional<Problem> missing_user(const Scenario& scenario) {
    if (::geteuid() == 0) return std::nullopt;
    for (const NamedNode& node : scenario.topology.nodes) {
        if (!node.spec.process || !node.spec.process->user) continue;
        const std::string& user = *node.spec.process->user;
        if (user == "root" || user == "0") continue;
        return Problem{fmt::format("`user: {}` of {} needs root in real time: without, no other "
                                   "user exists there",
                                   user, node.name),
                       "run it as root, or with --time virtual"};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Problem> missing_for(const Scenario& scenario, const std::string& clock,
                                   const std::filesystem::path& scenario_dir) {
    for (const Need& need : scenario.needs) {
        if (auto problem = missing_need(need, scenario_dir)) return problem;
    }
    for (const NamedNode& node : scenario.topology.nodes) {
        if (!node.spec.process) continue;
        if (auto problem = missing_program(node.spec.process->run, scenario_dir)) return problem;
    }
    for (const Preparation& preparation : scenario.preparations) {
        if (auto problem = missing_program(preparation.program.run, scenario_dir)) return problem;
    }
    for (const Step& step : scenario.steps) {
        const auto* call = std::get_if<CallStep>(&step.what);
        if (call == nullptr) continue;
        const auto* exec = std::get_if<ExecCall>(&call->what);
        if (exec == nullptr) continue;
        if (auto problem = missing_program(exec->command, scenario_dir)) return problem;
    }
    if (clock != "real") return std::nullopt;
    if (auto problem = missing_user(scenario)) return problem;
    return missing_in_kernel(scenario);
}

}  // namespace etimedout
