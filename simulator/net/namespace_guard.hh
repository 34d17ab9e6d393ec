// NamespaceGuard: the calling thread works in another network namespace while the guard lives.
#pragma once

#include "simulator/base/fd.hh"

namespace etimedout {

// For the calling thread only. Sockets, and programs started with posix_spawn, belong to the
// namespace they were made in and stay there.
class NamespaceGuard {
public:
    // Throws Error when the namespace cannot be entered (needs CAP_SYS_ADMIN over it).
    explicit NamespaceGuard(int network_namespace);
    // Returns to the thread's own namespace; a thread that cannot must not go on: terminates.
    ~NamespaceGuard();
    NamespaceGuard(const NamespaceGuard&) = delete;
    NamespaceGuard& operator=(const NamespaceGuard&) = delete;

private:
    Fd own_;
};

// A fresh network namespace with its loopback up. It lives as long as this descriptor, a thread
// in it, or a socket of it. Throws Error where namespaces cannot be made.
Fd new_network_namespace();

// The namespace the calling thread is in.
Fd current_network_namespace();

// Whether both descriptors mean one namespace.
bool same_namespace(int one, int other);

}  // namespace etimedout
