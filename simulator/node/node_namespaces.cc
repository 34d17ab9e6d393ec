// NodeNamespaces: a node's network, mount and UTS namespaces, and threads that are inside them.
#include "simulator/node/node_namespaces.hh"

#include <cerrno>
#include <future>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "simulator/base/error.hh"

namespace etimedout {

namespace {

Fd own_namespace(const char* kind) {
    // Not /proc/self, which is the process's first thread.
    const std::string path = fmt::format("/proc/thread-self/ns/{}", kind);
    return Fd{checked("open " + path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
}

}  // namespace

NodeNamespaces NodeNamespaces::create(const RootFileSystem& root, const NodeRootPlan& plan) {
    NodeNamespaces node;
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) != 0) {
                throw_errno(fmt::format("make the namespaces of node {}", plan.name), errno);
            }
            root.become_node(plan);
            node.network_ = own_namespace("net");
            node.mount_ = own_namespace("mnt");
            node.host_name_ = own_namespace("uts");
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
    return node;
}

void NodeNamespaces::enter() const {
    // The current folder is shared between threads, and a mount namespace is only for one that
    // has its own: setns(2).
    checked("leave the shared folder", ::unshare(CLONE_FS));
    checked("enter a node's network", ::setns(network_.get(), CLONE_NEWNET));
    checked("enter a node's files", ::setns(mount_.get(), CLONE_NEWNS));
    checked("enter a node's host name", ::setns(host_name_.get(), CLONE_NEWUTS));
    checked("enter a node's root", ::chdir("/"));
}

struct NodeThread::State {
    std::function<void()> function;
    std::promise<void> entered{};
    std::exception_ptr failure{};
};

NodeThread::NodeThread(const NodeNamespaces& node, std::function<void()> function)
    : state_{std::make_shared<State>()} {
    state_->function = std::move(function);
    auto entered = state_->entered.get_future();
    thread_ = std::thread{[state = state_, &node] {
        try {
            node.enter();
        } catch (...) {
            state->entered.set_exception(std::current_exception());
            return;
        }
        state->entered.set_value();  // from here on `node` may be gone
        try {
            state->function();
        } catch (...) {
            state->failure = std::current_exception();
        }
    }};
    try {
        entered.get();
    } catch (...) {
        thread_.join();
        throw;
    }
}

NodeThread::~NodeThread() {
    if (!thread_.joinable()) return;
    thread_.join();
    if (state_->failure) std::terminate();
}

void NodeThread::join() {
    if (thread_.joinable()) thread_.join();
    if (const auto failure = std::exchange(state_->failure, nullptr)) {
        std::rethrow_exception(failure);
    }
}

}  // namespace etimedout
