// `etimedout doctor`: what this machine can do, and the remedy for what it cannot.
#include <fmt/format.h>

#include "harness/cli/commands.hh"
#include "harness/run/network_probe.hh"
#include "harness/run/preparations.hh"
#include "simulator/base/cache_folder.hh"
#include "simulator/node/machine.hh"
#include "simulator/vm/kernel.hh"

namespace etimedout {

namespace {

void say(std::string_view what, bool present, std::string_view reason, std::string_view remedy) {
    fmt::print("  {:<5} {:<34} {}\n", present ? "yes" : "no", what, reason);
    if (!present && !remedy.empty()) fmt::print("        {:<34} -> {}\n", "", remedy);
}

void say(std::string_view what, const NetCapability& capability) {
    say(what, capability.present, capability.reason, capability.remedy);
}

bool say_kernel_under(std::string_view heading) {
    fmt::print("{}\n", heading);
    try {
        const std::string where = find_kernel().string();
        say("virtual kernel", true, where, "");
        return true;
    } catch (const Error& error) {
        say("virtual kernel", false, error.what(), error.advice());
        return false;
    }
}

}  // namespace

ExitCode doctor_command() {
    bool virtual_time = say_kernel_under("Virtual time: scenarios run in a kernel of their own");
    const std::vector<Capability> machine = probe_machine();
    for (const Capability& fact : machine) {
        if (fact.used_for != "time: virtual") continue;
        say(fact.name, fact.present, fact.reason, fact.remedy);
        virtual_time = virtual_time && fact.present;
    }

    const PreparedLayers layers = count_prepared_layers();
    say("layers of `prepare`", true,
        layers.count == 0
            ? fmt::format("none so far in {}", cache_folder("prepared").string())
            : fmt::format("{}, {} MB, in {} (delete it to have them made anew)", layers.count,
                          (layers.bytes + 500'000) / 1'000'000, cache_folder("prepared").string()),
        "");

    fmt::print("\nReal time: scenarios run in namespaces on this kernel\n");
    bool real_time = true;
    for (const Capability& fact : machine) {
        if (fact.used_for != "time: real") continue;
        say(fact.name, fact.present, fact.reason, fact.remedy);
        real_time = real_time && fact.present;
    }
    const NetCapabilities network = probe_network_of_worlds();
    say("network namespaces", network.namespaces);
    say("netem (packet faults)", network.netem);
    say("nftables (firewall faults)", network.nftables);
    say("iptables (firewall faults)", network.iptables);
    say("ipset (with iptables: selectors)", network.ipset);
    say("tproxy (faults in the stream)", network.tproxy);
    say("nfqueue (refusals past a proxy)", network.nfqueue);
    real_time = real_time && network.namespaces.present;

    fmt::print("\n{}\n", virtual_time ? "Scenarios run in virtual time here."
                         : real_time  ? "Scenarios run in real time here; virtual time is missing."
                                      : "Scenarios cannot run here: see the remedies above.");
    return virtual_time || real_time ? ExitCode::passed : ExitCode::environment;
}

}  // namespace etimedout
