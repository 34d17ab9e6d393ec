// HttpApi: Toxiproxy's HTTP API on a thread of its own.
#include "simulator/proxy/http_api.hh"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <signal.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "simulator/proxy/api_session.hh"
#include "simulator/stream/scope.hh"
#include "simulator/stream/serving.hh"

namespace etimedout {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// How long to leave the listening socket alone when there are no descriptors to accept with.
// Threads that answer what may wait for a resolver.
constexpr std::size_t waiting_threads = 4;

std::string text_of(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string host = endpoint.address().is_v6() ? "[" + address + "]" : address;
    return fmt::format("{}:{}", host, endpoint.port());
}

// IPv4 before IPv6, as Go listens at a name.
std::vector<tcp::endpoint> endpoints_of(asio::io_context& context, const HttpApiPlan& plan) {
    if (plan.host.empty()) return {{tcp::v6(), plan.port}, {tcp::v4(), plan.port}};
    error_code error;
    tcp::resolver resolver{context};
    const auto found =
        resolver.resolve(plan.host, std::to_string(plan.port), tcp::resolver::passive, error);
    if (error) {
        throw Error{fmt::format("listen tcp: lookup {}: {}", plan.host, error.message()),
                    "give --host an address or a name of this machine"};
    }
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    std::stable_sort(endpoints.begin(), endpoints.end(),
                     [](const tcp::endpoint& a, const tcp::endpoint& b) {
                         return a.address().is_v4() && b.address().is_v6();
                     });
    return endpoints;
}

// At the first of the addresses that can be had.
tcp::acceptor open_acceptor(asio::io_context& context, const HttpApiPlan& plan) {
    std::string trouble = "no address";
    for (const tcp::endpoint& endpoint : endpoints_of(context, plan)) {
        error_code error;
        tcp::acceptor acceptor{context};
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
        if (!error && endpoint.address().is_v6()) {
            acceptor.set_option(asio::ip::v6_only{!plan.host.empty()}, error);
        }
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
        if (!error) return acceptor;
        std::string what =
            error == asio::error::address_in_use ? "address already in use" : error.message();
        trouble = fmt::format("listen tcp {}: bind: {}", text_of(endpoint), what);
        if (error == asio::error::address_in_use) break;
    }
    throw Error{"the API cannot listen: " + trouble,
                "end whoever listens there, or choose another --port"};
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

}  // namespace

class HttpApi::Server {
public:
    Server(HttpApiPlan plan, ProxySet& proxies, ProxyLog& log)
        : acceptor_{open_acceptor(context_, plan)}, scope_{context_.get_executor()}, log_{log} {
        const tcp::endpoint bound = acceptor_.local_endpoint();
        address_ = text_of(bound);
        shared_.proxies = &proxies;
        shared_.log = &log;
        shared_.policy = {bound.address().is_loopback(), plan.host, plan.metrics};
        shared_.pool = &pool_;
        shared_.limits = plan.limits;
        shared_.when_idle = [this] { scope_.cancel(); };
        scope_.spawn(accept());
        thread_ = std::thread{[this] { run(); }};
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        asio::post(context_, [this] { begin_to_stop(); });
        thread_.join();
        pool_.join();
    }

    const std::string& address() const { return address_; }

private:
    // Signals are for the thread that asked for them, never for this one.
    void run() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        context_.run();  // what tasks throw ends in the scope
        if (scope_.first_error()) {
            const std::string why = text_of(scope_.first_error());
            log_.write(LogLevel::error, "An API connection failed", {{"err", why}});
        }
    }

    void begin_to_stop() {
        shared_.stopping = true;
        error_code ignored;
        acceptor_.close(ignored);
        if (shared_.busy == 0) scope_.cancel();
    }

    awaitable<void> accept() {
        while (true) {
            auto [error, socket] = co_await acceptor_.async_accept(as_values);
            if (shared_.stopping || error == asio::error::operation_aborted) co_return;
            if (error) {
                const std::string why = error.message();
                log_.write(LogLevel::warn, "The API cannot accept", {{"err", why}});
                asio::steady_timer timer{context_, breather};
                co_await timer.async_wait(as_values);
                continue;
            }
            error_code ignored;
            socket.set_option(tcp::no_delay{true}, ignored);
            scope_.spawn(serve_api(&shared_, std::move(socket)));
        }
    }

    asio::io_context context_{1};
    asio::thread_pool pool_{waiting_threads};
    tcp::acceptor acceptor_;
    Scope scope_;
    ProxyLog& log_;
    std::string address_;
    ApiContext shared_;
    std::thread thread_;
};

HttpApi::HttpApi(HttpApiPlan plan, ProxySet& proxies, ProxyLog& log)
    : server_{std::make_unique<Server>(std::move(plan), proxies, log)} {}

HttpApi::~HttpApi() = default;

const std::string& HttpApi::address() const { return server_->address(); }

}  // namespace etimedout
