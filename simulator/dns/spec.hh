// What a resolver is asked to be: the names it knows, and what it says of all others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/fields.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// The records of one name. All empty: there is no such name.
struct DnsRecordSet {
    std::vector<std::string> a{};
    std::vector<std::string> aaaa{};
    std::optional<std::string> cname{};
    std::vector<std::string> srv{};  // "priority weight port target" (RFC 2782)
    std::vector<std::string> txt{};
    std::vector<std::string> ptr{};
    std::optional<Duration> ttl{};

    static constexpr auto fields() {
        return std::tuple{
            optional("a", &DnsRecordSet::a, "IPv4 addresses"),
            optional("aaaa", &DnsRecordSet::aaaa, "IPv6 addresses"),
            optional("cname", &DnsRecordSet::cname, "the name it is an alias of"),
            optional("srv", &DnsRecordSet::srv, "services: `priority weight port target`"),
            optional("txt", &DnsRecordSet::txt, "texts"),
            optional("ptr", &DnsRecordSet::ptr, "names, of an address below in-addr.arpa"),
            optional("ttl", &DnsRecordSet::ttl, "how long callers may keep them, whole seconds")
                .at_most(86400e9 * 365)};
    }
    bool empty() const {
        return a.empty() && aaaa.empty() && !cname && srv.empty() && txt.empty() && ptr.empty();
    }
    bool operator==(const DnsRecordSet&) const = default;
};

// By name: lower case, without the last dot; "*.example" stands for all below it (RFC 4592).
using DnsRecords = std::map<std::string, DnsRecordSet>;

enum class UnknownName { nxdomain, refused };

template <>
struct Words<UnknownName> {
    static constexpr std::array<std::pair<std::string_view, UnknownName>, 2> words{
        {{"nxdomain", UnknownName::nxdomain}, {"refused", UnknownName::refused}}};
};

struct ResolverSpec {
    DnsRecords records{};
    Duration ttl = 60s;
    Duration negative_ttl = 5s;  // of NXDOMAIN and of no such record (RFC 2308)
    UnknownName unknown = UnknownName::nxdomain;
    bool operator==(const ResolverSpec&) const = default;
};

// What a node's resolv.conf(5) says.
struct NameServices {
    std::vector<std::string> nameservers{};  // nodes; empty: all resolvers it has a link to
    std::optional<Duration> timeout{};       // whole seconds; glibc's own is 5 s
    std::optional<std::int64_t> attempts{};  // glibc's own is 2
    std::vector<std::string> search{};
    std::vector<std::string> options{};  // such as rotate, single-request

    static constexpr auto fields() {
        return std::tuple{
            optional("nameservers", &NameServices::nameservers,
                     "the nodes to ask, in this order; by default all resolvers it has links to"),
            optional("timeout", &NameServices::timeout, "how long to wait for each, whole seconds")
                .at_least(1e9)
                .at_most(30e9),
            optional("attempts", &NameServices::attempts, "how often to ask them all")
                .at_least(1)
                .at_most(5),
            optional("search", &NameServices::search, "domains to try behind a short name"),
            optional("options", &NameServices::options,
                     "others of resolv.conf(5), such as rotate")};
    }
    bool operator==(const NameServices&) const = default;
};

}  // namespace etimedout
