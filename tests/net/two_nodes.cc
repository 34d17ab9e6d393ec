// TwoNodes: a caller, a callee and the link between them, and what tests do over it.
#include "tests/net/two_nodes.hh"

#include <array>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "simulator/net/namespace_guard.hh"
#include "simulator/net/node_pins.hh"
#include "simulator/net/probe.hh"

namespace etimedout::testing {

namespace {

Fd node() {
    Fd made = new_network_namespace();
    const NamespaceGuard inside{made.get()};
    pin_node_defaults();
    return made;
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const {
        const void* start = &storage;
        return static_cast<const sockaddr*>(start);
    }
    int family() const { return storage.ss_family; }
};

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
    SocketAddress result;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.size = sizeof v4;
    } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.size = sizeof v6;
    } else {
        throw Error{"not an address: " + address};
    }
    return result;
}

void set_option(const Fd& socket, int level, int option, int value) {
    checked("setsockopt", ::setsockopt(socket.get(), level, option, &value, sizeof value));
}

Duration wall_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

constexpr std::byte filling{0x55};

struct Head {
    std::uint32_t number;
    std::int64_t sent;
};

std::optional<Arrival> receive(const Fd& socket) {
    std::array<std::byte, 2048> buffer{};
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket.get(), &message, MSG_DONTWAIT);
    if (size < static_cast<ssize_t>(sizeof(Head))) return std::nullopt;
    Head head{};
    std::memcpy(&head, buffer.data(), sizeof head);
    Arrival arrival{.number = head.number, .sent = Duration{head.sent}};
    for (std::size_t i = sizeof head; i < static_cast<std::size_t>(size); ++i) {
        arrival.damaged |= buffer[i] != filling;
    }
    timespec stamp{};
    if (const cmsghdr* stamped = CMSG_FIRSTHDR(&message); stamped != nullptr) {
        std::memcpy(&stamp, CMSG_DATA(stamped), sizeof stamp);
    }
    arrival.received = std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec};
    return arrival;
}

}  // namespace

bool in_virtual_time() { return ::getpid() == 1; }

LinkSpec TwoNodes::bare() { return bare(IpVersion::v4); }

LinkSpec TwoNodes::bare(IpVersion version) {
    return {.from = "caller",
            .to = "callee",
            .ip = version,
            .latency = Duration::zero(),
            .rate = Rate{0}};
}

TwoNodes::TwoNodes(LinkSpec spec, std::optional<FirewallBackend> backend, std::uint64_t seed)
    : near{node()}, far{node()} {
    link = std::make_unique<Link>(LinkPlan{.name = "link",
                                           .index = 0,
                                           .spec = std::move(spec),
                                           .near_namespace = near.get(),
                                           .far_namespace = far.get(),
                                           .seed = seed,
                                           .backend = backend});
}

Fd socket_in(int network_namespace, int family, int type) {
    const NamespaceGuard inside{network_namespace};
    return Fd{checked("socket", ::socket(family, type | SOCK_CLOEXEC, 0))};
}

Fd listening(int network_namespace, const std::string& address, std::uint16_t port) {
    const SocketAddress own = socket_address(address, port);
    Fd socket = socket_in(network_namespace, own.family(), SOCK_STREAM);
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    checked("bind", ::bind(socket.get(), own.get(), own.size));
    checked("listen", ::listen(socket.get(), 128));
    return socket;
}

Attempt::Attempt(int network_namespace, const std::string& address, std::uint16_t port,
                 std::uint16_t port_of_own) {
    const SocketAddress to = socket_address(address, port);
    socket_ = socket_in(network_namespace, to.family(), SOCK_STREAM | SOCK_NONBLOCK);
    if (port_of_own != 0) {
        const SocketAddress own =
            socket_address(to.family() == AF_INET ? "0.0.0.0" : "::", port_of_own);
        checked("bind", ::bind(socket_.get(), own.get(), own.size));
    }
    if (::connect(socket_.get(), to.get(), to.size) < 0) begun_ = errno;
}

int Attempt::result(std::chrono::milliseconds limit) {
    if (begun_ != EINPROGRESS) return begun_;
    pollfd wanted{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(limit.count())) == 0) return EINPROGRESS;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    begun_ = error;
    return error;
}

bool eventually(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 1000; ++turn) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

std::vector<Arrival> fire(const TwoNodes& nodes, const Volley& volley) {
    const bool up = volley.direction == Direction::up;
    const LinkAddresses& addresses = nodes.link->addresses();
    const SocketAddress to = socket_address(up ? addresses.far : addresses.near, volley.port);
    const Fd receiver = socket_in(up ? nodes.far.get() : nodes.near.get(), AF_INET, SOCK_DGRAM);
    set_option(receiver, SOL_SOCKET, SO_RCVBUFFORCE, 128 << 20);
    set_option(receiver, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    checked("bind", ::bind(receiver.get(), to.get(), to.size));
    const Fd sender = socket_in(up ? nodes.near.get() : nodes.far.get(), AF_INET, SOCK_DGRAM);
    set_option(sender, SOL_SOCKET, SO_SNDBUFFORCE, 128 << 20);
    set_option(sender, SOL_SOCKET, SO_NO_CHECK, 1);
    std::vector<Arrival> arrivals;
    const auto drain = [&] {
        while (auto arrival = receive(receiver)) arrivals.push_back(*arrival);
    };
    std::vector<std::byte> packet(std::max(volley.size, sizeof(Head)), filling);
    for (std::uint32_t number = 0; number < volley.count; ++number) {
        const Head head{.number = number, .sent = wall_now().count()};
        std::memcpy(packet.data(), &head, sizeof head);
        checked("sendto",
                ::sendto(sender.get(), packet.data(), packet.size(), 0, to.get(), to.size));
        if (volley.gap > Duration::zero()) std::this_thread::sleep_for(volley.gap);
        drain();
    }
    std::this_thread::sleep_for(volley.grace);
    drain();
    return arrivals;
}

PacketWatch::PacketWatch(int network_namespace, const std::string& interface) {
    const NamespaceGuard inside{network_namespace};
    socket_ = Fd{
        checked("packet socket", ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)))};
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    const void* start = &address;
    checked("bind", ::bind(socket_.get(), static_cast<const sockaddr*>(start), sizeof address));
    count();
}

int PacketWatch::count() {
    std::array<char, 65536> buffer{};
    int packets = 0;
    while (::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0) ++packets;
    return packets;
}

std::vector<FirewallBackend> usable_backends() {
    static const NetCapabilities found = probe_network();
    std::vector<FirewallBackend> usable;
    if (found.nftables.present) usable.push_back(FirewallBackend::nftables);
    if (found.iptables.present && found.ipset.present) usable.push_back(FirewallBackend::iptables);
    return usable;
}

}  // namespace etimedout::testing
