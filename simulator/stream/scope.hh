// Scope: owns running coroutines, so that each can be ended and no exception is lost.
#pragma once

#include <exception>
#include <list>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

namespace etimedout {

// All of it runs on the executor's one thread.
class Scope {
public:
    explicit Scope(boost::asio::any_io_executor executor);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // Begins the task; after cancel() it is dropped instead.
    void spawn(boost::asio::awaitable<void> task);
    // Ends every task at the operation it waits for.
    void cancel();
    // What the first task that threw has thrown; null when none did. Having been cancelled is
    // no error.
    std::exception_ptr first_error() const { return first_error_; }

private:
    struct Ended;
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::cancellation_signal> tasks_;
    std::exception_ptr first_error_;
    bool cancelled_ = false;
};

}  // namespace etimedout
