// NetlinkSocket and NetlinkMessage: requests to the kernel of one network namespace.
#include "simulator/net/netlink.hh"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "simulator/net/namespace_guard.hh"

namespace etimedout {

namespace {

class NetlinkCategory : public std::error_category {
public:
    const char* name() const noexcept override { return "netlink"; }
    std::string message(int error_number) const override { return std::strerror(error_number); }
    std::error_condition default_error_condition(int error_number) const noexcept override {
        return {error_number, std::generic_category()};
    }
};

// Large enough for a distribution table and everything beside it.
constexpr std::size_t message_size = 32768;

constexpr std::size_t answer_size = 65536;

// Not filled with zeros, since most answers need one of its sixteen pages.
std::unique_ptr<std::byte[]> answer_buffer() {
    return std::make_unique_for_overwrite<std::byte[]>(answer_size);
}

std::string advice_for(int error_number) {
    if (error_number == EPERM) {
        return "run with --time virtual, as root, or where user namespaces are allowed";
    }
    return {};
}

}  // namespace

const std::error_category& netlink_category() noexcept {
    static const NetlinkCategory category;
    return category;
}

NetlinkError::NetlinkError(std::string_view attempt, int error_number, std::string_view explanation,
                           std::string advice)
    : Error{fmt::format("{}: {} ({}){}{}", attempt, std::strerror(error_number),
                        errno_name(error_number), explanation.empty() ? "" : ": ", explanation),
            advice.empty() ? advice_for(error_number) : std::move(advice)},
      code_{error_number, netlink_category()} {}

// ------------------------------------------------------------------ messages

NetlinkMessage::NetlinkMessage(int type, int flags)
    : message_{::nlmsg_alloc_size(message_size), ::nlmsg_free} {
    if (!message_) throw std::bad_alloc{};
    if (::nlmsg_put(message_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, NLM_F_REQUEST | flags) ==
        nullptr) {
        throw std::bad_alloc{};
    }
}

void NetlinkMessage::append(std::span<const std::byte> bytes) {
    // libnl wants a pointer to what it only reads.
    if (::nlmsg_append(message_.get(), const_cast<std::byte*>(bytes.data()), bytes.size(),
                       NLMSG_ALIGNTO) < 0) {
        throw Error{"a netlink message grew beyond its 32768 bytes"};
    }
}

void NetlinkMessage::put_bytes(int attribute, std::span<const std::byte> bytes) {
    if (::nla_put(message_.get(), attribute, static_cast<int>(bytes.size()), bytes.data()) < 0) {
        throw Error{"a netlink message grew beyond its 32768 bytes"};
    }
}

void NetlinkMessage::put_text(int attribute, std::string_view text) {
    const std::string terminated{text};
    put_bytes(attribute,
              std::as_bytes(std::span{terminated.c_str(), terminated.size() + std::size_t{1}}));
}

void NetlinkMessage::nest(int attribute, const std::function<void()>& contents) {
    nlattr* const start = ::nla_nest_start(message_.get(), attribute);
    if (start == nullptr) throw Error{"a netlink message grew beyond its 32768 bytes"};
    contents();
    // Keeps an empty nest, which nla_nest_end would remove: netem without options is one.
    ::nla_nest_end_keep_empty(message_.get(), start);
}

std::optional<std::span<const std::byte>> NetlinkAttributes::find(int attribute) const {
    const nlattr* const found =
        ::nla_find(static_cast<const nlattr*>(data_), static_cast<int>(size_), attribute);
    if (found == nullptr) return std::nullopt;
    return std::span{static_cast<const std::byte*>(::nla_data(found)),
                     static_cast<std::size_t>(::nla_len(found))};
}

std::optional<NetlinkAttributes> NetlinkAttributes::nested(int attribute) const {
    const auto bytes = find(attribute);
    if (!bytes) return std::nullopt;
    return NetlinkAttributes{bytes->data(), bytes->size()};
}

std::string NetlinkAttributes::text(int attribute) const {
    const auto bytes = find(attribute);
    if (!bytes) return {};
    std::string result(bytes->size(), '\0');
    std::memcpy(result.data(), bytes->data(), bytes->size());
    return result.substr(0, result.find('\0'));
}

void NetlinkAttributes::copy(std::span<const std::byte> from, void* to, std::size_t size) {
    std::memcpy(to, from.data(), std::min(size, from.size()));
}

const void* payload_of(const nlmsghdr& message) { return ::nlmsg_data(&message); }

NetlinkAttributes attributes_of(const nlmsghdr& message, std::size_t header_size) {
    const int length = ::nlmsg_attrlen(&message, static_cast<int>(header_size));
    return {::nlmsg_attrdata(&message, static_cast<int>(header_size)),
            static_cast<std::size_t>(std::max(0, length))};
}

// ------------------------------------------------------------------ the socket

NetlinkSocket::Handle NetlinkSocket::open(int network_namespace, int protocol) {
    Handle socket{::nl_socket_alloc(), ::nl_socket_free};
    if (!socket) throw std::bad_alloc{};
    const NamespaceGuard inside{network_namespace};
    if (const int error = ::nl_connect(socket.get(), protocol); error < 0) {
        throw Error{fmt::format("open a netlink socket: {}", ::nl_geterror(error))};
    }
    // The kernel's own words, where it has some; kernels without this option are older than 4.12.
    const int enabled = 1;
    ::setsockopt(::nl_socket_get_fd(socket.get()), SOL_NETLINK, NETLINK_EXT_ACK, &enabled,
                 sizeof enabled);
    return socket;
}

NetlinkSocket::NetlinkSocket(int network_namespace, int protocol)
    : socket_{nullptr, ::nl_socket_free} {
    if (NetlinkReuse* const reuse = NetlinkReuse::current_; reuse != nullptr) {
        struct stat status {};
        checked("look at a network namespace", ::fstat(network_namespace, &status));
        place_ = {status.st_dev, status.st_ino, protocol};
        if (auto kept = reuse->take(place_)) {
            socket_ = std::move(*kept);
            return;
        }
    }
    socket_ = open(network_namespace, protocol);
}

NetlinkSocket::~NetlinkSocket() {
    NetlinkReuse* const reuse = NetlinkReuse::current_;
    if (!socket_ || reuse == nullptr || place_ == Place{}) return;
    reuse->idle_.emplace(place_, std::move(socket_));
}

thread_local NetlinkReuse* NetlinkReuse::current_ = nullptr;

NetlinkReuse::NetlinkReuse() : before_{std::exchange(current_, this)} {}

NetlinkReuse::~NetlinkReuse() { current_ = before_; }

std::optional<NetlinkSocket::Handle> NetlinkReuse::take(const NetlinkSocket::Place& place) {
    const auto found = idle_.find(place);
    if (found == idle_.end()) return std::nullopt;
    NetlinkSocket::Handle kept = std::move(found->second);
    idle_.erase(found);
    return kept;
}

void NetlinkSocket::request(NetlinkMessage& message, std::string_view attempt) {
    ::nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_ACK;
    collect(message, attempt, [](const nlmsghdr&) {});
}

int NetlinkSocket::try_request(NetlinkMessage& message, std::string_view attempt) {
    ::nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_ACK;
    return transact(message, attempt, [](const nlmsghdr&) {}).error;
}

void NetlinkSocket::collect(NetlinkMessage& message, std::string_view attempt,
                            const std::function<void(const nlmsghdr&)>& visit) {
    const Outcome outcome = transact(message, attempt, visit);
    if (outcome.error != 0) throw NetlinkError{attempt, outcome.error, outcome.explanation};
}

void NetlinkSocket::send(NetlinkMessage& message, std::string_view attempt) {
    if (const int sent = ::nl_send_auto(socket_.get(), message.get()); sent < 0) {
        throw Error{fmt::format("{}: send the request: {}", attempt, ::nl_geterror(sent))};
    }
}

int NetlinkSocket::descriptor() const { return ::nl_socket_get_fd(socket_.get()); }

void NetlinkSocket::receive(const std::function<void(const nlmsghdr&)>& visit) {
    const auto buffer = answer_buffer();
    for (;;) {
        const ssize_t received = ::recv(descriptor(), buffer.get(), answer_size, MSG_DONTWAIT);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) return;
        int left = static_cast<int>(received);
        const void* start = buffer.get();
        for (auto* part = const_cast<nlmsghdr*>(static_cast<const nlmsghdr*>(start));
             ::nlmsg_ok(part, left) != 0; part = ::nlmsg_next(part, &left)) {
            visit(*part);
        }
    }
}

