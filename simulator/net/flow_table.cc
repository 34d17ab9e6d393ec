// A connection tracking table without room, filled with entries through the kernel's own interface.
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/utsname.h>

#include "simulator/net/firewall_engine.hh"
#include "simulator/net/kernel_counter.hh"
#include "simulator/net/namespace_guard.hh"
#include "simulator/net/netlink.hh"
#include "simulator/net/nft.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/net/router_faults.hh"

namespace etimedout {

namespace {

constexpr auto table_limit = "net.netfilter.nf_conntrack_max";

// The limit is one for all namespaces of a kernel: only a world's own is ours to change.
void require_own_kernel(const RouterSurroundings& around) {
    utsname kernel{};
    checked("ask for the kernel's name", ::uname(&kernel));
    if (std::strstr(static_cast<const char*>(kernel.release), "-etimedout") != nullptr) return;
    throw Error{fmt::format("fault {}: {} is one for the whole kernel, and this is the host's",
                            around.fault, table_limit),
                "run with --time virtual"};
}

// An established connection between two addresses that nobody has (RFC 5737), by its number.
struct Entry {
    std::uint16_t number = 0;

    void put_tuple(NetlinkMessage& message, int attribute, bool reply) const {
        constexpr in_addr_t caller = 0xc0000201;  // 192.0.2.1
        constexpr in_addr_t callee = 0xc6336401;  // 198.51.100.1
        constexpr std::uint16_t first_port = 10'000;
        const std::uint16_t own = htons(static_cast<std::uint16_t>(first_port + number));
        const std::uint16_t service = htons(80);
        message.nest(attribute, [&] {
            message.nest(CTA_TUPLE_IP, [&] {
                message.put(CTA_IP_V4_SRC, htonl(reply ? callee : caller));
                message.put(CTA_IP_V4_DST, htonl(reply ? caller : callee));
            });
            message.nest(CTA_TUPLE_PROTO, [&] {
                message.put(CTA_PROTO_NUM, std::uint8_t{IPPROTO_TCP});
                message.put(CTA_PROTO_SRC_PORT, reply ? service : own);
                message.put(CTA_PROTO_DST_PORT, reply ? own : service);
            });
        });
    }
};

NetlinkMessage about_entry(int type, int flags, const Entry& entry) {
    NetlinkMessage message{(NFNL_SUBSYS_CTNETLINK << 8) | type, flags};
    message.header(nfgenmsg{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0});
    entry.put_tuple(message, CTA_TUPLE_ORIG, false);
    return message;
}

// Assured: the kernel throws out others first when it needs room (early_drop), never these.
void add_entry(NetlinkSocket& kernel, const Entry& entry) {
    constexpr std::uint32_t status = IPS_ASSURED | IPS_SEEN_REPLY | IPS_CONFIRMED;
    constexpr std::uint32_t seconds = 432'000;
    auto message = about_entry(IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, entry);
    entry.put_tuple(message, CTA_TUPLE_REPLY, true);
    message.put(CTA_STATUS, htonl(status));
    message.put(CTA_TIMEOUT, htonl(seconds));
    message.nest(CTA_PROTOINFO, [&] {
        message.nest(CTA_PROTOINFO_TCP, [&] {
            message.put(CTA_PROTOINFO_TCP_STATE, std::uint8_t{TCP_CONNTRACK_ESTABLISHED});
        });
    });
    kernel.request(message, "add an entry to the connection tracking table");
}

class FullFlowTable final : public RouterFault {
public:
    explicit FullFlowTable(const RouterSurroundings& around) : around_{around} {
        require_own_kernel(around);
        change_rules(true);
        NetlinkSocket kernel{around_.router, NETLINK_NETFILTER};
        for (std::uint16_t number = 0; number < entries; ++number) add_entry(kernel, {number});
        before_ = read_sysctl(table_limit);
        write_sysctl(table_limit, count());
        drops_before_ = drops();
    }
    Witness witness() override {
        const std::int64_t refused = drops() - drops_before_;
        return {refused, refused,
                fmt::format("/proc/net/stat/nf_conntrack of the router: drop {} (it tracks {})",
                            refused, count())};
    }
    void heal() override {
        write_sysctl(table_limit, before_);
        NetlinkSocket kernel{around_.router, NETLINK_NETFILTER};
        for (std::uint16_t number = 0; number < entries; ++number) {
            auto message = about_entry(IPCTNL_MSG_CT_DELETE, 0, {number});
            kernel.try_request(message, "remove an entry of the connection tracking table");
        }
        change_rules(false);
    }

private:
    // Enough that other routers of the world which track connections have room for theirs.
    static constexpr std::uint16_t entries = 256;

    std::string count() const {
        const NamespaceGuard inside{around_.router};
        return read_sysctl("net.netfilter.nf_conntrack_count");
    }
    std::int64_t drops() const {
        const NamespaceGuard inside{around_.router};
        return conntrack_counter("drop");
    }
    // Rules that have the kernel track what passes, but for connections that were open before: in
    // a real table they have entries.
    void change_rules(bool add) const {
        const std::string attempt = fmt::format("{} fault {}", add ? "arm" : "heal", around_.fault);
        const std::string table = fmt::format("etimedout_flows_{}", around_.slot);
        if (around_.firewall().backend() == FirewallBackend::nftables) {
            const std::string text =
                add ? fmt::format(
                          "table inet {} {{\n"
                          "    chain early {{\n"
                          "        type filter hook prerouting priority raw; policy accept;\n"
                          "        tcp flags & syn == 0x0 notrack\n"
                          "    }}\n"
                          "    chain forward {{\n"
                          "        type filter hook forward priority 0; policy accept;\n"
                          "        ct state new accept\n"
                          "    }}\n}}\n",
                          table)
                    : fmt::format("delete table inet {}\n", table);
            run_nft(around_.router, text, attempt);
            return;
        }
        const char word = add ? 'A' : 'D';
        const std::string text = fmt::format(
            "*raw\n-{0} PREROUTING -p tcp --tcp-flags SYN NONE -j CT --notrack\nCOMMIT\n"
            "*filter\n-{0} FORWARD -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n",
            word);
        for (const char* tool : {"iptables-restore", "ip6tables-restore"}) {
            run_in_namespace(around_.router, {tool, "--noflush"}, text, attempt);
        }
    }

    RouterSurroundings around_;
    std::string before_;
    std::int64_t drops_before_ = 0;
};

}  // namespace

std::shared_ptr<RouterFault> fill_flow_table(const RouterSurroundings& around) {
    return std::make_shared<FullFlowTable>(around);
}

}  // namespace etimedout
