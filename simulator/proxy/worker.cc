// Worker: one thread with an event loop, and what its connections share.
#include "simulator/proxy/worker.hh"

#include <csignal>

#include <sys/prctl.h>
#include <boost/asio/post.hpp>

#include "simulator/proxy/relay.hh"

namespace etimedout {

namespace asio = boost::asio;

Worker::Worker()
    : work_{context_.get_executor()}, thread_{[this] {
          // Signals are for the thread that asked for them; timers fire when they are due.
          sigset_t all;
          ::sigfillset(&all);
          ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
          ::prctl(PR_SET_TIMERSLACK, 1);
          context_.run();
      }} {}

Worker::~Worker() {
    asio::post(context_, [this] {
        const auto relays = std::move(relays_);
        relays_.clear();
        for (const auto& [id, relay] : relays) relay->end(RelayEnd::reset, "stop");
        context_.stop();
    });
    work_.reset();
    thread_.join();
}

}  // namespace etimedout
