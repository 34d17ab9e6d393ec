// The insides of CallState: what calls leave for later calls.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "harness/call/call.hh"
#include "harness/call/http_client.hh"
#include "harness/call/lookup.hh"
#include "simulator/base/fd.hh"

namespace etimedout {

class CallState::Parts {
public:
    Lookups lookups;

    // An idle client that was kept under this key, or a new one.
    std::unique_ptr<HttpClient> take(const std::string& key);
    void keep(const std::string& key, std::unique_ptr<HttpClient> client);
    // Keeps it, and its connection, to the end.
    void hold(Fd connection);
    void hold(std::unique_ptr<HttpClient> client);

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<std::unique_ptr<HttpClient>>> idle_;
    std::vector<Fd> held_;
    std::vector<std::unique_ptr<HttpClient>> held_clients_;
};

// Each kind of call; see run_call.
CallEnd run_http(const CallPlan& plan, const WorldClock& clock, CallState& state);
CallEnd run_tcp(const CallPlan& plan, const WorldClock& clock, CallState& state);
CallEnd run_dns(const CallPlan& plan, const WorldClock& clock, CallState& state);
CallEnd run_ping(const CallPlan& plan, const WorldClock& clock, CallState& state);
CallEnd run_exec(const CallPlan& plan, const WorldClock& clock);

// What a connect that failed with this errno is called.
std::string connect_outcome(int error_number);

}  // namespace etimedout
