// The insides of CallState: what calls leave for later calls.
#include "harness/call/call_state.hh"

namespace etimedout {

CallState::CallState() : parts_{std::make_unique<Parts>()} {}
CallState::~CallState() = default;

std::unique_ptr<HttpClient> CallState::Parts::take(const std::string& key) {
    const std::lock_guard lock{mutex_};
    auto& idle = idle_[key];
    if (idle.empty()) return std::make_unique<HttpClient>();
    auto client = std::move(idle.back());
    idle.pop_back();
    return client;
}

void CallState::Parts::keep(const std::string& key, std::unique_ptr<HttpClient> client) {
    const std::lock_guard lock{mutex_};
    idle_[key].push_back(std::move(client));
}

void CallState::Parts::hold(Fd connection) {
    const std::lock_guard lock{mutex_};
    held_.push_back(std::move(connection));
}

void CallState::Parts::hold(std::unique_ptr<HttpClient> client) {
    const std::lock_guard lock{mutex_};
    held_clients_.push_back(std::move(client));
}

}  // namespace etimedout
