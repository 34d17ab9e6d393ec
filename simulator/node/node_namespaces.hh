// NodeNamespaces: a node's network, mount and UTS namespaces, and threads that are inside them.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include "simulator/base/fd.hh"
#include "simulator/node/root_file_system.hh"

namespace etimedout {

// Unnamed namespaces, which die with their last descriptor and process.
class NodeNamespaces {
public:
    // Fresh namespaces with the root of `plan`. The network has a loopback that is still down.
    // Made on a thread of its own: the caller stays where it is.
    static NodeNamespaces create(const RootFileSystem& root, const NodeRootPlan& plan);

    // Moves the calling thread, and no other, into the node for good; its folder becomes /.
    void enter() const;

    // The network namespace, for netlink (IFLA_NET_NS_FD).
    int network() const { return network_.get(); }

private:
    NodeNamespaces() = default;

    Fd network_{};
    Fd mount_{};
    Fd host_name_{};
};

// Runs `function` on a fresh thread inside the node and hands back its result or exception.
template <class Function>
auto run_in_node(const NodeNamespaces& node, Function&& function)
    -> std::invoke_result_t<Function> {
    using Value = std::invoke_result_t<Function>;
    std::exception_ptr failure;
    const auto guarded = [&](auto&& body) {
        std::thread{[&] {
            try {
                node.enter();
                body();
            } catch (...) {
                failure = std::current_exception();
            }
        }}.join();
        if (failure) std::rethrow_exception(failure);
    };
    if constexpr (std::is_void_v<Value>) {
        guarded([&] { std::invoke(std::forward<Function>(function)); });
    } else {
        std::optional<Value> value;
        guarded([&] { value.emplace(std::invoke(std::forward<Function>(function))); });
        return std::move(*value);
    }
}

// A thread inside a node. The node must live until the thread has entered it, which it has when
// the constructor returns; throws what entering throws. Joined by the destructor. An exception
// that leaves `function` comes out of join(), and ends the program if nobody calls that.
class NodeThread {
public:
    NodeThread(const NodeNamespaces& node, std::function<void()> function);
    NodeThread(NodeThread&&) noexcept = default;
    NodeThread& operator=(NodeThread&&) = delete;
    ~NodeThread();

    // Waits for the end; rethrows.
    void join();

private:
    struct State;
    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace etimedout
