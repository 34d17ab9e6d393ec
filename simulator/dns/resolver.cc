// Resolver: a server of DNS that answers, or misbehaves, as it was made to.
#include "simulator/dns/resolver.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "simulator/base/fd.hh"
#include "simulator/dns/message.hh"
#include "simulator/stream/scope.hh"
#include "simulator/stream/serving.hh"
#include "simulator/wire/dns_message.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

namespace {

constexpr std::size_t largest_message = 65535;

struct Any {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Any any_address(int family, std::uint16_t port) {
    Any any;
    if (family == AF_INET6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        v6.sin6_addr = in6addr_any;
        any.size = sizeof v6;
        std::memcpy(&any.storage, &v6, sizeof v6);
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl(INADDR_ANY);
        any.size = sizeof v4;
        std::memcpy(&any.storage, &v4, sizeof v4);
    }
    return any;
}

// None where the system has no such family, or the port is taken.
Fd bound(int family, int type, std::uint16_t port) {
    Fd fd{::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return fd;
    const int on = 1;
    if (type == SOCK_STREAM) {
        checked("SO_REUSEADDR", ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    }
    if (family == AF_INET6) {
        checked("IPV6_V6ONLY", ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    }
    const Any any = any_address(family, port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) != 0) {
        return Fd{};
    }
    if (type == SOCK_STREAM) checked("listen", ::listen(fd.get(), SOMAXCONN));
    return fd;
}

std::uint16_t port_of(const Fd& fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    checked("getsockname", ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin_port);
}

struct Sockets {
    Fd udp4{};
    Fd tcp4{};
    Fd udp6{};  // none where the system has no IPv6
    Fd tcp6{};
    std::uint16_t port = 0;
};

// All on one port; for port 0 another is tried when one of them is taken.
Sockets open_sockets(const std::string& name, std::uint16_t port) {
    constexpr int attempts = 16;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        Sockets sockets;
        sockets.tcp4 = bound(AF_INET, SOCK_STREAM, port);
        if (!sockets.tcp4) break;
        sockets.port = port_of(sockets.tcp4);
        sockets.udp4 = bound(AF_INET, SOCK_DGRAM, sockets.port);
        if (!sockets.udp4 && errno == EADDRINUSE && port == 0) continue;
        if (!sockets.udp4) break;
        sockets.udp6 = bound(AF_INET6, SOCK_DGRAM, sockets.port);
        sockets.tcp6 = bound(AF_INET6, SOCK_STREAM, sockets.port);
        return sockets;
    }
    throw_errno(fmt::format("resolver `{}`: port {}", name, port), errno);
}

IpAddress source_of(const asio::ip::address& address) {
    // Only what the kernel gave: it always parses.
    return IpAddress::parse(address.to_string()).value();
}

// With two bytes of length before it (RFC 1035 section 4.2.2).
std::vector<std::byte> framed_for_stream(const std::vector<std::byte>& message) {
    std::vector<std::byte> framed(message.size() + 2);
    framed[0] = static_cast<std::byte>(message.size() >> 8U);
    framed[1] = static_cast<std::byte>(message.size() & 0xffU);
    std::copy(message.begin(), message.end(), framed.begin() + 2);
    return framed;
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

}  // namespace

class Resolver::Server {
public:
    Server(std::string name, ResolverSpec spec, std::uint64_t seed, const WorldClock& clock,
           std::uint16_t port)
        : name_{name},
          spec_{std::move(spec)},
          clock_{clock},
          faults_{std::move(name), seed},
          scope_{context_.get_executor()} {
        Sockets sockets = open_sockets(name_, port);
        port_ = sockets.port;
        serve(udp::v4(), std::move(sockets.udp4));
        if (sockets.udp6) serve(udp::v6(), std::move(sockets.udp6));
        serve(tcp::v4(), std::move(sockets.tcp4));
        if (sockets.tcp6) serve(tcp::v6(), std::move(sockets.tcp6));
        thread_ = std::thread{[this] { run(); }};
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): a thread that cannot be told to end is a bug.
    ~Server() {
        asio::post(context_, [this] { scope_.cancel(); });
        thread_.join();
    }

    std::uint16_t port() const { return port_; }
    void arm(const ArmedFault& fault) {
        const std::lock_guard lock{mutex_};
        faults_.arm(fault, clock_.now(), spec_.records);
    }
    void heal(const std::string& id) { faults_.heal(id); }
    ResolverWitness witness(const std::string& id) const { return faults_.witness(id); }
    void set(const DnsRecords& records) {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, set] : records) spec_.records[canonical_name(name)] = set;
    }
    ResolverRecord record() const {
        const std::lock_guard lock{mutex_};
        return {queries_, trouble_};
    }

private:
    // What is to be sent, and when. No bytes: nothing, ever.
    struct Reply {
        std::vector<std::byte> bytes{};
        Duration delay{};
    };

