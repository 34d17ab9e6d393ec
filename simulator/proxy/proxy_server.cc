// ProxyServer: the whole proxy in one object.
#include "simulator/proxy/proxy_server.hh"

#include <thread>
#include <utility>

#include "simulator/proxy/http_api.hh"
#include "simulator/proxy/proxy_config.hh"

namespace etimedout {

namespace {

// How long after it was asked to a server begins to stop, at the most.
constexpr Duration glance = 50ms;

EngineCalls calls_of(Engine& engine) {
    EngineCalls calls;
    calls.open = [&engine](ProxyPlan plan) { return engine.open(std::move(plan)); };
    calls.resolve = resolved_listen;
    calls.connections = [&engine] { return engine.connections(); };
    calls.kill = [&engine](std::uint64_t connection) { return engine.kill(connection); };
    return calls;
}

EnginePlan engine_plan(const ProxyServerPlan& plan) {
    EnginePlan result;
    result.workers = plan.workers;
    result.seed = plan.seed;
    return result;
}

}  // namespace

// In this order: what is destroyed first is what others do not need.
class ProxyServer::Parts {
public:
    explicit Parts(const ProxyServerPlan& plan)
        : log{plan.log_level, plan.log_descriptor},
          engine{engine_plan(plan), log},
          proxies{calls_of(engine), log} {
        if (!plan.config_file.empty()) populate(plan.config_file);
        HttpApiPlan api_plan;
        api_plan.host = plan.host;
        api_plan.port = plan.port;
        api_plan.metrics = plan.metrics;
        api = std::make_unique<HttpApi>(std::move(api_plan), proxies, log);
        log.write(LogLevel::info, "Starting Toxiproxy HTTP server",
                  {{"address", api->address()}, {"version", api_version}});
    }

    void populate(const std::string& file) {
        try {
            const ProxyConfig config = load_proxy_config(file);
            const Populated done = proxies.populate(config.proxies());
            if (done.error) throw Error{config.complaint(*done.error)};
            log.write(LogLevel::info, "Populated proxies from file",
                      {{"config", file}, {"proxies", std::ssize(done.proxies)}});
        } catch (const Error& error) {
            const std::string_view text = error.what();
            log.write(LogLevel::error, "Failed to populate proxies from file",
                      {{"config", file}, {"error", text}});
        }
    }

    ProxyLog log;
    Engine engine;
    ProxySet proxies;
    std::unique_ptr<HttpApi> api;
};

ProxyServer::ProxyServer(ProxyServerPlan plan) : parts_{std::make_unique<Parts>(plan)} {}

ProxyServer::~ProxyServer() = default;

const std::string& ProxyServer::api_address() const { return parts_->api->address(); }

void ProxyServer::run(const std::atomic<bool>& stop,
                      const std::function<void(const std::string&)>& ready) {
    ready(api_address());
    while (!stop) std::this_thread::sleep_for(glance);
    parts_->log.write(LogLevel::info, "Shutdown started", {});
}

}  // namespace etimedout
