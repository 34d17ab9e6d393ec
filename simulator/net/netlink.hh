// NetlinkSocket and NetlinkMessage: requests to the kernel of one network namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "simulator/base/error.hh"

struct nl_sock;
struct nl_msg;
struct nlattr;

namespace etimedout {

// The kernel's answers to netlink requests: errno values, with the kernel's own explanation in
// the exception's text. (libnl's own numbers are not errno; they do not appear here.)
const std::error_category& netlink_category() noexcept;

class NetlinkError : public Error {
public:
    // `explanation` is the kernel's extended acknowledgement, or empty.
    NetlinkError(std::string_view attempt, int error_number, std::string_view explanation,
                 std::string advice = {});
    const std::error_code& code() const noexcept { return code_; }

private:
    std::error_code code_;
};

// A request under construction.
class NetlinkMessage {
public:
    NetlinkMessage(int type, int flags);

    // The fixed part behind the netlink header (tcmsg, ifinfomsg, …); first, and once.
    template <class Header>
    void header(const Header& value) {
        static_assert(std::is_trivially_copyable_v<Header>);
        append(std::as_bytes(std::span{&value, 1}));
    }
    template <class Value>
    void put(int attribute, const Value& value) {
        static_assert(std::is_trivially_copyable_v<Value>);
        put_bytes(attribute, std::as_bytes(std::span{&value, 1}));
    }
    void put_bytes(int attribute, std::span<const std::byte> bytes);
    void put_text(int attribute, std::string_view text);  // with its terminating zero
    // Attributes, and a fixed part, put by `contents` go inside this one.
    void nest(int attribute, const std::function<void()>& contents);
    // As nest(), behind a fixed part that the attribute begins with.
    template <class Header>
    void nest_behind(int attribute, const Header& value, const std::function<void()>& contents) {
        nest(attribute, [&] {
            header(value);
            contents();
        });
    }
    nl_msg* get() const { return message_.get(); }

private:
    void append(std::span<const std::byte> bytes);
    std::unique_ptr<nl_msg, void (*)(nl_msg*)> message_;
};

// One attribute that the kernel sent.
class NetlinkAttributes {
public:
    NetlinkAttributes(const void* data, std::size_t size) : data_{data}, size_{size} {}
    // The attribute's contents; nothing when it is not there.
    std::optional<std::span<const std::byte>> find(int attribute) const;
    template <class Value>
    std::optional<Value> value(int attribute) const {
        static_assert(std::is_trivially_copyable_v<Value>);
        const auto bytes = find(attribute);
        if (!bytes) return std::nullopt;
        Value result{};
        copy(*bytes, &result, sizeof result);
        return result;
    }
    std::optional<NetlinkAttributes> nested(int attribute) const;
    std::string text(int attribute) const;

private:
    // Fewer bytes than the type has: the rest stays zero (an older kernel's shorter struct).
    static void copy(std::span<const std::byte> from, void* to, std::size_t size);
    const void* data_;
    std::size_t size_;
};

// Belongs for ever to the namespace it was opened in.
class NetlinkSocket {
public:
    explicit NetlinkSocket(int network_namespace, int protocol = NETLINK_ROUTE);
    ~NetlinkSocket();
    NetlinkSocket(NetlinkSocket&&) noexcept = default;
    NetlinkSocket& operator=(NetlinkSocket&&) = delete;
    NetlinkSocket(const NetlinkSocket&) = delete;
    NetlinkSocket& operator=(const NetlinkSocket&) = delete;

    // Sends and waits for the kernel's acknowledgement; throws NetlinkError.
    void request(NetlinkMessage& message, std::string_view attempt);
    // The same; returns 0 or the kernel's errno instead of throwing for it.
    int try_request(NetlinkMessage& message, std::string_view attempt);
    // Sends and hands each answer to `visit`. The message must ask for a dump or an
    // acknowledgement (NLM_F_DUMP or NLM_F_ACK), which ends the answers.
    void collect(NetlinkMessage& message, std::string_view attempt,
                 const std::function<void(const nlmsghdr&)>& visit);

    // For what the kernel says by itself. Sends without waiting for anything; throws Error.
    void send(NetlinkMessage& message, std::string_view attempt);
    // Hands what is there to `visit`; does not wait.
    void receive(const std::function<void(const nlmsghdr&)>& visit);
    int descriptor() const;

private:
    struct Outcome {
        int error = 0;
        std::string explanation{};
    };
    Outcome transact(NetlinkMessage& message, std::string_view attempt,
                     const std::function<void(const nlmsghdr&)>& visit);

    friend class NetlinkReuse;
    using Handle = std::unique_ptr<nl_sock, void (*)(nl_sock*)>;
    // Of what it can be used again for: device and inode of the namespace, and the protocol.
    using Place = std::tuple<std::uint64_t, std::uint64_t, int>;
    static Handle open(int network_namespace, int protocol);

    Place place_;
    Handle socket_;
};

// While it lives, sockets that this thread is done with are kept for its next requests to the same
// namespace: opening one takes twelve system calls, and to build a network takes fifty of them.
class NetlinkReuse {
public:
    NetlinkReuse();
    ~NetlinkReuse();
    NetlinkReuse(const NetlinkReuse&) = delete;
    NetlinkReuse& operator=(const NetlinkReuse&) = delete;

private:
    friend class NetlinkSocket;
    std::optional<NetlinkSocket::Handle> take(const NetlinkSocket::Place& place);

    static thread_local NetlinkReuse* current_;
    NetlinkReuse* before_;
    std::multimap<NetlinkSocket::Place, NetlinkSocket::Handle> idle_{};
};

// What follows the netlink header: a fixed part of type Header, then attributes.
const void* payload_of(const nlmsghdr& message);
NetlinkAttributes attributes_of(const nlmsghdr& message, std::size_t header_size);

}  // namespace etimedout