    // One connection; shared with the answers that are still to come.
    struct Session {
        explicit Session(tcp::socket accepted) : socket{std::move(accepted)} {}
        tcp::socket socket;
        bool writing = false;
        std::vector<std::vector<std::byte>> waiting{};
    };

    void serve(const udp& protocol, Fd fd) {
        udp::socket socket{context_};
        socket.assign(protocol, fd.get());
        fd.release();
        scope_.spawn(serve_datagrams(std::move(socket)));
    }
    void serve(const tcp& protocol, Fd fd) {
        tcp::acceptor acceptor{context_};
        acceptor.assign(protocol, fd.get());
        fd.release();
        scope_.spawn(accept(std::move(acceptor)));
    }

    // Signals are for the thread that asked for them, never for this one.
    void run() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        context_.run();
        if (!scope_.first_error()) return;
        const std::lock_guard lock{mutex_};
        trouble_ = text_of(scope_.first_error());
    }

    // ---------------------------------------------------------------- what is answered

    std::optional<Reply> reply_to(ByteView message, DnsTransport transport,
                                  const asio::ip::address& from) {
        const std::optional<DnsQuery> query = read_query(message);
        if (!query) return std::nullopt;
        ++queries_;
        const std::size_t most = transport == DnsTransport::udp ? query->most_udp : largest_message;
        if (!query->is_standard) {
            return Reply{write_answer(*query, {.code = DnsCode::notimp}, most)};
        }
        ResolverSpec zone;
        {
            const std::lock_guard lock{mutex_};
            zone = spec_;
        }
        const auto ruling = faults_.judge({.name = query->name,
                                           .type = query->type,
                                           .transport = transport,
                                           .source = source_of(from),
                                           .t = clock_.now()});
        if (ruling && ruling->records) zone.records = *ruling->records;
        const ZoneAnswer right = answer_of(zone, query->name, query->type);
        if (!ruling) return Reply{write_answer(*query, right, most)};
        const Acting acting{*query, zone, right, most};
        return std::visit(acting, ruling->plan);
    }

    // What each plan makes of the right answer.
    struct Acting {
        const DnsQuery& query;
        const ResolverSpec& zone;
        const ZoneAnswer& right;
        std::size_t most;

        Reply coded(DnsCode code) const {
            return {write_answer(query, {.code = code, .negative_ttl = zone.negative_ttl}, most)};
        }
        Reply operator()(const DnsError& plan) const { return coded(plan.code); }
        Reply operator()(const DnsFlap& plan) const { return coded(plan.code); }
        Reply operator()(const DnsSilence& /*plan*/) const { return {}; }
        Reply operator()(const DnsDelay& plan) const {
            return {write_answer(query, right, most), plan.delay};
        }
        Reply operator()(const DnsAddresses& plan) const {
            const Duration ttl = plan.ttl.value_or(zone.ttl);
            return {write_answer(query, answer_with(plan.addresses, query.name, query.type, ttl),
                                 most)};
        }
        Reply operator()(const DnsTruncate& /*plan*/) const { return {write_truncated(query)}; }
        Reply operator()(const DnsMalform& plan) const {
            return {write_malformed(query, right, plan.what)};
        }
        Reply operator()(const DnsStale& /*plan*/) const {
            return {write_answer(query, right, most)};
        }
    };

    // ---------------------------------------------------------------- UDP

    awaitable<void> serve_datagrams(udp::socket socket) {
        std::vector<std::byte> buffer(largest_message);
        while (true) {
            udp::endpoint from;
            const asio::mutable_buffer space{buffer.data(), buffer.size()};
            const auto [error, size] = co_await socket.async_receive_from(space, from, as_values);
            if (error == asio::error::operation_aborted) co_return;
            if (error) continue;  // an ICMP error about an answer: the one who asked has gone
            auto reply = reply_to(ByteView{buffer}.first(size), DnsTransport::udp, from.address());
            if (!reply || reply->bytes.empty()) continue;
            if (reply->delay > Duration{}) {
                scope_.spawn(send_later(&socket, std::move(*reply), from));
            } else {
                send(socket, reply->bytes, from);
            }
        }
    }

