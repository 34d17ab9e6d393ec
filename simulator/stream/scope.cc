// Scope: owns running coroutines, so that each can be ended and no exception is lost.
#include "simulator/stream/scope.hh"

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

namespace etimedout {

namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

struct Scope::Ended {
    Scope* scope;
    std::list<asio::cancellation_signal>::iterator task;

    void operator()(const std::exception_ptr& error) const {
        if (error && !scope->first_error_ && !is_cancellation(error)) scope->first_error_ = error;
        // The signal outlives the task's own completion, which may still refer to its slot.
        asio::post(scope->executor_, Erase{scope, task});
    }
    struct Erase {
        Scope* scope;
        std::list<asio::cancellation_signal>::iterator task;
        void operator()() const { scope->tasks_.erase(task); }
    };
};

Scope::Scope(asio::any_io_executor executor) : executor_{std::move(executor)} {}

void Scope::spawn(asio::awaitable<void> task) {
    if (cancelled_) return;
    const auto signal = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(signal->slot(), Ended{this, signal}));
}

void Scope::cancel() {
    cancelled_ = true;
    for (auto& task : tasks_) task.emit(asio::cancellation_type::terminal);
}

}  // namespace etimedout
