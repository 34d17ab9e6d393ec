// Worker: one thread with an event loop, and what its connections share.
#include "simulator/proxy/worker.hh"

#include <algorithm>
#include <csignal>

#include <malloc.h>
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

void Worker::keep(std::uint64_t id, std::shared_ptr<Relay> relay) {
    relays_.emplace(id, std::move(relay));
    most_relays_ = std::max(most_relays_, relays_.size());
}

void Worker::forget(std::uint64_t id) {
    relays_.erase(id);
    constexpr std::size_t worth_it = 256;
    if (most_relays_ < worth_it || relays_.size() > most_relays_ / 8) return;
    // What connections leave behind lies between what still lives: the allocator keeps it unless
    // it is asked.
    relays_.rehash(0);
    ::malloc_trim(0);
    most_relays_ = relays_.size();
}

}  // namespace etimedout