    // A datagram that cannot be sent is lost, as datagrams are.
    static void send(udp::socket& socket, const std::vector<std::byte>& bytes,
                     const udp::endpoint& to) {
        error_code ignored;
        socket.send_to(asio::buffer(bytes.data(), bytes.size()), to, 0, ignored);
    }

    // The socket belongs to the task that receives, which ends only when all of them do.
    awaitable<void> send_later(udp::socket* socket, Reply reply, udp::endpoint to) {
        const Duration delay = reply.delay;
        co_await pause(delay);
        send(*socket, reply.bytes, to);
    }

    // ---------------------------------------------------------------- TCP

    awaitable<void> accept(tcp::acceptor acceptor) {
        while (true) {
            auto [error, socket] = co_await acceptor.async_accept(as_values);
            if (error == asio::error::operation_aborted) co_return;
            if (error == asio::error::no_descriptors) {
                const Duration delay = breather;
                co_await pause(delay);
            }
            if (error) continue;
            scope_.spawn(serve_stream(std::make_shared<Session>(std::move(socket))));
        }
    }

    awaitable<void> serve_stream(std::shared_ptr<Session> session) {
        DnsStreamSplitter splitter;
        std::array<std::byte, 4096> buffer{};
        error_code gone;
        const asio::ip::address from = session->socket.remote_endpoint(gone).address();
        while (!gone) {
            const asio::mutable_buffer space{buffer.data(), buffer.size()};
            const auto [error, size] = co_await session->socket.async_read_some(space, as_values);
            if (error) co_return;
            splitter.add(ByteView{buffer}.first(size));
            while (const auto message = splitter.next()) {
                auto reply = reply_to(*message, DnsTransport::tcp, from);
                if (!reply || reply->bytes.empty()) continue;
                scope_.spawn(answer_stream(session, std::move(*reply)));
            }
        }
    }

    awaitable<void> answer_stream(std::shared_ptr<Session> session, Reply reply) {
        const Duration delay = reply.delay;
        if (delay > Duration{}) co_await pause(delay);
        std::vector<std::byte> framed = framed_for_stream(reply.bytes);
        session->waiting.push_back(std::move(framed));
        if (session->writing) co_return;  // who writes takes it along
        session->writing = true;
        while (!session->waiting.empty()) {
            const std::vector<std::byte> next = std::move(session->waiting.front());
            session->waiting.erase(session->waiting.begin());
            const asio::const_buffer all{next.data(), next.size()};
            const auto [error, size] = co_await asio::async_write(session->socket, all, as_values);
            if (error) co_return;
        }
        session->writing = false;
    }

    awaitable<void> pause(Duration duration) {
        asio::steady_timer timer{context_, duration};
        const auto [error] = co_await timer.async_wait(as_values);
        if (error) throw boost::system::system_error{error};
    }

    std::string name_;
    ResolverSpec spec_;
    const WorldClock& clock_;
    ResolverFaults faults_;
    std::uint16_t port_ = 0;
    std::atomic<std::int64_t> queries_{0};
    asio::io_context context_{1};
    Scope scope_;
    mutable std::mutex mutex_;  // of spec_ and trouble_
    std::string trouble_;
    std::thread thread_;
};

Resolver::Resolver(std::string name, ResolverSpec spec, std::uint64_t seed, const WorldClock& clock,
                   std::uint16_t port)
    : server_{std::make_unique<Server>(std::move(name), std::move(spec), seed, clock, port)} {}

Resolver::~Resolver() = default;

std::uint16_t Resolver::port() const { return server_->port(); }
void Resolver::arm(const ArmedFault& fault) { server_->arm(fault); }
void Resolver::heal(const std::string& id) { server_->heal(id); }
ResolverWitness Resolver::witness(const std::string& id) const { return server_->witness(id); }
void Resolver::set(const DnsRecords& records) { server_->set(records); }
ResolverRecord Resolver::record() const { return server_->record(); }

}  // namespace etimedout
