// Engine: the data path of all proxies: listeners, connections and the faults at work on them.
#include "simulator/proxy/engine.hh"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include <sys/socket.h>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "simulator/proxy/door.hh"
#include "simulator/proxy/porter.hh"
#include "simulator/proxy/relay.hh"
#include "simulator/proxy/slabs.hh"
#include "simulator/proxy/udp_proxy.hh"

namespace etimedout {

namespace asio = boost::asio;

namespace {

// Look-ups block; so many may at once before others wait for their turn.
constexpr std::size_t resolvers = 8;

Fd socket_here(int family, int type) {
    return Fd{::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

}  // namespace

class Engine::Impl {
public:
    Impl(EnginePlan plan, EngineListener& listener) : plan_{plan}, listener_{listener} {
        const std::size_t cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
        const std::size_t count = plan_.workers == 0 ? cores : plan_.workers;
        for (std::size_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>());
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    // Look-ups under way hold proxies and post to workers: they end first.
    ~Impl() {
        if (resolver_) {
            resolver_->stop();
            resolver_->join();
        }
        workers_.clear();
    }

    Worker& next_worker() { return *workers_[next_++ % workers_.size()]; }
    std::vector<Worker*> workers() const {
        std::vector<Worker*> all;
        for (const auto& worker : workers_) all.push_back(worker.get());
        return all;
    }
    Registry& registry() { return registry_; }
    // What a proxy's connections share, but for its rules.
    std::shared_ptr<ProxyState> state_of(const ProxyPlan& plan);

    // Looks the upstream up, where that must be done, and gives the answer on the worker's thread.
    void dial(const std::shared_ptr<Relay>& relay, Worker& worker, const ProxyState& proxy);
    // Asks the resolver, and gives the answer on the worker's thread.
    void ask(const HostPort& name, Worker& worker, std::function<void(const Addresses&)> then);

private:
    EnginePlan plan_;
    EngineListener& listener_;
    Registry registry_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<std::size_t> next_{0};
    // Made when the first name has to be looked up.
    std::once_flag resolver_made_;
    std::optional<asio::thread_pool> resolver_;
};

std::shared_ptr<ProxyState> Engine::Impl::state_of(const ProxyPlan& plan) {
    const auto state = std::make_shared<ProxyState>();
    const auto upstream = split_host_port(plan.upstream);
    state->name = std::make_shared<const std::string>(plan.name);
    state->upstream_text = plan.upstream;
    if (upstream) state->upstream = *upstream;
    state->upstream_addresses = plan.upstream_addresses;
    if (const auto numeric = numeric_address(state->upstream);
        numeric && state->upstream_addresses.empty()) {
        state->upstream_addresses.push_back(*numeric);
    }
    state->upstream_socket = plan.upstream_socket ? plan.upstream_socket : socket_here;
    state->transparent = plan.transparent;
    state->requests = plan.requests;
    state->wall_clock = std::chrono::system_clock::now().time_since_epoch() -
                        std::chrono::steady_clock::now().time_since_epoch();
    state->connect_timeout = plan.connect_timeout;
    state->idle_timeout = plan.idle_timeout;
    state->seed = plan_.seed;
    state->largest_queue = static_cast<std::size_t>(plan_.largest_queue);
    state->listener = &listener_;
    state->registry = &registry_;
    return state;
}

void Engine::Impl::dial(const std::shared_ptr<Relay>& relay, Worker& worker,
                        const ProxyState& proxy) {
    if (!proxy.upstream_addresses.empty()) {
        relay->start(proxy.upstream_addresses);
        return;
    }
    ask(proxy.upstream, worker, [relay](const Addresses& found) {
        if (found) {
            relay->start(*found);
        } else {
            relay->cannot_look_up(found.error().message);
        }
    });
}

void Engine::Impl::ask(const HostPort& name, Worker& worker,
                       std::function<void(const Addresses&)> then) {
    std::call_once(resolver_made_, [this] { resolver_.emplace(resolvers); });
    asio::post(*resolver_, [name, &worker, then = std::move(then)] {
        asio::post(worker.context(), [then, found = look_up(name)] { then(found); });
    });
}

namespace {

// Does it to all connections of a proxy, on each worker's thread, in its own time.
template <class What>
void for_each_relay(const std::vector<Worker*>& workers, const std::shared_ptr<ProxyState>& proxy,
                    What what) {
    for (Worker* worker : workers) {
        asio::post(worker->context(), [worker, proxy, what] {
            std::vector<std::shared_ptr<Relay>> mine;  // what is done may change the list
            for (const auto& [id, relay] : worker->relays()) {
                if (relay->proxy() == proxy.get()) mine.push_back(relay);
            }
            std::sort(mine.begin(), mine.end(),
                      [](const auto& a, const auto& b) { return a->id() < b->id(); });
            for (const auto& relay : mine) what(*relay);
        });
    }
}

class EngineProxy final : public RunningProxy {
public:
    EngineProxy(Engine::Impl& engine, ProxyPlan plan)
        : engine_{engine}, state_{engine.state_of(plan)}, worker_{engine.next_worker()} {
        Fd socket = listen_at(listen_address(plan.listen.empty() ? ":0" : plan.listen),
                              plan.transparent ? Foreign::addresses : Foreign::none);
        if (plan.gate) porter_ = std::make_shared<Porter>(worker_, state_, std::move(plan.gate));
        door_ = std::make_shared<Door>(
            worker_, state_, std::move(socket),
            [&engine, state = state_, porter = porter_](Fd client, const SocketAddress& peer) {
                welcome(engine, state, porter.get(), std::move(client), peer);
            });
        timer_ = std::make_shared<asio::steady_timer>(worker_.context());
        state_->set_rules(std::move(plan.rules));
        asio::post(worker_.context(), [door = door_, porter = porter_] {
            door->open();
            if (porter) porter->open();
        });
        plan_windows();
    }

    ~EngineProxy() override {
        door_->shut();
        asio::post(worker_.context(), [door = door_, porter = porter_, timer = timer_] {
            door->close();
            if (porter) porter->close();
            timer->cancel();
        });
        for_each_relay(engine_.workers(), state_,
                       [](Relay& relay) { relay.end(RelayEnd::in_order, "stop"); });
    }

    std::string listen() const override { return door_->address().text(); }

    void set_rules(std::vector<ProxyRule> rules) override {
        state_->set_rules(std::move(rules));
        look_again();
        plan_windows();
    }

    ProxyCounters counters() const override { return state_->counters(); }

private:
    // On the door's worker; the connection lives on another's, in turn.
    static void welcome(Engine::Impl& engine, const std::shared_ptr<ProxyState>& state,
                        Porter* porter, Fd client, const SocketAddress& peer) {
        std::optional<Porter::Dialled> dialled;
        if (porter != nullptr) {
            dialled = porter->claim(unmapped(peer), unmapped(own_address_of(client.get())));
        }
        const auto record = make_shared_in_slab<RelayRecord>();
        Worker& worker = engine.next_worker();
        record->number = ++state->accepted;
        record->worker = &worker;
        record->began = std::chrono::steady_clock::now();
        record->proxy = state->name;
        record->client = peer;
        engine.registry().add(record);
        ++state->open;
        state->listener->accepted(*state->name, record->number, peer.text());
        asio::post(worker.context(), [&engine, state, record, socket = std::move(client),
                                      dialled = std::move(dialled), &worker]() mutable {
            const auto relay = make_shared_in_slab<Relay>(worker, state, record, std::move(socket));
            worker.keep(record->id, relay);
            if (dialled) {
                relay->start(std::move(dialled->socket), dialled->upstream);
            } else if (state->transparent) {
                relay->start({relay->wanted_address()});
            } else {
                engine.dial(relay, worker, *state);
            }
        });
    }

    void look_again() {
        asio::post(worker_.context(), [door = door_] { door->follow_rules(); });
        for_each_relay(engine_.workers(), state_, [](Relay& relay) { relay.follow_rules(); });
    }

    // Rules begin and end at their moments.
    void plan_windows() {
        asio::post(worker_.context(),
                   [state = state_, timer = timer_, door = door_, workers = engine_.workers()] {
                       wait_for_window(state, timer, door, workers);
                   });
    }
    static void wait_for_window(const std::shared_ptr<ProxyState>& state,
                                const std::shared_ptr<asio::steady_timer>& timer,
                                const std::shared_ptr<Door>& door,
                                const std::vector<Worker*>& workers) {
        const auto next = state->rules()->next_change(std::chrono::steady_clock::now());
        if (!next) {
            timer->cancel();
            return;
        }
        timer->expires_at(*next);
        timer->async_wait([state, timer, door, workers](const boost::system::error_code& error) {
            if (error) return;
            door->follow_rules();
            for_each_relay(workers, state, [](Relay& relay) { relay.follow_rules(); });
            wait_for_window(state, timer, door, workers);
        });
    }

    Engine::Impl& engine_;
    std::shared_ptr<ProxyState> state_;
    Worker& worker_;
    std::shared_ptr<Porter> porter_;  // null: there is no gate
    std::shared_ptr<Door> door_;
    std::shared_ptr<asio::steady_timer> timer_;
};

}  // namespace

Engine::Engine(EnginePlan plan, EngineListener& listener)
    : impl_{std::make_unique<Impl>(plan, listener)} {}

Engine::~Engine() = default;

std::unique_ptr<RunningProxy> Engine::open(ProxyPlan plan) {
    if (plan.protocol == Protocol::udp) {
        auto state = impl_->state_of(plan);
        const UdpLookUp look_up = [impl = impl_.get()](const HostPort& name, Worker& worker,
                                                       std::function<void(const Addresses&)> then) {
            impl->ask(name, worker, std::move(then));
        };
        return open_udp_proxy(std::move(plan), std::move(state), impl_->next_worker(), look_up);
    }
    return std::make_unique<EngineProxy>(*impl_, std::move(plan));
}

std::vector<ConnectionRow> Engine::connections() const {
    std::vector<ConnectionRow> rows;
    const Moment now = std::chrono::steady_clock::now();
    for (const auto& record : impl_->registry().all()) {
        ConnectionRow row;
        row.id = record->id;
        row.proxy = *record->proxy;
        row.number = record->number;
        row.client = record->client.text();
        if (record->connected) row.upstream = record->upstream.text();
        row.bytes_up = record->up;
        row.bytes_down = record->down;
        row.held = record->held;
        row.age = now - record->began;
        const std::lock_guard lock{record->mutex};
        row.rules = record->rules;
        rows.push_back(std::move(row));
    }
    return rows;
}

bool Engine::kill(std::uint64_t connection) {
    const auto record = impl_->registry().find(connection);
    if (!record) return false;
    Worker& worker = *record->worker;
    if (record->kill) {
        asio::post(worker.context(), record->kill);
        return true;
    }
    asio::post(worker.context(), [&worker, connection] {
        const auto found = worker.relays().find(connection);
        if (found == worker.relays().end()) return;
        const auto relay = found->second;
        relay->end(RelayEnd::reset, "api");
    });
    return true;
}

}  // namespace etimedout
