// Network namespaces of the test's own, with a veth pair between two of them.
#include "tests/wire/namespaces.hh"

#include <array>
#include <cstring>
#include <exception>
#include <fstream>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "simulator/base/error.hh"

namespace etimedout::test {

namespace {

std::string& refusal() {
    static std::string text;
    return text;
}

Fd current_namespace() {
    return Fd{checked("open the network namespace",
                      ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC))};
}

// A netlink message that grows.
class Message {
public:
    explicit Message(std::uint16_t type) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        put(&header, sizeof header);
        const ifinfomsg info{};
        put(&info, sizeof info);
    }
    std::size_t begin(std::uint16_t type) {
        const std::size_t at = bytes_.size();
        const rtattr attribute{0, type};
        put(&attribute, sizeof attribute);
        return at;
    }
    void end(std::size_t at) {
        const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
        std::memcpy(bytes_.data() + at, &length, sizeof length);
        bytes_.resize(RTA_ALIGN(bytes_.size()));
    }
    void add(std::uint16_t type, const void* value, std::size_t size) {
        const std::size_t at = begin(type);
        put(value, size);
        end(at);
    }
    void add(std::uint16_t type, const std::string& text) {
        add(type, text.c_str(), text.size() + 1);
    }
    void put(const void* value, std::size_t size) {
        const auto* first = static_cast<const char*>(value);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    void send() {
        const auto length = static_cast<std::uint32_t>(bytes_.size());
        std::memcpy(bytes_.data(), &length, sizeof length);
        const Fd socket{
            checked("socket", ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))};
        checked("send", ::send(socket.get(), bytes_.data(), bytes_.size(), 0));
        std::array<char, 4096> answer{};
        checked("recv", ::recv(socket.get(), answer.data(), answer.size(), 0));
        nlmsgerr error{};
        std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
        if (error.error != 0) throw_errno("create a veth pair", -error.error);
    }

private:
    std::vector<char> bytes_{};
};

ifreq request_for(const std::string& interface) {
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    return request;
}

Fd any_socket() { return Fd{checked("socket", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))}; }

}  // namespace

void enter_own_network() {
    const auto uid = ::getuid();
    const auto gid = ::getgid();
    if (::unshare(CLONE_NEWNET) == 0) return;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        refusal() =
            fmt::format("needs root or unprivileged user namespaces: {}", errno_name(errno));
        return;
    }
    std::ofstream{"/proc/self/setgroups"} << "deny";
    std::ofstream{"/proc/self/uid_map"} << "0 " << uid << " 1";
    std::ofstream{"/proc/self/gid_map"} << "0 " << gid << " 1";
}

const std::string& network_refused() { return refusal(); }

Fd make_namespace() {
    Fd made;
    std::thread{[&made] {
        if (::unshare(CLONE_NEWNET) == 0) made = current_namespace();
    }}.join();
    if (!made) throw Error{"cannot make a network namespace"};
    return made;
}

void inside(const Fd& name_space, const std::function<void()>& body) {
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            checked("setns", ::setns(name_space.get(), CLONE_NEWNET));
            body();
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
}

void make_veth(const std::string& name, const std::string& peer, const Fd& peer_namespace) {
    Message message{RTM_NEWLINK};
    message.add(IFLA_IFNAME, name);
    const auto info = message.begin(IFLA_LINKINFO);
    message.add(IFLA_INFO_KIND, std::string{"veth"});
    const auto data = message.begin(IFLA_INFO_DATA);
    const auto other = message.begin(VETH_INFO_PEER);
    const ifinfomsg empty{};
    message.put(&empty, sizeof empty);
    message.add(IFLA_IFNAME, peer);
    const int fd = peer_namespace.get();
    message.add(IFLA_NET_NS_FD, &fd, sizeof fd);
    message.end(other);
    message.end(data);
    message.end(info);
    message.send();
}

void set_up(const std::string& interface, bool up) {
    const Fd socket = any_socket();
    ifreq request = request_for(interface);
    checked("SIOCGIFFLAGS", ::ioctl(socket.get(), SIOCGIFFLAGS, &request));
    const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
    request.ifr_flags = static_cast<short>(flags);
    checked("SIOCSIFFLAGS", ::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

void set_address(const std::string& interface, const std::string& address) {
    const Fd socket = any_socket();
    for (const auto& [what, text] :
         {std::pair{SIOCSIFADDR, address}, {SIOCSIFNETMASK, std::string{"255.255.255.0"}}}) {
        ifreq request = request_for(interface);
        sockaddr_in value{};
        value.sin_family = AF_INET;
        ::inet_pton(AF_INET, text.c_str(), &value.sin_addr);
        std::memcpy(&request.ifr_addr, &value, sizeof value);
        checked("set an address",
                ::ioctl(socket.get(), static_cast<unsigned long>(what), &request));
    }
}

}  // namespace etimedout::test