NetlinkSocket::Outcome NetlinkSocket::transact(NetlinkMessage& message, std::string_view attempt,
                                               const std::function<void(const nlmsghdr&)>& visit) {
    send(message, attempt);
    const auto sequence = ::nlmsg_hdr(message.get())->nlmsg_seq;
    const auto buffer = answer_buffer();
    for (;;) {
        ssize_t received = 0;
        do {
            received = ::recv(::nl_socket_get_fd(socket_.get()), buffer.get(), answer_size, 0);
        } while (received < 0 && errno == EINTR);
        checked(attempt, received);
        int left = static_cast<int>(received);
        const void* start = buffer.get();
        for (auto* part = const_cast<nlmsghdr*>(static_cast<const nlmsghdr*>(start));
             ::nlmsg_ok(part, left) != 0; part = ::nlmsg_next(part, &left)) {
            if (part->nlmsg_seq != sequence) continue;
            if (part->nlmsg_type == NLMSG_DONE) return {};
            if (part->nlmsg_type != NLMSG_ERROR) {
                visit(*part);
                continue;
            }
            const auto* verdict = static_cast<const nlmsgerr*>(::nlmsg_data(part));
            Outcome outcome{.error = -verdict->error};
            if ((part->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
                // The request is echoed in full unless the answer is capped.
                std::size_t echoed = sizeof(nlmsgerr);
                if ((part->nlmsg_flags & NLM_F_CAPPED) == 0 && verdict->error != 0) {
                    echoed += verdict->msg.nlmsg_len - sizeof(nlmsghdr);
                }
                outcome.explanation = attributes_of(*part, echoed).text(NLMSGERR_ATTR_MSG);
            }
            return outcome;
        }
    }
}

}  // namespace etimedout
