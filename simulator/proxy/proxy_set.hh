// ProxySet: all proxies and their toxics, and what may be done with them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simulator/proxy/json_input.hh"
#include "simulator/proxy/proxy_log.hh"
#include "simulator/proxy/proxy_model.hh"

namespace etimedout {

// What the set asks of the data path; Engine's functions, see there.
struct EngineCalls {
    std::function<std::unique_ptr<RunningProxy>(ProxyPlan)> open{};
    std::function<std::string(const std::string&)> resolve{};
    std::function<std::vector<ConnectionRow>()> connections{};
    std::function<bool(std::uint64_t)> kill{};
};

// What GET /metrics says of one proxy.
struct ProxyFigures {
    std::string name{};
    std::string listen{};
    std::string upstream{};
    bool enabled = true;
    std::size_t toxics = 0;
    Protocol protocol = Protocol::tcp;
    ProxyCounters counters{};  // since it has these addresses, disabled in between or not
};

struct Populated {
    std::vector<ProxyRow> proxies{};  // those done, in the order of the input
    std::optional<ApiError> error{};  // what stopped it
};

// Thread-safe. Everything that is impossible is an ApiError with Toxiproxy's status and text. Names
// are resolved outside of the lock, so a slow resolver holds up nobody but its own caller.
class ProxySet {
public:
    ProxySet(EngineCalls engine, ProxyLog& log);
    ProxySet(const ProxySet&) = delete;
    ProxySet& operator=(const ProxySet&) = delete;

    std::vector<ProxyRow> list() const;  // by name
    ProxyRow get(const std::string& name) const;
    ProxyRow create(const ProxyInput& input);
    // Proxies that are there already with the same addresses stay as they are, toxics and all.
    Populated populate(const std::vector<ProxyInput>& inputs);
    ProxyRow update(const std::string& name, const ProxyChange& change);
    void remove(const std::string& name);
    // Enables every proxy and removes its toxics.
    void reset();

    ToxicRow toxic(const std::string& proxy, const std::string& name) const;
    ToxicRow add_toxic(const std::string& proxy, const boost::json::value& body);
    ToxicRow update_toxic(const std::string& proxy, const std::string& name,
                          const boost::json::value& body);
    void remove_toxic(const std::string& proxy, const std::string& name);

    std::vector<ConnectionRow> connections() const;
    void kill(std::uint64_t connection);
    std::vector<ProxyFigures> figures() const;

private:
    struct Proxy {
        ProxyRow row;
        std::string asked;     // what its listen was resolved to when it was last started
        ProxyCounters before;  // of earlier runs at the same addresses
        std::unique_ptr<RunningProxy> running;
    };
    Proxy& find(const std::string& name);
    const Proxy& find(const std::string& name) const;
    static ToxicRow& find_toxic(ProxyRow& row, const std::string& name);
    // `resolved` is what the row's listen means.
    void start(Proxy& proxy, const std::string& resolved);
    void stop(Proxy& proxy);
    void set_rules(Proxy& proxy);
    void number_rules(ProxyRow& row);
    ProxyRow put_new(const ProxyInput& input, const std::string& resolved);
    ProxyRow populate_one(const ProxyInput& input);
    // As update(), but with the texts of a start where the address is wrong.
    ProxyRow change_one(const std::string& name, const ProxyChange& change);
    bool listens_at(const Proxy& proxy, const std::string& resolved,
                    const std::string& resolved_now) const;
    std::string resolve(const std::string& listen, Protocol protocol) const;

    EngineCalls engine_;
    ProxyLog& log_;
    mutable std::mutex mutex_;
    std::map<std::string, Proxy> proxies_;
    std::uint64_t last_rule_ = 0;
};

}  // namespace etimedout
