// Pins: the sysctls that make every node and router behave the same on every machine.
#include "simulator/net/node_pins.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/net/kernel_habits.hh"

namespace etimedout {

namespace {

using Pin = std::pair<std::string_view, std::string_view>;

constexpr std::array common_pins{
    Pin{"net.ipv4.tcp_no_metrics_save", "1"},
    Pin{"net.ipv4.icmp_ratelimit", "0"},
    Pin{"net.ipv4.icmp_ratemask", "0"},  // else the limit over all peers still holds
    Pin{"net.ipv6.icmp.ratelimit", "0"},
    Pin{"net.ipv4.conf.all.rp_filter", "0"},
    Pin{"net.ipv4.conf.default.rp_filter", "0"},
    Pin{"net.ipv4.conf.all.send_redirects", "0"},
    Pin{"net.ipv4.conf.default.send_redirects", "0"},
    Pin{"net.ipv6.conf.all.disable_ipv6", "0"},
    Pin{"net.ipv6.conf.default.disable_ipv6", "0"},
    Pin{"net.ipv6.conf.lo.disable_ipv6", "0"},
    Pin{"net.ipv6.conf.default.accept_ra", "0"},
    Pin{"net.ipv6.conf.default.autoconf", "0"},
    Pin{"net.ipv6.conf.default.accept_dad", "0"},
    Pin{"net.ipv6.conf.default.dad_transmits", "0"},
    Pin{"net.ipv6.conf.default.router_solicitations", "0"},
    Pin{"net.ipv6.conf.default.addr_gen_mode", "1"},  // no link-local address
    Pin{"net.ipv6.conf.all.keep_addr_on_down", "1"},  // as IPv4 addresses do
    Pin{"net.ipv6.conf.default.keep_addr_on_down", "1"}};

// One value for the whole kernel: a namespace other than the first has no file for them, or one
// that cannot be written.
const std::set<std::string_view>& global_names() {
    static const std::set<std::string_view> names{"net.core.netdev_max_backlog",
                                                  "net.core.netdev_budget",
                                                  "net.core.rmem_max",
                                                  "net.core.wmem_max",
                                                  "net.core.rmem_default",
                                                  "net.core.wmem_default",
                                                  "net.ipv4.tcp_mem",
                                                  "net.ipv4.udp_mem",
                                                  "net.ipv4.tcp_max_orphans",
                                                  "net.netfilter.nf_conntrack_max",
                                                  "net.netfilter.nf_conntrack_buckets",
                                                  "net.nf_conntrack_max"};
    return names;
}

std::string dotted(std::string_view name) {
    std::string result{name};
    std::ranges::replace(result, '/', '.');
    return result;
}

// With slashes in the name, a dot is part of an interface's name, as sysctl(8) has it.
std::string path_of(std::string_view name) {
    std::string path{name};
    if (path.find('/') == std::string::npos) std::ranges::replace(path, '.', '/');
    return "/proc/sys/" + path;
}

void check_name(std::string_view name) {
    const std::string plain = dotted(name);
    if (!plain.starts_with("net.") || plain.find("..") != std::string::npos) {
        throw Error{fmt::format("sysctl {}: not one per node, but one for the whole kernel", name),
                    "only names that begin with `net.` can be set for a node"};
    }
}

[[noreturn]] void refuse_missing(std::string_view name) {
    if (global_names().contains(dotted(name))) {
        throw Error{fmt::format("sysctl {}: not one per node, but one for the whole kernel", name),
                    "leave it out; no node can have its own"};
    }
    throw Error{fmt::format("sysctl {}: unsupported by this kernel", name),
                "check the spelling, or run with --time virtual, whose kernel is newer"};
}

Fd open_sysctl(std::string_view name, int flags) {
    check_name(name);
    Fd file{::open(path_of(name).c_str(), flags | O_CLOEXEC)};
    if (file) return file;
    const int error = errno;
    if (error == ENOENT) refuse_missing(name);
    if ((error == EACCES || error == EPERM || error == EROFS) &&
        global_names().contains(dotted(name))) {
        refuse_missing(name);
    }
    throw_errno(fmt::format("open sysctl {}", name), error);
}

void write_value(const Fd& file, std::string_view name, std::string_view value) {
    const ssize_t written = ::write(file.get(), value.data(), value.size());
    if (written == static_cast<ssize_t>(value.size())) return;
    const int error = written < 0 ? errno : EINVAL;
    throw Error{fmt::format("sysctl {} = {}: {} ({})", name, value, std::strerror(error),
                            errno_name(error)),
                error == EINVAL ? "the kernel refuses this value; see its ip-sysctl document" : ""};
}

void pin_if_there(std::string_view name, std::string_view value) {
    const Fd file{::open(path_of(name).c_str(), O_WRONLY | O_CLOEXEC)};
    if (file) {
        write_value(file, name, value);
    } else if (errno != ENOENT) {
        write_sysctl(name, value);  // which says what is wrong
    }
}

// The host's default may be BBR, whose behaviour under loss and delay is another one.
std::vector<std::string> pin_congestion_control() {
    constexpr std::string_view name = "net.ipv4.tcp_congestion_control";
    try {
        write_sysctl(name, "cubic");
        return {};
    } catch (const Error& refused) {
        write_sysctl(name, "reno");
        return {
            fmt::format("{}; nodes use reno instead. For cubic, run with --time virtual or add "
                        "it to the host's net.ipv4.tcp_allowed_congestion_control",
                        refused.what())};
    }
}

struct NodeKind {
    std::string_view forwarding;
};

std::vector<std::string> pin_common(NodeKind kind) {
    for (const auto& [name, value] : common_pins) pin_if_there(name, value);
    pin_if_there("net.ipv4.ip_forward", kind.forwarding);
    pin_if_there("net.ipv6.conf.all.forwarding", kind.forwarding);
    // An interface that is made forwarding joins the routers' multicast group and reports it.
    // Whether packets are forwarded hangs on the setting for all alone.
    pin_if_there("net.ipv6.conf.default.forwarding", "0");
    return pin_congestion_control();
}

}  // namespace

std::vector<std::string> pin_node_defaults() { return pin_common({.forwarding = "0"}); }

std::vector<std::string> pin_router_defaults() { return pin_common({.forwarding = "1"}); }

void pin_interface(const std::string& name, InterfaceIpv6 ipv6) {
    const auto pin = [&](std::string_view field, std::string_view value) {
        pin_if_there(fmt::format("net/ipv6/conf/{}/{}", name, field), value);
    };
    if (ipv6 == InterfaceIpv6::none) {
        pin("disable_ipv6", "1");
        return;
    }
    pin("disable_ipv6", "0");
    pin("addr_gen_mode", "1");
    pin("accept_ra", "0");
    pin("autoconf", "0");
    pin("accept_dad", "0");
    pin("dad_transmits", "0");
    pin("router_solicitations", "0");
    pin("keep_addr_on_down", "1");
}

void write_sysctl(std::string_view name, std::string_view value) {
    write_value(open_sysctl(name, O_WRONLY), name, value);
}

std::string read_sysctl(std::string_view name) {
    const Fd file = open_sysctl(name, O_RDONLY);
    std::string text(4096, '\0');
    const ssize_t size =
        checked(fmt::format("read sysctl {}", name), ::read(file.get(), text.data(), text.size()));
    text.resize(static_cast<std::size_t>(size));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

void pin_habits_of(std::string_view release) {
    const auto releases = known_releases();
    if (std::ranges::find(releases, release) == releases.end()) {
        throw Error{fmt::format("like: `{}` is not a release whose habits are known", release),
                    fmt::format("known: {}", fmt::join(releases, ", "))};
    }
    for (const auto& [name, value] : habits_of(release)) pin_if_there(name, value);
}

}  // namespace etimedout
