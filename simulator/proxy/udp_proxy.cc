// A UDP proxy as the engine opens it: its door, and its rules as they change.
#include "simulator/proxy/udp_proxy.hh"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/proxy/door.hh"
#include "simulator/proxy/worker.hh"

namespace etimedout {

namespace asio = boost::asio;

namespace {

using Timer = std::shared_ptr<asio::steady_timer>;

// Rules begin and end at their moments.
void wait_for_window(const std::shared_ptr<ProxyState>& state, const Timer& timer,
                     const std::shared_ptr<UdpDoor>& door) {
    const auto next = state->rules()->next_change(std::chrono::steady_clock::now());
    if (!next) {
        timer->cancel();
        return;
    }
    timer->expires_at(*next);
    timer->async_wait([state, timer, door](const boost::system::error_code& error) {
        if (error) return;
        door->follow_rules();
        wait_for_window(state, timer, door);
    });
}

class UdpProxy final : public RunningProxy {
public:
    UdpProxy(ProxyPlan plan, std::shared_ptr<ProxyState> state, Worker& worker, UdpLookUp look_up)
        : state_{std::move(state)}, worker_{worker} {
        Fd socket = listen_udp(listen_address(plan.listen.empty() ? ":0" : plan.listen));
        door_ = std::make_shared<UdpDoor>(worker_, state_, std::move(socket), std::move(look_up));
        timer_ = std::make_shared<asio::steady_timer>(worker_.context());
        state_->set_rules(std::move(plan.rules));
        asio::post(worker_.context(), [state = state_, timer = timer_, door = door_] {
            door->open();
            wait_for_window(state, timer, door);
        });
    }
    UdpProxy(const UdpProxy&) = delete;
    UdpProxy& operator=(const UdpProxy&) = delete;
    ~UdpProxy() override {
        door_->shut();
        asio::post(worker_.context(), [door = door_, timer = timer_] {
            door->close();
            timer->cancel();
        });
    }

    std::string listen() const override { return door_->address().text(); }

    void set_rules(std::vector<ProxyRule> rules) override {
        state_->set_rules(std::move(rules));
        asio::post(worker_.context(), [state = state_, timer = timer_, door = door_] {
            door->follow_rules();
            wait_for_window(state, timer, door);
        });
    }

    ProxyCounters counters() const override { return state_->counters(); }

private:
    std::shared_ptr<ProxyState> state_;
    Worker& worker_;
    std::shared_ptr<UdpDoor> door_;
    Timer timer_;
};

}  // namespace

std::unique_ptr<RunningProxy> open_udp_proxy(ProxyPlan plan, std::shared_ptr<ProxyState> state,
                                             Worker& worker, UdpLookUp look_up) {
    return std::make_unique<UdpProxy>(std::move(plan), std::move(state), worker,
                                      std::move(look_up));
}

}  // namespace etimedout
