// Porter: lets a client in when the upstream has answered, and not before. Internal to the engine.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "simulator/proxy/gate.hh"
#include "simulator/proxy/shared_state.hh"

namespace etimedout {

// Through a proxy that accepts first and dials then, a client sees a connection where there is
// none: one that is refused is established and then reset, and one that nobody answers is
// established for good. So the upstream is dialled while the client's SYN is held, and the client
// learns what the proxy did: established, refused, unreachable, or nothing at all.
//
// Lives on the door's worker, and touches nothing else.
class Porter : public std::enable_shared_from_this<Porter> {
public:
    Porter(Worker& worker, std::shared_ptr<ProxyState> proxy, std::shared_ptr<Gate> gate);
    Porter(const Porter&) = delete;
    Porter& operator=(const Porter&) = delete;
    ~Porter();

    void open();
    void close();

    // The connection to the upstream for one that was let in, and where that is; once. Nothing
    // where it has to be dialled yet.
    struct Dialled {
        Fd socket;
        SocketAddress upstream;
    };
    std::optional<Dialled> claim(const SocketAddress& client, const SocketAddress& callee);

private:
    using Socket = boost::asio::posix::stream_descriptor;
    struct Attempt;
    using Key = std::pair<std::string, std::string>;

    void wait();
    void answer(const Knock& knock);
    void begin(const Knock& knock);
    void dial(const std::shared_ptr<Attempt>& attempt);
    void failed(const std::shared_ptr<Attempt>& attempt, int error);
    void be_patient(const std::shared_ptr<Attempt>& attempt);
    void forget(const std::shared_ptr<Attempt>& attempt);

    Worker& worker_;
    std::shared_ptr<ProxyState> proxy_;
    std::shared_ptr<Gate> gate_;
    Socket knocks_;
    std::map<Key, std::shared_ptr<Attempt>> attempts_;
    bool closed_ = false;
};

}  // namespace etimedout
