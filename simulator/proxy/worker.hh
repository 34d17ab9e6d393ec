// Worker: one thread with an event loop, and what its connections share. Internal to the engine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "simulator/proxy/pipe_pool.hh"

namespace etimedout {

class Relay;

class Worker {
public:
    Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();  // ends every connection without ceremony

    boost::asio::io_context& context() { return context_; }

    // The rest is for the worker's own thread.
    PipePool& pipes() { return pipes_; }
    // For one read; nothing in it survives the handler.
    std::array<char, 64U << 10U>& scratch() { return scratch_; }
    std::unordered_map<std::uint64_t, std::shared_ptr<Relay>>& relays() { return relays_; }

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    PipePool pipes_;
    std::array<char, 64U << 10U> scratch_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Relay>> relays_;
    std::thread thread_;
};

}  // namespace etimedout
