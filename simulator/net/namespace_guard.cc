// NamespaceGuard: the calling thread works in another network namespace while the guard lives.
#include "simulator/net/namespace_guard.hh"

#include <cstdio>
#include <exception>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "simulator/base/error.hh"
#include "simulator/net/interface.hh"

namespace etimedout {

Fd current_network_namespace() {
    return Fd{checked("open /proc/thread-self/ns/net",
                      ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC))};
}

NamespaceGuard::NamespaceGuard(int network_namespace) : own_{current_network_namespace()} {
    checked("enter a network namespace", ::setns(network_namespace, CLONE_NEWNET));
}

NamespaceGuard::~NamespaceGuard() {
    if (::setns(own_.get(), CLONE_NEWNET) == 0) return;
    // From here on every socket of this thread would be in the wrong network.
    std::perror("etimedout: cannot return to the thread's own network namespace");
    std::terminate();
}

Fd new_network_namespace() {
    // A thread of its own, so that nothing has to be restored when unshare succeeded and the
    // rest did not.
    Fd made;
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            checked("make a network namespace", ::unshare(CLONE_NEWNET));
            made = current_network_namespace();
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
    bring_up_loopback(made.get());
    return made;
}

bool same_namespace(int one, int other) {
    struct stat a {};
    struct stat b {};
    checked("fstat of a network namespace", ::fstat(one, &a));
    checked("fstat of a network namespace", ::fstat(other, &b));
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace etimedout
