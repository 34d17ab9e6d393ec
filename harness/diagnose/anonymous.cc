// Anonymous: records left out, and names replaced wherever they stand.
#include "harness/diagnose/anonymous.hh"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace etimedout {

namespace {

// The kinds of names. Numbers count down, so that no order of the new names is that of the old.
class Names {
public:
    explicit Names(std::string_view format) : format_{format} {}

    std::string of(const std::string& name) {
        if (name.empty()) return name;
        const auto found = names_.find(name);
        if (found != names_.end()) return found->second;
        const int number = first_ - static_cast<int>(names_.size());
        return names_.emplace(name, fmt::format(fmt::runtime(format_), number)).first->second;
    }
    const std::map<std::string, std::string>& all() const { return names_; }

private:
    static constexpr int first_ = 250;
    std::string_view format_;
    std::map<std::string, std::string> names_;
};

class Renamer {
public:
    std::string node(const std::string& name) { return nodes_.of(name); }
    std::string link(const std::string& name) { return links_.of(name); }

    std::string address(const std::string& address) { return addresses_.of(address); }

    // "10.0.0.1:80" and "[fd00::1]:80"; ports tell protocols apart, and stay.
    std::string endpoint(const std::string& endpoint) {
        const std::size_t colon = endpoint.rfind(':');
        if (colon == std::string::npos) return address(endpoint);
        std::string host = endpoint.substr(0, colon);
        if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
        return address(host) + endpoint.substr(colon);
    }

    // ICMP has addresses without ports, UDP has them with one.
    std::string either(const Datagram& datagram, const std::string& text) {
        return datagram.what == "udp" ? endpoint(text) : address(text);
    }

    std::string text(std::string text) const {
        for (const Names* names : {&addresses_, &nodes_, &links_}) {
            for (const auto& [from, to] : names->all()) replace(text, from, to);
        }
        return text;
    }

    std::string record(const std::string& record) {
        const std::size_t blank = record.find(' ');
        const bool has_address = record.starts_with("A ") || record.starts_with("AAAA ");
        return has_address ? record.substr(0, blank + 1) + address(record.substr(blank + 1))
                           : text(record);
    }

private:
    static void replace(std::string& text, const std::string& from, const std::string& to) {
        for (std::size_t i = text.find(from); i != std::string::npos;
             i = text.find(from, i + to.size())) {
            text.replace(i, from.size(), to);
        }
    }

    Names nodes_{"n{}"};
    Names links_{"l{}"};
    Names addresses_{"192.0.2.{}"};
};

template <class T>
constexpr bool gives_it_away = std::is_same_v<T, StepBegin> || std::is_same_v<T, StepEnd> ||
                               std::is_same_v<T, FaultArmed> || std::is_same_v<T, FaultHealed> ||
                               std::is_same_v<T, FaultFired> || std::is_same_v<T, FaultWitness>;

void rename(LogBegin& what, Renamer& /*names*/) {
    what.scenario.clear();
    what.seed.clear();
    what.variables.clear();
}
void rename(LinkBegin& what, Renamer& names) {
    what.link = names.link(what.link);
    what.from = names.node(what.from);
    what.to = names.node(what.to);
    for (auto* side : {&what.callers, &what.callees}) {
        for (std::string& address : *side) address = names.address(address);
    }
}
void rename(CallBegin& what, Renamer& names) {
    what.node = names.node(what.node);
    what.link = names.link(what.link);
}
void rename(CallEnd& what, Renamer& names) {
    if (!what.local_address.empty()) what.local_address = names.endpoint(what.local_address);
    for (std::string& address : what.addresses) address = names.address(address);
    what.detail = names.text(what.detail);
    what.standard_error = names.text(what.standard_error);
    what.standard_output = names.text(what.standard_output);
}
void rename(ProcessBegin& what, Renamer& names) {
    what.node = names.node(what.node);
    what.command.clear();
}
void rename(LogLine& what, Renamer& names) {
    what.node = names.node(what.node);
    what.text = names.text(what.text);
}
void rename(TcpEvent& what, Renamer& names) {
    what.link = names.link(what.link);
    if (!what.client.empty()) what.client = names.endpoint(what.client);
    if (!what.server.empty()) what.server = names.endpoint(what.server);
}
void rename(ConnectionSummary& what, Renamer& names) {
    what.link = names.link(what.link);
    what.client = names.endpoint(what.client);
    what.server = names.endpoint(what.server);
}
void rename(Datagram& what, Renamer& names) {
    what.link = names.link(what.link);
    what.from = names.either(what, what.from);
    what.to = names.either(what, what.to);
}
void rename(DnsMessage& what, Renamer& names) {
    what.link = names.link(what.link);
    what.from = names.endpoint(what.from);
    what.to = names.endpoint(what.to);
    for (std::string& record : what.records) record = names.record(record);
}
void rename(LogEnd& what, Renamer& /*names*/) {
    what.message.clear();
    what.advice.clear();
}
void rename(Stall& /*what*/, Renamer& /*names*/) {}

// What has a node or a link, and no other name.
template <class T>
void rename(T& what, Renamer& names) {
    if constexpr (requires { what.node; }) what.node = names.node(what.node);
    if constexpr (requires { what.link; }) what.link = names.link(what.link);
}

}  // namespace

EventLog anonymous(const EventLog& log) {
    Renamer names;
    EventLog renamed;
    renamed.reserve(log.size());
    for (const Event& event : log) {
        std::visit(
            [&](const auto& what) {
                using T = std::decay_t<decltype(what)>;
                if constexpr (!gives_it_away<T>) {
                    T copy = what;
                    rename(copy, names);
                    renamed.push_back({event.t, std::move(copy)});
                }
            },
            event.what);
    }
    return renamed;
}

}  // namespace etimedout
